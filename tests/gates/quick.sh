#!/usr/bin/env bash
# Runs the sweeps of the quick gates afresh, of pairs and of tokens, and of state tracking, and checks them.
# Usage: quick.sh BENCH_DIRECTORY [--tiers "TIER…"] [--seeds N] [--junit FILE.xml]
# Gates of tokens go to FILE.mqar_quick.xml and FILE.state_tracking.xml.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/measure.bash"
bench=$(realpath "$1")
shift
tiers="quick mqar_quick state_tracking" seeds=3 junit=
while [[ $# -gt 0 ]]; do
  case "$1" in
    --tiers) tiers=$2 ;;
    --seeds) seeds=$2 ;;
    --junit) junit=$2 ;;
    *) echo "quick.sh: unknown argument '$1'; known: --tiers "TIER…", --seeds N, --junit FILE.xml" >&2; exit 2 ;;
  esac
  shift 2
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
red=0
for tier in $tiers; do
  arguments=(--tier "$tier")
  [[ -z $junit ]] || arguments+=(--junit "$([[ $tier == quick ]] && echo "$junit" || echo "${junit%.xml}.$tier.xml")")
  measure "$bench/sweep" "$bench/capacity" "$tier" "$work/$tier" --seeds "$seeds"
  "$bench/check" "$measured" "${arguments[@]}" || red=1
done
exit $red
