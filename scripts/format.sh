#!/usr/bin/env bash
# Formats every C++ file by .clang-format. Debian 12's clang-format 14 decides: others break some lines elsewhere.
# Usage: scripts/format.sh [--check]
#   --check   changes nothing; fails, naming the lines, if something would change
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

options=(-i)
case "${1:-}" in
  "") ;;
  --check) options=(--dry-run -Werror) ;;
  -h | --help) sed -n '2,4s/^# //p' scripts/format.sh; exit 0 ;;
  *) echo "format.sh: unknown argument '$1'; known: --check, --help" >&2; exit 2 ;;
esac

scripts/setup.sh clang-format-14
find include src bench tests -name '*.[ch]pp' -print0 | xargs -0 clang-format-14 "${options[@]}"
