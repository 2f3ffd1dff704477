# scripts/card.sh: what fits into the time is run and the rest listed, the same command goes on, Ctrl-C keeps what is done, and
# bad input is one line and no page.
. "$(dirname "$0")/common.bash"
export PALIMPSEST_PROGRAMS=$bench

card() { "$source_dir/scripts/card.sh" --threads 1 "$@"; }
state() { sed -n "/^\[section.$2\]/,/^\$/s/^state = \"\(.*\)\"/\1/p" "$1/card.toml"; }

# A minute doesn't hold the search of a sequence model, but the grids.
card --rule delta --hours 0.012 --out one > said.txt
grep '^  capacity  *[0-9]*:[0-9][0-9]  ' said.txt > /dev/null || fail "no time was predicted: $(cat said.txt)"
grep -E '^[0-9]+/[0-9]+ capacity: at most 0:[0-9]+, 0:[0-9]+ left' said.txt > /dev/null || fail "no time left: $(cat said.txt)"
[[ $(state one capacity) == done && $(rows one/capacity.csv) -eq 3 ]] || fail "capacity isn't done: $(cat one/card.toml)"
[[ $(state one rewritten) == done && $(rows one/rewritten.csv) -gt 20 ]] || fail "no trace"
[[ $(state one mqar) == "not run" && ! -e one/mqar.csv ]] || fail "mqar would have taken minutes"
grep '<section id="mqar" data-state="not run">' one/card.html > /dev/null || fail "the page doesn't say so"
grep -F 'ELU+1, delta, sum' one/card.html > /dev/null || fail "the page doesn't name the memory"

# The same command trains nothing again, and the same points alone and among others are the same to the byte.
cp one/capacity.csv before.csv
card --rule delta --hours 0.012 --out one > said.txt
cmp before.csv one/capacity.csv || fail "the same command made other rows"
[[ $(grep -c '^\[\[run\]\]' one/capacity.provenance.toml) -eq 1 ]] || fail "it ran again"
"$sweep" one/sweeps/capacity.toml --axis kernel=elu,dpfp:1 --out more.csv > /dev/null
grep -F -f <(tail -n +2 before.csv) more.csv | cmp - <(tail -n +2 before.csv) || fail "among others a point has another row"

# Ctrl-C at the first section that takes a while.
set -m  # a job has a process group, as at a terminal
card --rule delta --hours 1 --out stopped > said.txt 2>&1 &
set +m
for (( i = 0; i < 600; ++i )); do grep '^1/' said.txt > /dev/null && break; sleep 0.1; done
sleep 1
kill -INT -- "-$!"
status=0
wait $! || status=$?
[[ $status -eq 130 ]] || fail "exit $status after Ctrl-C: $(cat said.txt)"
[[ $(state stopped memories) == unfinished ]] || fail "it isn't called unfinished: $(cat stopped/card.toml)"
[[ -e stopped/memories.csv ]] || fail "nothing was kept"

expect_error 2 "known: sum, delta" card --rule delat --out none
expect_error 2 "known: identity, elu" card --rule delta --kernel elo --out none
expect_error 2 "give the memory" card --out none
expect_error 2 "has no rule" card --memory softmax --rule delta --out none
expect_error 2 "--hours 0: a number above 0" card --rule delta --hours 0 --out none
expect_error 2 "holds the card of another memory" card --rule decay --out one
expect_error 2 "it takes no --rule" card --baselines drawn --rule delta
[[ ! -e none ]] || fail "something was written for a memory that isn't there"
