#!/usr/bin/env bash
# A text of one's own becomes a corpus, or an error that says why not. Nothing is installed or fetched for it.
source "$(dirname "$0")/common.bash"
corpus=("$source_dir/scripts/corpus.sh" --out out)

printf '\xef\xbb\xbfone naïve\r\n\r\n  \ntwo\nlast' > "my text.v1.txt"
"${corpus[@]}" "my text.v1.txt" > said.txt
[[ $(cat "out/my text.v1.txt") == $'one naïve\ntwo\nlast' ]] || fail "no mark, returns and empty lines: $(cat out/my*.txt)"
provenance="out/my text.v1.provenance.txt"
[[ $(wc -l < "$provenance") -eq 1 ]] || fail "one line of provenance"
hash=$(sha256sum < "out/my text.v1.txt" | cut -d ' ' -f 1)
for text in "the file my text.v1.txt" "3 documents, 20 bytes, sha256 $hash"; do
  grep -qF "$text" "$provenance" || fail "'$text' is not in $(cat "$provenance")"
done
grep -qF "$(cat "$provenance")" said.txt || fail "it says what it made: $(cat said.txt)"

printf '\none\ntwo\n\n\nthree\n' > paragraphs
"${corpus[@]}" --paragraphs paragraphs > /dev/null
[[ $(cat out/paragraphs.txt) == $'one two\nthree' ]] || fail "paragraphs: $(cat out/paragraphs.txt)"

printf 'caf\xe9\n' > latin1
printf '\n \n' > blank
expect_error 1 "is not UTF-8" "${corpus[@]}" latin1
expect_error 1 "has no text" "${corpus[@]}" blank
expect_error 1 "known are brown, kjv and files" "${corpus[@]}" nowhere
expect_error 2 "what text?" "${corpus[@]}"
expect_error 2 "one text at a time" "${corpus[@]}" blank kjv
expect_error 2 "unknown argument '--lines'" "${corpus[@]}" --lines blank
[[ ! -e out/latin1.txt && ! -e out/blank.txt ]] || fail "what is refused leaves nothing"

# A sweep finds what was made by its name, and says how to make what wasn't.
for i in {1..60}; do echo "document number $i of sixty says that $((i * i)) is the square of $i"; done > small
"$source_dir/scripts/corpus.sh" --out results/run/corpus small > /dev/null
cat > text.toml << 'END'
[baseline]
task = "text"
corpus = "small"
model = "sequence"
segment = 16
width = 8
heads = 2
batch = 4
max_steps = 6
evaluation_every = 3
[axes]
tokens = ["bytes", "subwords:300"]
END
"$sweep" text.toml --save-curves curves --save-episodes episodes --out text.csv > /dev/null
"$sweep" text.toml --threads 3 --out again.csv > /dev/null
cmp text.csv again.csv || fail "the same bytes whatever the threads"
[[ $(find curves -name '*.csv' | wc -l) -eq 2 ]] || fail "curves: $(ls curves)"
[[ -n $(find episodes -name '*_targets.npy' -size +0) ]] || fail "episodes: $(find episodes)"
[[ $(ls results/run/corpus) == $'small.provenance.txt\nsmall.subwords-300.'*$'.model\nsmall.txt' ]] ||
  fail "subwords are kept beside the text: $(ls results/run/corpus)"
/usr/bin/python3 -B - "$source_dir" << 'END' || fail "what rows say of the text: $(cat text.csv)"
import sys
sys.path.insert(0, sys.argv[1] + "/plots")
import results
lines = open("small").read().splitlines(True)
size = lambda place: len("".join(line for i, line in enumerate(lines) if i % 20 == place))
for row in results.read_csv("text.csv", []):
    assert (row.number("test_bytes"), row.number("validation_bytes")) == (size(7), size(17)), row
    assert row.number("train_bytes") == len("".join(lines)) - size(7) - size(17), row
    assert 0 < row.number("test_bits_per_byte") < 9 and row.number("test_perplexity_per_word") > 1, row
END
expect_error 2 "there is no results/run/corpus/nowhere.txt below the current directory; scripts/corpus.sh nowhere makes it" \
  "$sweep" text.toml --set corpus=nowhere --out none.csv
head -9 small > results/run/corpus/short.txt
expect_error 2 "corpus 'short': 9 documents" "$sweep" text.toml --set corpus=short --out none.csv
printf 'caf\xe9\n' > latin1.txt
expect_error 2 "byte 3 (0xe9), in line 1, is not UTF-8" "$sweep" text.toml --set corpus=latin1.txt --out none.csv
[[ ! -e none.csv ]] || fail "what can't be trained leaves no results"
