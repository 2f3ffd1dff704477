#!/usr/bin/env bash
# capacity, check and compare: what they print, write and refuse; a search that is killed, and one in shards.
source "$(dirname "$0")/common.bash"
capacity=$bench/capacity check=$bench/check compare=$bench/compare

cat > search.toml << 'END'
[baseline]
L = "S"
key_dim = 4
model = "table"
learning_rate = 0.03
max_steps = 300
[search]
first = 2
largest = 16
[axes]
kernel = ["elu", "dpfp:2"]
seed = [1, 2]
END
"$sweep" search.toml --list | grep '^search: 4 searches (a curve and seed each): S from 2 to 16, final_loss <= 0.001' > /dev/null ||
  fail "--list of a search"
"$sweep" search.toml --out whole.csv | grep -q '^[0-9]* points: [0-9]* ok' || fail "summary of a search"
"$sweep" --from whole.provenance.toml --out again.csv --threads 1 > /dev/null
cmp whole.csv again.csv || fail "--from runs a search again"
for i in 1 2; do "$sweep" search.toml --shard "$i/2" --out "part$i.csv" > /dev/null; done
"$merge" part1.csv part2.csv --out merged.csv > /dev/null
cmp whole.csv merged.csv || fail "shards of a search merge to its bytes"
for ((steps = 300; ; steps *= 2)); do  # until it takes half a second, whatever the machine: there must be something to kill
  long=(search.toml --set tolerance=0 --set patience=1000000 --set max_steps="$steps" --threads 1)
  start=$(date +%s%N)
  "$sweep" "${long[@]}" --out long.csv > /dev/null 2>&1
  [[ $(($(date +%s%N) - start)) -lt 500000000 ]] || break
  rm -r long.*
done
killed=0
for ((kills = 0; kills < 10; ++kills)); do
  "$sweep" "${long[@]}" --out part.csv > /dev/null 2>&1 &
  sleep "0.0$((2 + RANDOM % 8))"
  kill -9 $! 2> /dev/null || true
  status=0
  wait $! 2> /dev/null || status=$?
  [[ $status -ne 137 ]] || killed=$((killed + 1))
done
[[ $killed -ge 1 ]] || fail "every run ended before it was killed"
"$sweep" "${long[@]}" --out part.csv > /dev/null 2>&1
cmp long.csv part.csv || fail "a search that was killed $killed times differs"
"$sweep" search.toml --axis S=4 --out axis.csv | grep -q '^4 points' || fail "an axis of S replaces the search"

"$capacity" whole.csv --out c.csv > out.txt
[[ $(rows c.csv) -eq 6 && $(wc -l < out.txt) -eq 7 ]] || fail "capacity: a row a curve and criterion: $(cat out.txt)"
"$capacity" whole.csv --criterion 'accuracy >= 0.9' | grep -q 'accuracy >= 0.9' || fail "--criterion"
"$capacity" --schema > schema.txt
[[ $(wc -l < schema.txt) -ge 10 ]] || fail "--schema: $(cat schema.txt)"
while read -r line; do grep -qF -- "$line" "$source_dir/results/README.md" || fail "results/README.md lacks: $line"; done \
  < schema.txt

# By the bound 1/2 - 2/S four features fulfil 0.12 up to S = 5, however well they are trained.
sed 's/^first = 2/first = 3\ncriteria = [\"final_loss <= 0.12\"]/; s/^kernel = .*/kernel = ["elu"]/; s/^max_steps = 300/max_steps = 2000/' search.toml > plain.toml
sed 's/^largest = 16/&\nbeyond = 2/' plain.toml > beyond.toml
"$sweep" beyond.toml --list | grep 'resolution 0.05, and 2 times the capacity' > /dev/null || fail "--list of what is beyond"
"$sweep" beyond.toml --dry-run > out.txt
grep -q '^beyond: 2 searches$' out.txt || fail "--dry-run of what is beyond: $(cat out.txt)"
"$sweep" plain.toml --out plain.csv > /dev/null
"$sweep" beyond.toml --out beyond.csv > /dev/null
[[ $(rows beyond.csv) -eq $(($(rows plain.csv) + 2)) ]] || fail "a row beyond for each seed: $(cat beyond.csv)"
for i in 1 2; do "$sweep" beyond.toml --shard "$i/2" --out "beyond$i.csv" > /dev/null; done
"$merge" beyond1.csv beyond2.csv --out merged_beyond.csv > /dev/null
cmp beyond.csv merged_beyond.csv || fail "shards of a search with beyond merge to its bytes"
"$sweep" --from beyond.provenance.toml --out again_beyond.csv > /dev/null
cmp beyond.csv again_beyond.csv || fail "--from runs what is beyond, too"
"$capacity" plain.csv --out p.csv --criterion 'final_loss <= 0.12' > /dev/null
"$capacity" beyond.csv --out b.csv --criterion 'final_loss <= 0.12' > out.txt
grep -q 'loss at twice *ms/step$' out.txt || fail "what is shown of a search with beyond: $(cat out.txt)"
[[ $(sed 's/,[^,]*,[^,]*$//' b.csv) == "$(sed 's/,[^,]*,[^,]*$//' p.csv)" ]] || fail "what is beyond moves a capacity: $(cat p.csv b.csv)"
[[ $(tail -1 b.csv) == *,0.[0-9]*,[0-9]* && $(tail -1 p.csv) == *,, ]] || fail "the loss at twice the capacity: $(cat p.csv b.csv)"
# A row beyond that passes by luck, and the search it is no part of.
awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "final_loss") f = i } $2 == 10 { $f = 0.0001 } 1' beyond.csv > lucky.csv
cp beyond.provenance.toml lucky.provenance.toml
"$capacity" lucky.csv --out l.csv --criterion 'final_loss <= 0.12' > /dev/null
[[ $(sed 's/,[^,]*,[^,]*$//' l.csv) == "$(sed 's/,[^,]*,[^,]*$//' p.csv)" ]] || fail "luck beyond moves a capacity: $(cat p.csv l.csv)"
[[ $(tail -1 l.csv) == *,0.0001,0 ]] || fail "the lucky loss: $(cat l.csv)"
"$capacity" merged_beyond.csv --out m.csv --criterion 'final_loss <= 0.12' > /dev/null
cmp b.csv m.csv || fail "what is beyond is known of merged results, too"
"$capacity" beyond.csv --markdown --criterion 'final_loss <= 0.12' > out.txt
grep -q '^| elu | [^|]* | [^|]* | 5 | [^|]* | [^|]* | [^|]* | [0-9.e-]* |$' out.txt || fail "--markdown: $(cat out.txt)"
[[ $(wc -l < out.txt) -eq 3 && $(head -1 out.txt) == '| memory | capacity at d = 4 | 95 % | bound |'* ]] || fail "--markdown: $(cat out.txt)"
rm beyond.timings.csv
"$capacity" beyond.csv --out timeless.csv --criterion 'final_loss <= 0.12' > out.txt
cmp b.csv timeless.csv && ! grep -q 'ms/step' out.txt || fail "times are shown and never among the values"

