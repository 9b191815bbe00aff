#!/usr/bin/env bash
# build.sh: set-up, configuration and build in one call.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ${1:-} == -* ]]; then
  echo "Usage: scripts/build.sh [PRESET [TARGET...]]   builds under build/PRESET; presets: release (default), dev, asan"
  [[ $1 == --help || $1 == -h ]] && exit 0 || exit 2
fi
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
