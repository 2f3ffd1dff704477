#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test.
# Usage: scripts/test.sh [--sanitize]
#   --sanitize   also by Clang, with address and undefined-behaviour sanitizers, warnings as errors
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

workflows=(release)
packages=()
for argument in "$@"; do
  case "$argument" in
    --sanitize) workflows+=(dev) packages+=(clang libclang-rt-dev libomp-dev) ;;
    -h | --help) sed -n '2,4s/^# //p' scripts/test.sh; exit 0 ;;
    *) echo "test.sh: unknown argument '$argument'; known: --sanitize, --help" >&2; exit 2 ;;
  esac
done

scripts/setup.sh "${packages[@]}"

jobs=$(nproc)
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$jobs}
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$jobs}
for workflow in "${workflows[@]}"; do cmake --workflow --preset "$workflow"; done
