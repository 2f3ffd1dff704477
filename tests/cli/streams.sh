#!/usr/bin/env bash
# Files that are no regular ones are written through, a stream that takes nothing is an error of every program, and the
# recorded command line runs again.
source "$(dirname "$0")/common.bash"
capacity=$bench/capacity check=$bench/check compare=$bench/compare features=$bench/features trace=$bench/trace

"$sweep" capacity --axis S=5,10 --axis kernel=elu "${tiny[@]}" --out a.csv > /dev/null
cp a.csv b.csv
cat > gates.toml << 'END'
[[gate]]
name = "any"
tier = "quick"
select = { kernel = "elu" }
metric = "final_loss"
max = 100
reason = "any loss will do"
END
# Each writes the file that is its last word.
writers=("$capacity a.csv --out" "$check a.csv --gates gates.toml --junit" "$trace --T 20 --out" "$features --out")

for writer in "${writers[@]}"; do
  $writer plain > said.txt
  mkfifo pipe
  cat pipe > piped &
  $writer pipe > /dev/null
  wait $!
  [[ -p pipe ]] || fail "$writer replaced a pipe"
  cmp plain piped || fail "$writer: the reader of a pipe got something else"
  ln -s real link
  ln -s link link_of_link
  $writer link_of_link > /dev/null
  [[ -L link && -L link_of_link ]] || fail "$writer replaced a link"
  cmp plain real || fail "$writer through a dangling link"
  echo old > real
  $writer link > /dev/null
  cmp plain real || fail "$writer through a link"
  $writer /dev/stdout > out
  cmp plain out || fail "$writer to stdout, a file"
  $writer /dev/stdout | cmp plain || fail "$writer to stdout, a pipe"
  $writer /dev/null > said_again.txt
  cmp -s said.txt said_again.txt || [[ $writer == *trace* || $writer == *features* ]] || fail "$writer to /dev/null"
  expect_error 1 "cannot write '/dev/full': No space left on device" $writer /dev/full
  expect_error 1 "Is a directory" $writer "$work"
  rm pipe link link_of_link real
done

"$sweep" --from a.provenance.toml --out part.csv > /dev/null
ln -s whole_real.csv whole.csv
"$merge" part.csv --out whole.csv > /dev/null
[[ -L whole.csv ]] && cmp whole_real.csv a.csv || fail "merge through a dangling link"

# A full stdout.
speakers=("$sweep capacity --list" "$sweep --schema" "$sweep --help" "$sweep --from a.provenance.toml --out a.csv"
  "$capacity a.csv" "$capacity --schema" "$check a.csv --gates gates.toml" "$compare a.csv b.csv"
  "$merge part.csv --out whole.csv" "$trace --schema" "$trace --T 20 --out t.csv"
  "$features --schema" "$features --out f.csv")
for speaker in "${speakers[@]}"; do
  $speaker > /dev/null || fail "$speaker"
  status=0
  $speaker > /dev/full 2> stderr.txt || status=$?
  [[ $status -eq 1 ]] || fail "exit $status with a full stdout: $speaker"
  grep -q ': cannot write to stdout: No space left on device$' stderr.txt || fail "$speaker: $(cat stderr.txt)"
  [[ $(wc -l < stderr.txt) -eq 1 ]] || fail "more than one line: $(cat stderr.txt)"
  status=0
  $speaker >&- 2> stderr.txt || status=$?
  [[ $status -eq 1 ]] || fail "exit $status with a closed stdout: $speaker"
done
cmp a.csv b.csv || fail "a closed stdout is not the results file"
status=0
"$capacity" nope.csv 2> /dev/full || status=$?
[[ $status -eq 2 ]] || fail "exit $status with a full stderr"
status=0
"$sweep" a.toml --axis S=x > /dev/null 2>&1 || status=$?
[[ $status -eq 2 ]] || fail "wrong use is 2"
# A reader that leaves doesn't end the work.
{ "$sweep" capacity --axis S=5 --axis kernel=elu "${tiny[@]}" --out left.csv || true; } | true
[[ $(rows left.csv) -eq 1 ]] || fail "a reader that left ended the sweep"

# The same table of another tool is the same table, and a sweep goes on in it.
/usr/bin/python3 - << 'END'
import csv
rows = list(csv.reader(open("a.csv", newline="")))
head = rows[0]
for row in rows[1:]:
    for i, name in enumerate(head):
        if name in ("S", "L", "seed", "feature_dim", "batch"):
            row[i] += ".0"
        if name == "replacement":
            row[i] = row[i].capitalize()
        if name == "tolerance":
            row[i] = "1e-3"
with open("other.csv", "w", newline="", encoding="utf-8-sig") as file:
    csv.writer(file).writerows([*rows, [""] * len(head)])  # with carriage returns
END
cmp -s a.csv other.csv && fail "it was not written otherwise"
"$compare" a.csv other.csv --fail-on-difference | tail -1 | grep -q '^2 points in both, 0 differ' || fail "compare"
cmp <("$capacity" a.csv --out /dev/stdout) <("$capacity" other.csv --out /dev/stdout) || fail "capacity"
"$check" other.csv --gates gates.toml > /dev/null || fail "check"
cp a.provenance.toml other.provenance.toml
cp a.timings.csv other.timings.csv
cp other.csv foreign.csv
"$merge" foreign.csv --out merged.csv > /dev/null 2>&1 && fail "a file without its record"
cp a.provenance.toml foreign.provenance.toml
"$merge" foreign.csv --out merged.csv > /dev/null
cmp a.csv merged.csv || fail "merge"
"$sweep" --from a.provenance.toml --out other.csv | grep -q '^2 points' || fail "continued"
cmp a.csv other.csv || fail "a sweep puts the file into its own form"

# A command line of any bytes is one line of TOML, and runs again.
odd=$'my $HOME sweep\'s "1"\n\xff.toml'
printf '[baseline]\nS = 5\nL = 5\nkey_dim = 8\nbatch = 2\nmax_steps = 20\nevaluation_every = 20\nevaluation_sequences = 2\n' > "$odd"
mkdir first again
"$sweep" "$odd" --axis seed=1,2 --out 'first/o $x.csv' > /dev/null
/usr/bin/python3 - "first/o \$x.provenance.toml" > command.txt << 'END'
import sys, tomllib
print(tomllib.load(open(sys.argv[1], "rb"))["run"][0]["command"])
END
mv first/* again/
bash -c "$(cat command.txt)" > /dev/null
cmp 'first/o $x.csv' 'again/o $x.csv' || fail "the recorded command gives something else: $(cat command.txt)"
