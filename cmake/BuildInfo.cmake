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
      -D "flags=${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${type}} $<JOIN:$<TARGET_PROPERTY:palimpsest_training,COMPILE_OPTIONS>, >"
      -P ${CMAKE_CURRENT_LIST_FILE}
    BYPRODUCTS ${header}
    VERBATIM)
  add_dependencies(palimpsest_training palimpsest_build_info)
  target_include_directories(palimpsest_training PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/build_info)
  return()
endif()

# That of the repository whose top the sources are, never of one around them; of an archive the one that git wrote here.
set(revision unknown)
set(archived "$Format:%H$")
if(archived MATCHES "^[0-9a-f]+$")
  string(SUBSTRING ${archived} 0 12 revision)
endif()
execute_process(COMMAND git -C ${source} rev-parse --show-toplevel
  OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
file(REAL_PATH ${source} real_source)
if(top STREQUAL real_source)
  execute_process(COMMAND git -C ${source} describe --always --dirty --abbrev=12
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(described)
    set(revision ${described})
  endif()
endif()
string(STRIP "${flags}" flags)
set(text "#pragma once\n")
foreach(name version revision compiler flags)
  string(TOUPPER ${name} macro)
  string(APPEND text "#define PALIMPSEST_${macro} R\"(${${name}})\"\n")
endforeach()
file(CONFIGURE OUTPUT ${header} CONTENT "${text}" @ONLY)
