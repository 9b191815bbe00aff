#!/usr/bin/env bash
# test.sh: set-up, build and every test. Ends with ctest's own summary and its exit status.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/test.sh [--sanitize] [CTEST-ARGUMENT...]

Builds the release preset and runs every test, two at a time. Further arguments go to ctest, for instance
  scripts/test.sh -R 'unit: packing'     only the tests whose name matches
  scripts/test.sh --sanitize             the unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
TEXT
}

preset=release
case ${1:-} in
  --help | -h) usage; exit 0 ;;
  --sanitize) preset=asan; shift ;;
esac

if [[ $preset == asan ]]; then
  scripts/build.sh asan unit-core unit-torch
  set -- --label-regex unit "$@"
else
  scripts/build.sh release
fi
exec ctest --preset "$preset" --parallel 2 "$@"