expect_error 2 "criterion 'loss < 1'" "$capacity" whole.csv --criterion 'loss < 1' --out new.csv
expect_error 2 "nope.csv" "$capacity" nope.csv --out new.csv
expect_error 2 "is the results file itself" "$capacity" whole.csv --out whole.csv
expect_error 2 "which results" "$capacity"
expect_error 2 "no column 'seed'" "$capacity" "$source_dir/results/reference/published_2021.csv" --out new.csv

cat > gates.toml << 'END'
[[gate]]
name = "few keys"
tier = "quick"
select = { kernel = "elu", S = 2 }
metric = "final_loss"
max = 0.2
reason = "two keys fit"
END
"$check" whole.csv --gates gates.toml --junit gates.xml | grep -q '^1 gates: 1 green, 0 red$' || fail "a green gate"
/usr/bin/python3 -c 'import sys, xml.etree.ElementTree as t; sys.exit(t.parse("gates.xml").getroot().get("failures") != "0")' ||
  fail "JUnit: $(cat gates.xml)"
sed 's/S = 2 /S = 3000 /' gates.toml > missing.toml
status=0
"$check" whole.csv --gates missing.toml > out.txt || status=$?
[[ $status -eq 1 ]] && grep -q '0 rows match, 1 needed' out.txt || fail "a missing row: $(cat out.txt)"
sed 's/max/maximum/' gates.toml > bad.toml
expect_error 2 "bad.toml:6: unknown key 'maximum'" "$check" whole.csv --gates bad.toml --junit new.xml
expect_error 2 "--tier" "$check" whole.csv --tier slow
expect_error 2 "no gate is of tier 'full'" "$check" whole.csv --gates gates.toml --tier full --junit new.xml
"$check" "$source_dir/results/capacity/capacity.csv" --tier full > out.txt || fail "committed results: $(cat out.txt)"

"$compare" whole.csv again.csv --fail-on-difference | tail -1 | grep -q ' 0 differ' || fail "equal files are equal"
awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "final_loss") f = i } NR > 1 { $f = 0.9 } 1' whole.csv \
  > changed.csv
status=0
"$compare" whole.csv changed.csv --fail-on-difference > out.txt || status=$?
[[ $status -eq 1 ]] && grep -q '^\*' out.txt || fail "a changed row differs: $(cat out.txt)"
"$compare" "$source_dir/results/capacity/capacity.csv" "$source_dir/results/reference/published_2021.csv" \
  --where setting=1 --metric-b last_loss --allow-missing | tail -1 | grep -q '^120 points in both' || fail "ours with published"
awk 'NR % 2 == 1' whole.csv > half.csv
for files in "whole.csv half.csv" "half.csv whole.csv"; do
  status=0
  "$compare" $files > out.txt 2> err.txt || status=$?
  [[ $status -eq 1 ]] && grep -q '^compare: .*--allow-missing' err.txt || fail "every second line: $status, $(cat err.txt)"
  "$compare" $files --allow-missing > out.txt || fail "--allow-missing: $(cat out.txt)"
done
for level in nan inf 0 1 -1 x; do expect_error 2 "level" "$compare" whole.csv again.csv --level="$level"; done
for loss in nan inf -1 x; do expect_error 2 "negligible" "$compare" whole.csv again.csv --negligible="$loss"; done
for bound in nan inf -1; do
  expect_error 2 "allowed is" "$capacity" whole.csv --criterion "final_loss <= $bound" --out new.csv
done
expect_error 2 "neither file has this column" "$compare" whole.csv again.csv --where nope=1
expect_error 2 "no column 'loss'" "$compare" whole.csv again.csv --metric loss
for program in capacity check compare; do
  "$bench/$program" --help | grep -q '^Examples:' || fail "$program --help has examples"
done
[[ ! -e new.csv && ! -e new.xml ]] || fail "a refused command writes nothing"
