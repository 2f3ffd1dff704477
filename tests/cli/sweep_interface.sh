#!/usr/bin/env bash
# The forms that others script against: names, paths, --list, --axis, --set, --seeds, --threads, --protocol, --quick, --dry-run,
# --out, --from, --schema.
source "$(dirname "$0")/common.bash"

"$sweep" capacity --list > list.txt
grep -q '^capacity: 240 points' list.txt || fail "capacity has 240 points"
for word in softmax fast_weight identity elu dpfp:nu favor:m favor_onesided:m relu sum none attention published table; do
  grep -qw -- "$word" list.txt || fail "--list shows $word"
done
[[ ! -e results ]] || fail "--list writes nothing"

"$sweep" capacity --axis kernel=elu,dpfp:1 --axis S=20:100:40 --seeds 3 --threads 2 --out a.csv "${tiny[@]}" > out.txt
[[ $(wc -l < out.txt) -eq 1 ]] || fail "one summary line"
grep -q '^18 points: 18 ok, 0 diverged, 0 skipped; .*; a.csv$' out.txt || fail "summary: $(cat out.txt)"
columns=task,S,L,replacement,memory,kernel,key_dim,feature_dim,redraw,scale,rule,normalization,model,evaluation,seed
columns+=,status,reason,steps,best_step,train_loss,best_loss,final_loss,accuracy,bound,excess
[[ $(head -1 a.csv) == "$columns"* ]] || fail "columns: $(head -1 a.csv)"
[[ $(rows a.csv) -eq 18 && $(rows a.timings.csv) -eq 18 ]] || fail "a row a point"
[[ $(cut -d, -f2,3,6,15 a.csv | sed -n 2p) == 20,20,elu,1 ]] || fail "first row: $(sed -n 2p a.csv)"

"$sweep" --from a.provenance.toml --out b.csv > /dev/null
cmp a.csv b.csv || fail "--from runs it again"

cat > my.toml << 'END'
[baseline]
S = 20
max_steps = 20
evaluation_every = 20
evaluation_sequences = 2
batch = 2
[axes]
kernel = ["elu", "identity"]
END
"$sweep" my.toml --set model=table --set evaluation=published_2021 > /dev/null
[[ $(cut -d, -f6,13,14,16 results/run/my.csv | tail -2 | tr '\n' ' ') == \
   "elu,table,published_2021,ok identity,table,published_2021,skipped " ]] || fail "my.csv: $(cat results/run/my.csv)"

column() { /usr/bin/python3 -c 'import csv, sys; print(" ".join(sorted({r[sys.argv[2]] for r in csv.DictReader(open(sys.argv[1]))})))' "$@"; }
"$sweep" capacity --quick --axis kernel=elu,dpfp:1 "${tiny[@]}" > out.txt
grep -q '^6 points: .*; results/run/capacity.quick.csv$' out.txt || fail "--quick: $(cat out.txt)"
[[ $(column results/run/capacity.quick.csv S) == "100 180 20" ]] || fail "--quick is the sweep's small form"
[[ $(column results/run/capacity.quick.csv schedule) == cooldown ]] || fail "the fast protocol is the default"
"$sweep" my.toml --protocol published_2021 --out published.csv > /dev/null
[[ $(column published.csv schedule) == constant && $(column published.csv learning_rate) == 0.001 &&
   $(column published.csv max_steps) == 20 ]] || fail "--protocol, and what the sweep says itself: $(cat published.csv)"
"$sweep" my.toml --protocol slow --out slow.csv 2> error.txt && fail "a protocol that there is none of"
grep -q "'slow'; known: fast, patient, published_2021" error.txt || fail "--protocol slow: $(cat error.txt)"

"$sweep" capacity --dry-run --seeds 3 --axis kernel=elu,dpfp:1 --axis S=20:100:40 --out a.csv "${tiny[@]}" > out.txt
[[ $(tail -2 out.txt) == $'nothing to train\nresults   a.csv' ]] || fail "--dry-run of what is there: $(cat out.txt)"
"$sweep" capacity --dry-run --seeds 4 --axis kernel=elu,dpfp:1 --axis S=20:100:40 --out a.csv "${tiny[@]}" > out.txt
grep -q '^capacity: 24 points, 18 of them there$' out.txt || fail "--dry-run: $(cat out.txt)"
grep -q '^expected  .* steps, .*core' out.txt || fail "--dry-run expects what other seeds took: $(cat out.txt)"
"$sweep" projection --dry-run --quick --expected a.csv > out.txt
grep -q '^projection: [0-9]* searches$' out.txt || fail "--dry-run of a search: $(cat out.txt)"
[[ ! -e results/run/projection.quick.csv ]] || fail "--dry-run writes nothing"
[[ $(rows a.csv) -eq 18 ]] || fail "--dry-run leaves the results as they are"

"$sweep" --schema > schema.txt
grep -qF '| `final_loss` | number |' schema.txt || fail "--schema"
cat > tokens.toml << 'END'
[baseline]
task = "mqar"
model = "sequence"
vocabulary = 16
width = 4
batch = 2
max_steps = 2
evaluation_sequences = 2
END
"$sweep" tokens.toml --out tokens.csv > /dev/null
"$sweep" tokens.toml --set task=question_answering --out questions.csv > /dev/null
"$sweep" tokens.toml --set task=question_answering --set kinds=giving --show-episodes 2 --out shown.csv > episodes.txt
[[ $(grep -c '^<eos>$' episodes.txt) -eq 2 && ! -e shown.csv ]] || fail "--show-episodes: $(cat episodes.txt)"
grep -q '^who .* ? [a-z0-9]*$' episodes.txt || fail "--show-episodes has words: $(cat episodes.txt)"
for family in "state_tracking --set length=4" "text --set segment=4 --set evaluation_segments=8 --set corpus=$source_dir/README.md"; do
  read -r task options <<< "$family"
  "$sweep" tokens.toml --set task="$task" --set width=4 $options --threads 1 --out "$task.csv" > /dev/null
done
/usr/bin/python3 -B - "$source_dir" << 'END' || fail "plots/results.py knows other parameters than the sweep"
import sys
sys.path.insert(0, sys.argv[1] + "/plots")
import results
types = {line.split("`")[1]: line.split("|")[2].strip() for line in open("schema.txt") if line.startswith("| `")}
names = [name for file in ("a", "tokens", "state_tracking", "questions", "text") for name in open(file + ".timings.csv").readline().strip().split(",")[:-1]]
words = {"text": "string", "gate": "string"}
ours = {name: words.get(kind, kind) for name, kind in results.PARAMETERS.items()}
sys.exit(ours != {name: types[name] for name in names})
END
"$sweep" --help | grep -qF 'sweep capacity --list' || fail "--help has examples"

"$sweep" my.toml --save-model models --save-episodes episodes --out saved.csv > /dev/null
[[ -s $(echo models/S=20,L=20,memory=fast_weight,kernel=elu,seed=1,batch=2,*/E.npy) ]] || fail "models: $(find models)"
[[ -n $(find episodes -name '*_outputs.npy' -size +0) ]] || fail "episodes: $(find episodes)"
"$sweep" my.toml --out plain.csv > /dev/null
cmp saved.csv plain.csv || fail "saving changes no result"
