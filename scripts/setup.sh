#!/usr/bin/env bash
# Installs the Debian packages that Palimpsest needs and that are missing; does nothing if all are there.
# Usage: scripts/setup.sh [PACKAGE…]      (more that some script needs)
set -euo pipefail

packages=(
  g++ cmake ninja-build git
  libeigen3-dev libfmt-dev libcli11-dev libtomlplusplus-dev librandom123-dev libboost-math-dev
  libsentencepiece-dev
  libgtest-dev libgmock-dev libbenchmark-dev
  python3 python3-matplotlib python3-numpy python3-jinja2
)

case "${1:-}" in
  -h | --help) sed -n '2,3s/^# //p' "$0"; exit 0 ;;
  -*) echo "setup.sh: unknown argument '$1'; it takes names of packages and --help" >&2; exit 2 ;;
esac
packages+=("$@")

if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
  echo "setup.sh: this is no Debian. Install what these hold, then run 'cmake --workflow --preset release':" >&2
  echo "  ${packages[*]}" >&2
  exit 1
fi

installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${packages[@]}" 2> /dev/null |
  sed -n 's/^.i  *//p' || true)
missing=()
for package in "${packages[@]}"; do
  grep -qxF -- "$package" <<< "$installed" || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  as_root=(sudo)
  [[ -t 0 ]] || as_root=(sudo -n)  # nobody is there to type a password
  if ! command -v sudo > /dev/null || { [[ ! -t 0 ]] && ! sudo -n true 2> /dev/null; }; then
    echo "setup.sh: missing packages need root to install; run as root:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    exit 1
  fi
fi

echo "setup.sh: installing ${missing[*]}" >&2
"${as_root[@]}" apt-get -qq update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}" >&2
