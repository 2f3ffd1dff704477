#!/usr/bin/env bash
# The trace: the same file for the same command, a model kept by the sweep, and bad input that changes nothing.
source "$(dirname "$0")/common.bash"
trace=$bench/trace

"$trace" --T 50 --values distinct --out deep/a.csv > out.txt
[[ $(cat out.txt) == "50 rows; deep/a.csv" ]] || fail "one summary line: $(cat out.txt)"
[[ $(rows deep/a.csv) -eq 50 ]] || fail "a row a write"
"$trace" --T 50 --values distinct --out b.csv > /dev/null
cmp deep/a.csv b.csv || fail "the same command gives the same bytes"
"$trace" --T 100000 --rows 20 --precision float --out long.csv > /dev/null
[[ $(rows long.csv) -le 20 && $(tail -1 long.csv | cut -d, -f11) == 100000 ]] || fail "log-spaced rows end at T"
for precision in bfloat16 float16; do
  "$trace" --T 500 --precision $precision --rule sum --out $precision.csv > /dev/null
  [[ $(rows $precision.csv) -eq 500 && $(tail -1 $precision.csv | cut -d, -f9) == "$precision" ]] || fail "$precision"
done
cmp -s bfloat16.csv float16.csv && fail "two precisions, one trace"
"$trace" --T 20 --rule momentum_delta --gate theta=0.5 --gate eta=0.9 --alpha 1 --normalization l2 --out momentum.csv > /dev/null
[[ $(tail -1 momentum.csv) == *,"theta=0.5 eta=0.9" ]] || fail "gates by name: $(tail -1 momentum.csv)"
"$trace" --help | grep -qF 'float, double, bfloat16, float16' || fail "--help names the precisions"
"$trace" --help | grep -qF 'trace --kernel dpfp:1' || fail "--help has examples"
"$trace" --schema | cut -d'`' -f2 | tail -n +3 | paste -sd, > columns.txt
[[ $(cat columns.txt) == "$(head -1 b.csv)" ]] || fail "--schema lists the columns"
while IFS= read -r line; do
  grep -qF -- "$line" "$source_dir/results/README.md" || fail "results/README.md lacks: $line"
done < <("$trace" --schema)

"$sweep" capacity --axis S=5 --axis kernel=elu --set replacement=true --set L=2S --set rule=delta "${tiny[@]}" \
  --save-model models --save-episodes episodes --out trained.csv > /dev/null
"$trace" --model models/* --T 30 --out trained_trace.csv > /dev/null
[[ $(rows trained_trace.csv) -eq 30 ]] || fail "the trace of a model"
[[ -s $(echo episodes/*/000_coefficients.npy) ]] || fail "coefficients are saved"

# The committed traces are still those of their commands: streams are the same on every machine, features to rounding.
committed=$source_dir/results/traces
"$trace" --kernel dpfp:1 --normalization l2 --keys 100 --T 100000 --rows 60 --out many_l2.csv > /dev/null
cmp <(cut -d, -f1-13 many_l2.csv) <(cut -d, -f1-13 "$committed/many_l2.csv") || fail "make results/traces anew"

cp b.csv before.csv
bad() { expect_error 2 "$1" "$trace" "${@:2}" --out b.csv; }
bad "T = 0" --T 0
bad "beta = 1.5" --beta 1.5
bad "theta = 2: allowed is a number from 0 to 1" --rule momentum_delta --gate theta=2
bad "rule 'delta' has no gate 'theta'; known: beta" --gate theta=1
bad "gate 'beta' is given twice" --gate beta=1 --beta 0.5
bad "--gate beta is not NAME=VALUE" --gate beta
bad "seed '-1': allowed is an integer from 0 to 9223372036854775807" --seed=-1
bad "seed '18446744073709551616'" --seed 18446744073709551616
bad "seed '0x1'" --seed 0x1
bad "unknown precision 'half'; known: float, double, bfloat16, float16" --precision half
bad "unknown rule 'nope'; known: sum, delta" --rule nope
bad "unknown kernel 'nope'; known: identity" --kernel nope
bad "unknown normalization 'nope'; known: none" --normalization nope
bad "--model excludes --keys" --model models/* --keys 3
bad "no such directory" --model nowhere
bad "--wites" --wites 3
bad "T" --T many
cmp b.csv before.csv || fail "bad input leaves the file as it was"
expect_error 2 "--out" "$trace" --T 3
expect_error 1 "text.csv" bash -c "echo x > text.csv; exec $trace --T 3 --out text.csv/new.csv"
