# scripts/card.sh: what fits into the time is run and the rest listed, the same command goes on, Ctrl-C keeps what is done, and
# bad input is one line and no page.
. "$(dirname "$0")/common.bash"
export PALIMPSEST_PROGRAMS=$bench

card() { "$source_dir/scripts/card.sh" --threads 1 "$@"; }
state() { sed -n "/^\[section.$2\]/,/^\$/s/^state = \"\(.*\)\"/\1/p" "$1/card.toml"; }

card --rule delta --only capacity --out one > said.txt
grep '^  capacity  *[0-9]*:[0-9][0-9]  ' said.txt > /dev/null || fail "no time was predicted: $(cat said.txt)"
grep -E '^1/1 capacity: at most [0-9:]+, (1:00:00|59:[0-9]+) left' said.txt > /dev/null || fail "no time left: $(cat said.txt)"
[[ $(state one capacity) == done && $(rows one/capacity.csv) -eq 3 ]] || fail "capacity isn't done: $(cat one/card.toml)"
grep -F '<h1>ELU+1, delta, sum</h1>' one/card.html > /dev/null || fail "the page doesn't name the memory"

# It goes on, trains nothing again, and lists what doesn't fit.
cp one/capacity.csv before.csv
card --rule delta --only capacity,mqar --hours 0.0001 --out one > said.txt
cmp before.csv one/capacity.csv || fail "the same command made other rows"
[[ $(grep -c '^\[\[run\]\]' one/capacity.provenance.toml) -eq 1 ]] || fail "it ran again"
[[ $(state one capacity) == done && $(state one mqar) == "not run" && ! -e one/mqar.csv ]] || fail "$(cat one/card.toml)"
grep '<section id="mqar" data-state="not run">' one/card.html > /dev/null || fail "the page doesn't say what wasn't run"

# A memory has the same rows alone and among others.
"$sweep" one/sweeps/capacity.toml --axis kernel=elu,relu2 --out more.csv > /dev/null
[[ $(grep -cxF -f <(tail -n +2 before.csv) more.csv) -eq 3 ]] || fail "among others a point has another row"

# Ctrl-C at the first section.
set -m  # a job has a process group, as at a terminal
card --rule delta --only memories,capacity --out stopped > said.txt 2>&1 &
set +m
for (( i = 0; i < 1200; ++i )); do grep '^1/' said.txt > /dev/null && [[ -e stopped/memories.csv ]] && break; sleep 0.1; done
kill -INT -- "-$!"
status=0
wait $! || status=$?
[[ $status -eq 130 ]] || fail "exit $status after Ctrl-C: $(cat said.txt)"
[[ $(state stopped memories) == unfinished && ! -e stopped/capacity.csv ]] || fail "$(cat stopped/card.toml)"

expect_error 2 "known: sum, delta" card --rule delat --out none
expect_error 2 "known: identity, elu" card --rule delta --kernel elo --out none
expect_error 2 "give the memory" card --out none
expect_error 2 "has no rule" card --memory softmax --rule delta --out none
expect_error 2 "--hours 0: a number above 0" card --rule delta --hours 0 --out none
expect_error 2 "--only 'mqra': known: memories, capacity" card --rule delta --only mqra --out none
expect_error 2 "holds the card of another memory" card --rule decay --out one
expect_error 2 "it takes no --rule" card --baselines drawn --rule delta
[[ ! -e none ]] || fail "something was written for a memory that isn't there"
