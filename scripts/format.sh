#!/usr/bin/env bash
# format.sh: lays out every C++ source as .clang-format says, with the one version of clang-format whose layout counts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly version=14

usage() {
  cat <<TEXT
Usage: scripts/format.sh [--check]

Formats all C++ sources with clang-format $version, which is taken from the system or installed into .deps.
  --check   changes nothing; lists what is not formatted and ends with status 1 if there is any

Status 77 means that no clang-format $version could be had.
TEXT
}

options=(-i)
case ${1:-} in
  '') ;;
  --check) options=(--dry-run -Werror) ;;
  --help | -h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

# Prints the path of a clang-format of the right version.
find_formatter() {
  local candidate
  for candidate in "clang-format-$version" clang-format .deps/format/bin/clang-format; do
    if "$candidate" --version 2> /dev/null | grep -q "version $version\."; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

if ! formatter=$(find_formatter); then
  if python3 -m venv .deps/format; then .deps/format/bin/pip install -q "clang-format==$version.*" || true; fi
  formatter=$(find_formatter) || { echo "format: no clang-format $version here, and none could be installed" >&2; exit 77; }
fi
git ls-files -z -- '*.h' '*.cpp' '*.inc' | xargs -0 "$formatter" "${options[@]}"
