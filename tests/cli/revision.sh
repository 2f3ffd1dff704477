#!/usr/bin/env bash
# The revision that a build records is that of its own sources: of their repository, or of the archive that they were
# unpacked from, never that of a repository around them.
source "$(dirname "$0")/common.bash"

git() { command git -c user.name=test -c user.email=test@localhost -c init.defaultBranch=main "$@"; }
# revision DIRECTORY: as a build of the sources there records it.
revision() {
  cmake -D header="$work/info.hpp" -D source="$1" -D version=1 -D compiler=c -D flags=f -P "$1/cmake/BuildInfo.cmake"
  sed -n 's/^#define PALIMPSEST_REVISION R"(\(.*\))"$/\1/p' "$work/info.hpp"
}

mkdir -p own/cmake around
cp "$source_dir/cmake/BuildInfo.cmake" own/cmake
cp "$source_dir/.gitattributes" own
git -C own init -q
git -C own add .
git -C own commit -qm "sources"
head=$(git -C own rev-parse HEAD)
[[ $(revision "$work/own") == "${head:0:12}" ]] || fail "of its repository: $(revision "$work/own")"
ln -s own link
[[ $(revision "$work/link") == "${head:0:12}" ]] || fail "by a link: $(revision "$work/link")"

git -C around init -q
git -C around commit -q --allow-empty -m "something else"
mkdir around/archive around/copy
git -C own archive HEAD | tar -x -C around/archive
[[ $(revision "$work/around/archive") == "${head:0:12}" ]] || fail "of an archive: $(revision "$work/around/archive")"
cp -r own/cmake around/copy
[[ $(revision "$work/around/copy") == unknown ]] || fail "of a copy: $(revision "$work/around/copy")"

echo "# changed" >> own/cmake/BuildInfo.cmake
[[ $(revision "$work/own") == "${head:0:12}-dirty" ]] || fail "of changed sources: $(revision "$work/own")"
