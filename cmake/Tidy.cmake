# `cmake --build --preset tidy`: clang-tidy over every source that is compiled. Never part of the default build.
find_program(RUN_CLANG_TIDY NAMES run-clang-tidy run-clang-tidy-14)
mark_as_advanced(RUN_CLANG_TIDY)
if(RUN_CLANG_TIDY)
  add_custom_target(tidy
    COMMAND ${RUN_CLANG_TIDY} -quiet -p ${PROJECT_BINARY_DIR} "^${PROJECT_SOURCE_DIR}/(src|bench|tests)/"
    USES_TERMINAL VERBATIM)
endif()
