#!/usr/bin/env bash
# Tasks of tokens from the command line: what is asked of the program, the same bytes however it is run, slices, bad input.
source "$(dirname "$0")/common.bash"

printf 'description = "mine"\n[baseline]\n' > my.toml
model=(--set layers=2 --set width=16 --set conv=4 --set memory=fast_weight
  --set kernel=silu_l2 --set rule=delta --set normalization=none --set learning_rate=0.01)
short=(--set batch=8 --set max_steps=20 --set evaluation_every=10 --set evaluation_sequences=16)
whole=(--set vocabulary=64 --set length=24 --set fill=zero --set heads=1 "${model[@]}")
run=("$sweep" my.toml --set task=mqar --set pairs=4 --set model=sequence "${whole[@]}" "${short[@]}" --set target_accuracy=0.99)

"${run[@]}" --seeds 1 --threads 1 --out one.csv > /dev/null
value() { /usr/bin/python3 -c 'import csv, sys; print(next(csv.DictReader(open(sys.argv[1])))[sys.argv[2]])' "$1" "$2"; }
[[ $(value one.csv key_dim) == 16 && $(value one.csv length) == 24 && $(value one.csv status) == ok ]] || fail "$(cat one.csv)"
[[ $(value one.csv schedule) == cosine ]] || fail "not the protocol of tasks of tokens"
for threads in 2 4; do
  "${run[@]}" --seeds 1 --threads "$threads" --out threads.csv > /dev/null
  cmp one.csv threads.csv || fail "$threads threads on one point give other results"
  rm threads.*
done
"${run[@]}" --seeds 3 --threads 2 --out whole.csv > /dev/null
for i in 1 2; do "${run[@]}" --seeds 3 --shard "$i/2" --out "part$i.csv" > /dev/null; done
"$merge" part1.csv part2.csv --out merged.csv > /dev/null
cmp merged.csv whole.csv || fail "the merged results differ"
"$sweep" --from whole.provenance.toml --out again.csv > /dev/null
cmp again.csv whole.csv || fail "its provenance gives other results"
[[ ! -e whole.slices.csv ]] || fail "there is nothing to slice"
"${run[@]}" --set train_pairs='2 4' --set test_pairs='2 4 5' --seeds 1 --out mixed.csv > /dev/null
[[ $(rows mixed.slices.csv) -eq 3 ]] || fail "slices: $(cat mixed.slices.csv)"
"$sweep" mqar --list | grep '^mqar: ' > /dev/null || fail "the declared sweep"

# With what it sets in place of the same above.
bad() {
  local arguments=()
  for word in "${run[@]}"; do
    if [[ $word == "${3%%=*}"=* ]]; then word=$3; fi
    arguments+=("$word")
  done
  [[ " ${arguments[*]} " == *" $3 "* ]] || arguments+=("${@:2}")
  expect_error 2 "$1" "${arguments[@]}" --out new.csv
}
bad "length = 10" --set length=10
bad "length = 25" --set length=25
bad "vocabulary" --set vocabulary=8
bad "heads = 3: must divide the width, 16" --set heads=3
bad "unknown model 'table'; known: sequence" --set model=table
bad "reassigned applies to no point" --set reassigned=0.5
bad "S applies to no point" --set S=20
bad "train_pairs '4 2'" --set train_pairs='4 2'
bad "fill" --set fill=noise
expect_error 2 "pairs applies to no point" "$sweep" capacity --set pairs=4 --out new.csv
declared() { printf '%b' "$1" > bad.toml; expect_error 2 "$2" "$sweep" bad.toml --out new.csv; }
declared "[search]\naxis = 'fill'\nfirst = 1\nlargest = 4\n" "axis 'fill'"
declared "[baseline]\ntask = 'mqar'\nmodel = 'sequence'\n[search]\naxis = 'S'\nfirst = 1\nlargest = 4\n" "S"
declared "[search]\nbest_of = 'kernel'\nfirst = 1\nlargest = 4\n" "best_of = 'kernel'"
