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
