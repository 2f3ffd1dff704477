#!/usr/bin/env bash
# Runs the sweep of the quick gates afresh and checks it.
# Usage: quick.sh BENCH_DIRECTORY [--seeds N] [--junit FILE.xml]
set -euo pipefail
bench=$(realpath "$1")
shift
seeds=3 junit=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --seeds) seeds=$2 ;;
    --junit) junit=(--junit "$2") ;;
    *) echo "quick.sh: unknown argument '$1'; known: --seeds N, --junit FILE.xml" >&2; exit 2 ;;
  esac
  shift 2
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$bench/sweep" gates_quick --seeds "$seeds" --out "$work/gates_quick.csv"
"$bench/check" "$work/gates_quick.csv" --tier quick "${junit[@]}"
