#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test.
# Usage: scripts/test.sh [--sanitize | --sanitize-quick]
#   --sanitize        also with address and undefined-behaviour sanitizers, warnings as errors
#   --sanitize-quick  the same but for the folders of pure mathematics, which take most of that build
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mathematics='laws|kernel|memory|model|theory'
sanitize=none
for argument in "$@"; do
  case "$argument" in
    --sanitize) sanitize=all ;;
    --sanitize-quick) sanitize=quick ;;
    -h | --help) sed -n '2,5s/^# //p' scripts/test.sh; exit 0 ;;
    *) echo "test.sh: unknown argument '$argument'; known: --sanitize, --sanitize-quick, --help" >&2; exit 2 ;;
  esac
done

scripts/setup.sh

jobs=$(nproc)
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$jobs}
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$jobs}
cmake --workflow --preset release
case "$sanitize" in
  all) cmake --workflow --preset dev ;;
  quick)
    targets=(mains)
    for folder in tests/*/; do
      folder=$(basename "$folder")
      [[ $folder =~ ^($mathematics)$ ]] || ! compgen -G "tests/$folder/*_test.cpp" > /dev/null || targets+=("${folder}_tests")
    done
    cmake --preset dev
    cmake --build --preset dev --target "${targets[@]}"
    ctest --preset dev --label-exclude "^($mathematics)\$" --exclude-regex _NOT_BUILT
    ;;
esac
