# Without a build type it is Release, and that is said; one that is given stays, in silence.
# Needs: build, source, generator, compiler.
cmake_minimum_required(VERSION 3.25)

set(work ${build}/package_build_type)
file(REMOVE_RECURSE ${work})
unset(ENV{CMAKE_BUILD_TYPE})

function(configure_as expected note)
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${source} -B ${work} -G ${generator} -D CMAKE_CXX_COMPILER=${compiler}
    -D PALIMPSEST_BENCH=OFF -D PALIMPSEST_TESTS=OFF ${ARGN} OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
  load_cache(${work} READ_WITH_PREFIX found_ CMAKE_BUILD_TYPE)
  string(FIND "${output}" "No build type given: Release" at)
  if(at EQUAL -1)
    set(noted NO)
  else()
    set(noted YES)
  endif()
  if(NOT found_CMAKE_BUILD_TYPE STREQUAL expected OR NOT noted STREQUAL note)
    message(FATAL_ERROR "given '${ARGN}': build type '${found_CMAKE_BUILD_TYPE}', noted: ${noted}; expected "
      "${expected}, ${note}\n${output}")
  endif()
endfunction()

configure_as(Release YES)
configure_as(Debug NO -D CMAKE_BUILD_TYPE=Debug)
