# What the scripts in this folder share. Each is called with the directory of the mains and that of the sources, works
# in a directory of its own that goes away, and fails at the first thing that isn't as it says.
set -euo pipefail

bench=$(realpath "$1")
source_dir=$(realpath "$2")
sweep=$bench/sweep
merge=$bench/merge
work=$(mktemp -d)
trap 'kill -9 $(jobs -p) 2> /dev/null || true; rm -rf "$work"' EXIT
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

# Points that end soon, whatever the build.
tiny=(--set key_dim=8 --set batch=2 --set max_steps=20 --set evaluation_every=20 --set evaluation_sequences=2)

# A sweep of 72 points, in `run`, and its undisturbed results in whole.csv. Fast builds train longer, so that every one
# has a second or more to be disturbed in.
disturbable_sweep() {
  local steps=10 start
  for (( ; ; steps *= 2)); do
    run=("$sweep" capacity --axis S=5:30:5 --axis kernel=elu,dpfp:1,favor:8 --seeds 4 --threads 2 "${tiny[@]:0:4}"
      --set tolerance=0 --set patience=1000000 --set evaluation_sequences=2 --set evaluation_every="$steps"
      --set max_steps="$steps")
    start=$(date +%s%N)
    "${run[@]}" --out whole.csv > /dev/null
    [[ $(($(date +%s%N) - start)) -lt 1000000000 ]] || break
    rm whole.*
  done
}

rows() { tail -n +2 "$1" | wc -l; }
