#!/usr/bin/env bash
# The worked example of README: its kernel and its rule are added to a copy of the tree as it says, built, and each gets its card.
# Usage: example.sh SOURCE_DIRECTORY
set -euo pipefail
source_dir=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

mkdir "$work/tree"
cd "$source_dir"
cp -r CMakeLists.txt CITATION.cff README.md bench cmake include plots scripts src "$work/tree"
mkdir "$work/tree/results"
cp -r results/reference "$work/tree/results"
cd "$work/tree"
/usr/bin/python3 "$source_dir/tests/readme/write_components.py" README.md .

# Its numbers are what counts, not its speed: half the time to compile. Warnings count where the tree itself is built: at -O1,
# GCC sees uninitialized values where there are none.
unset CXXFLAGS
cmake -S . -B build/release -G Ninja -D CMAKE_BUILD_TYPE=Release -D CMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" -D PALIMPSEST_TESTS=OFF \
  -D PALIMPSEST_INSTALL=OFF --log-level=WARNING > /dev/null
cmake --build build/release --target sweep --parallel "$(nproc)" > build.txt || { cat build.txt; fail "it doesn't build"; }

# As README has the commands, but only sections of seconds.
export PALIMPSEST_PROGRAMS=build/release/bench
for name in exponential two_gates; do
  command=$(sed -n "s/^    \(scripts\/card.sh .*$name.*\)/\1/p" README.md)
  [[ -n $command ]] || fail "README has no card of $name"
  $command --threads 2 --only capacity,overwrite --out "cards/$name" > "$name.txt" || { cat "$name.txt"; fail "no card of $name"; }
  grep "${name/_/ }" "cards/$name/card.html" > /dev/null || fail "the card doesn't name $name"
  for section in capacity overwrite; do
    grep "<section id=\"$section\" data-state=\"done\">" "cards/$name/card.html" > /dev/null || fail "$name: $section isn't done"
  done
  [[ $(grep -c ',ok,' "cards/$name/capacity.csv") -eq 3 ]] || fail "$name: $(cat "cards/$name/capacity.csv")"
done
grep -E 'gamma=0?\.[0-9]+' cards/two_gates/overwrite.csv > /dev/null || fail "the rule's own gate isn't learnt"

# What it is: below the bound of a linear memory nothing gets, and beyond it exp(x), of p = d = 64, keeps most of what fits.
awk -F, 'NR == 1 { for (i = 1; i <= NF; ++i) at[$i] = i } NR > 1 && ($at["excess"] < -1e-6 || $at["excess"] > 0.1) { exit 1 }' \
  cards/exponential/capacity.csv || fail "exp(x): $(cat cards/exponential/capacity.csv)"
