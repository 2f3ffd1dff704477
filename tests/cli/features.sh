#!/usr/bin/env bash
# The table of ELU+1 in few bits: the values that are committed, the columns that are documented, and wrong use.
source "$(dirname "$0")/common.bash"
features=$bench/features

"$features" --out deep/features.csv > out.txt
[[ $(cat out.txt) == "579 rows; deep/features.csv" ]] || fail "one summary line: $(cat out.txt)"
grep -q '^bfloat16,-6,[0-9.]*,0.00390625,0.0024' deep/features.csv || fail "2^-8 at x = -6"
grep -q '^bfloat16,-8,[0-9.e-]*,0,0.0003' deep/features.csv || fail "0 at x = -8"
# Rounded values are the same on every machine; exponentials are to the last of nine digits.
committed=$source_dir/results/traces/features.csv
cmp <(cut -d, -f1,2,4 deep/features.csv) <(cut -d, -f1,2,4 "$committed") || fail "make results/traces anew"
"$features" --schema | cut -d'`' -f2 | tail -n +3 | paste -sd, > columns.txt
[[ $(cat columns.txt) == "$(head -1 deep/features.csv)" ]] || fail "--schema lists the columns"
while IFS= read -r line; do
  grep -qF -- "$line" "$source_dir/results/README.md" || fail "results/README.md lacks: $line"
done < <("$features" --schema)
"$features" --help | grep -q '^Examples:' || fail "--help has examples"

cp deep/features.csv before.csv
expect_error 2 "--outt" "$features" --outt deep/features.csv
expect_error 2 "--out" "$features"
expect_error 1 "Is a directory" "$features" --out deep
cmp deep/features.csv before.csv || fail "wrong use leaves the file as it was"
