#!/usr/bin/env bash
# The card of a memory: builds, runs the quick forms of the sweeps for it within the time given, and writes one page.
# Usage: scripts/card.sh --rule NAME [--kernel NAME] [--normalization NAME] [--hours H] [--only A,B] [--threads N] [--out DIR]
#        scripts/card.sh --memory softmax|window:w [--hours H] [--threads N] [--out DIR]
#        scripts/card.sh --baselines drawn|all [--hours H] [--threads N]
#   --rule, --kernel, --normalization  the memory (defaults: sum, elu, sum); `build/release/bench/sweep capacity --list` has them all
#   --memory NAME   another memory than a fast weight one
#   --baselines     the same for the memories of bench/card.toml, those that figures show or all, into results/card
#   --hours H       what doesn't fit into them isn't run, and the page says so (default: 1)
#   --only A,B      only these of the sections of plots/sections.py, and no gates
#   --threads N     points trained at a time (default: the sweep's own)
#   --out DIR       where files and DIR/card.html go (default: results/run/card/NAME); the same command goes on there
# Ctrl-C keeps what is done, and makes the page of it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case " $* " in
  *" --help "* | *" -h "*) sed -n '2,13s/^# //p' "$root/scripts/card.sh"; exit 0 ;;
esac
start=$PWD
cd "$root"
scripts/setup.sh
if [[ -z ${PALIMPSEST_PROGRAMS:-} ]]; then  # where they are built already
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  if ! { cmake --preset release && cmake --build --preset release --target sweep capacity trace check --parallel "$(nproc)"; } > "$log" 2>&1
  then
    cat "$log" >&2
    exit 1
  fi
  rm -f "$log"
fi
exec /usr/bin/python3 scripts/card.py --start "$start" "$@"
