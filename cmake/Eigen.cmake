# Eigen 3.4 or newer. It is numbered 5 after 3.4, and the version file of either refuses to be asked for both.
find_package(Eigen3 REQUIRED NO_MODULE)
if(Eigen3_VERSION VERSION_LESS 3.4)
  message(FATAL_ERROR "Eigen ${Eigen3_VERSION} in ${Eigen3_DIR} is too old: 3.4 or newer is needed")
endif()
