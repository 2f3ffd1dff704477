# Writes palimpsest_build_info.hpp at each build (but only when it changes): what the provenance of results says of the
# program. Included by src/CMakeLists.txt, and run as a script by the target that it makes.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(header ${CMAKE_CURRENT_BINARY_DIR}/build_info/palimpsest_build_info.hpp)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
  add_custom_target(palimpsest_build_info
    COMMAND ${CMAKE_COMMAND}
      -D header=${header}
      -D source=${PROJECT_SOURCE_DIR}
      -D version=${PROJECT_VERSION}
      -D "compiler=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
      -D "flags=${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${type}} $<JOIN:$<TARGET_PROPERTY:palimpsest,COMPILE_OPTIONS>, >"
      -P ${CMAKE_CURRENT_LIST_FILE}
    BYPRODUCTS ${header}
    VERBATIM)
  add_dependencies(palimpsest palimpsest_build_info)
  target_include_directories(palimpsest PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/build_info)
  return()
endif()

execute_process(COMMAND git -C ${source} describe --always --dirty --abbrev=12
  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT revision)
  set(revision unknown)
endif()
string(STRIP "${flags}" flags)
set(text "#pragma once\n")
foreach(name version revision compiler flags)
  string(TOUPPER ${name} macro)
  string(APPEND text "#define PALIMPSEST_${macro} R\"(${${name}})\"\n")
endforeach()
file(CONFIGURE OUTPUT ${header} CONTENT "${text}" @ONLY)
