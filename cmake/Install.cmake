include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/palimpsest)

install(
  TARGETS palimpsest palimpsest_training palimpsest_analysis palimpsest_double_precision palimpsest_traces
          palimpsest_subwords
  EXPORT palimpsestTargets FILE_SET HEADERS)
install(EXPORT palimpsestTargets NAMESPACE palimpsest:: DESTINATION ${package_dir})
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/palimpsestConfig.cmake.in ${PROJECT_BINARY_DIR}/palimpsestConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/palimpsestConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES ${PROJECT_BINARY_DIR}/palimpsestConfig.cmake ${PROJECT_BINARY_DIR}/palimpsestConfigVersion.cmake
        ${PROJECT_SOURCE_DIR}/cmake/FindRandom123.cmake
  DESTINATION ${package_dir})
