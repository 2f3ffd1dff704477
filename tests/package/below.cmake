# A project around this one, with targets of the same names: it configures, compiles against the library, and installs
# nothing of ours. Needs: build, source, generator, compiler.
cmake_minimum_required(VERSION 3.25)

set(work ${build}/package_below)
file(REMOVE_RECURSE ${work})
unset(ENV{CMAKE_BUILD_TYPE})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/below -B ${work}/around -G ${generator}
  -D CMAKE_CXX_COMPILER=${compiler} -D palimpsest=${source})
load_cache(${work}/around READ_WITH_PREFIX around_ CMAKE_BUILD_TYPE)
if(around_CMAKE_BUILD_TYPE)
  message(FATAL_ERROR "the build type '${around_CMAKE_BUILD_TYPE}' was chosen for the project around")
endif()
if(generator STREQUAL "Ninja")  # others can't compile one file without the library
  run(${CMAKE_COMMAND} --build ${work}/around --target CMakeFiles/around.dir/around.cpp.o)
endif()

run(${CMAKE_COMMAND} --install ${work}/around --prefix ${work}/prefix)
file(GLOB_RECURSE installed RELATIVE ${work}/prefix ${work}/prefix/*)
if(NOT installed STREQUAL "share/around/around.cpp")
  message(FATAL_ERROR "installed beside the project around: ${installed}")
endif()
