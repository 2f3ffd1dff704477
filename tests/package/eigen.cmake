# Eigen 3.4 and 5 are taken, though their version files don't take a range over both; an older one is refused.
# Needs: build, source.
cmake_minimum_required(VERSION 3.25)
include(CMakePackageConfigHelpers)

foreach(version 3.3.9 3.4.0 3.4.1 5.0.1)
  set(directory ${build}/package_eigen/${version})
  file(WRITE ${directory}/Eigen3Config.cmake "")
  write_basic_package_version_file(${directory}/Eigen3ConfigVersion.cmake VERSION ${version}
    COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
  execute_process(COMMAND ${CMAKE_COMMAND} -D Eigen3_DIR=${directory} -P ${source}/cmake/Eigen.cmake
    RESULT_VARIABLE result ERROR_VARIABLE error)
  string(REGEX REPLACE "[ \n]+" " " error "${error}")  # CMake breaks the lines of its messages
  if(version VERSION_LESS 3.4)
    if(result EQUAL 0 OR NOT error MATCHES "Eigen ${version} .*3.4 or newer is needed")
      message(FATAL_ERROR "Eigen ${version} isn't refused: ${error}")
    endif()
  elseif(NOT result EQUAL 0)
    message(FATAL_ERROR "Eigen ${version} is refused: ${error}")
  endif()
endforeach()
