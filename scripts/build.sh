#!/usr/bin/env bash
# build.sh: set-up, configuration and build in one call.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage="Usage: scripts/build.sh [PRESET [TARGET...]]   builds under build/PRESET; presets: release (default), dev, asan"
case ${1:-} in
  --help | -h) echo "$usage"; exit 0 ;;
  -*) echo "$usage" >&2; exit 2 ;;
esac
preset=${1:-release}
shift || true
targets=()
(($# == 0)) || targets=(--target "$@")

# As many compilers as there are cores, and 2 GB of memory for each: LibTorch's headers are large.
memory=$(awk '/MemAvailable/ {print int($2 / 2097152)}' /proc/meminfo)
jobs=$(nproc)
((memory >= jobs)) || jobs=$((memory > 1 ? memory : 1))

scripts/setup.sh
cmake --preset "$preset" > /dev/null
cmake --build --preset "$preset" --parallel "$jobs" "${targets[@]}"
