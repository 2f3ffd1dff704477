# Installs the build into an empty directory and moves it; then configures, builds and runs an outside project against it,
# and runs the programs from it. Needs: build, source, config, generator, compiler.
cmake_minimum_required(VERSION 3.25)

set(work ${build}/package_test)
file(REMOVE_RECURSE ${work})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${build} --config ${config} --prefix ${work}/first)
file(RENAME ${work}/first ${work}/prefix)
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${work}/consumer -G ${generator}
  -D CMAKE_BUILD_TYPE=${config} -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_PREFIX_PATH=${work}/prefix)
run(${CMAKE_COMMAND} --build ${work}/consumer --config ${config})
run(${work}/consumer/consumer)

if(NOT EXISTS ${build}/bench/sweep)  # built without mains
  return()
endif()

# The output of a program, which may find that gates are red.
function(output_of variable program)
  execute_process(COMMAND ${program} ${ARGN} WORKING_DIRECTORY ${work}
    OUTPUT_VARIABLE output ERROR_VARIABLE error RESULT_VARIABLE result)
  if(NOT result MATCHES "^[01]$" OR error)
    message(FATAL_ERROR "${program} ${ARGN}: exit ${result}\n${error}")
  endif()
  set(${variable} "${output}" PARENT_SCOPE)
endfunction()

function(expect_same arguments installed built)
  if(NOT installed STREQUAL built OR installed STREQUAL "")
    message(FATAL_ERROR "installed, ${arguments} prints\n${installed}\nand in the build tree\n${built}")
  endif()
endfunction()

function(expect_in text part)
  string(FIND "${text}" "${part}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "'${part}' isn't in\n${text}")
  endif()
endfunction()

set(bin ${work}/prefix/bin)
set(share ${work}/prefix/share/palimpsest)
foreach(main sweep capacity check compare features merge trace)
  output_of(help ${bin}/palimpsest-${main} --help)
endforeach()
set(check_capacity ${source}/results/capacity/capacity.csv --tier full)

# The same sweeps and gates as in the source tree …
output_of(installed ${bin}/palimpsest-sweep capacity --list)
output_of(built ${build}/bench/sweep capacity --list)
expect_same("sweep capacity --list" "${installed}" "${built}")
output_of(installed ${bin}/palimpsest-check ${check_capacity})
output_of(built ${build}/bench/check ${check_capacity})
expect_same("check" "${installed}" "${built}")

# … but read from beside the program, as --help says.
output_of(help ${bin}/palimpsest-sweep --help)
expect_in("${help}" ${share}/sweeps)
output_of(help ${bin}/palimpsest-check --help)
expect_in("${help}" ${share}/gates.toml)
file(RENAME ${share}/sweeps/capacity.toml ${share}/sweeps/only_here.toml)
output_of(installed ${bin}/palimpsest-sweep only_here --list)
file(READ ${share}/gates.toml gates)
string(REPLACE "name = \"" "name = \"only here, " gates "${gates}")
file(WRITE ${share}/gates.toml "${gates}")
output_of(installed ${bin}/palimpsest-check ${check_capacity})
expect_in("${installed}" "only here, ")
