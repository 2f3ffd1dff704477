# What the scripts in this folder share. Each is called with the directory of the mains and that of the sources, works
# in a directory of its own that goes away, and fails at the first thing that isn't as it says.
set -euo pipefail

bench=$(realpath "$1")
source_dir=$(realpath "$2")
sweep=$bench/sweep
merge=$bench/merge
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# expect_error STATUS TEXT COMMAND…: it exits with STATUS, prints nothing, and says one line on stderr that holds TEXT.
expect_error() {
  local status=$1 text=$2 got=0
  shift 2
  "$@" > stdout.txt 2> stderr.txt || got=$?
  [[ $got -eq $status ]] || fail "exit $got, not $status: $* ($(cat stderr.txt))"
  [[ ! -s stdout.txt ]] || fail "it printed something: $*"
  [[ $(wc -l < stderr.txt) -eq 1 ]] || fail "not one line: $*: $(cat stderr.txt)"
  grep -qF -- "$text" stderr.txt || fail "'$text' is not in the error of $*: $(cat stderr.txt)"
}

rows() { tail -n +2 "$1" | wc -l; }
