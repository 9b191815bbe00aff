#!/usr/bin/env bash
# bench_peers.sh: compares the speed of this build with transformers and peft on one core.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'TEXT'
Usage: [PYTHON=...] [CORE=N] scripts/bench_peers.sh [--rounds N]

Prints the table of docs/benchmarks.md. PYTHON is a Python with torch, transformers and peft; CORE the core to measure on.
TEXT
}

case ${1:-} in
  --help | -h) usage; exit 0 ;;
  '' | --rounds) ;;
  *) usage >&2; exit 2 ;;
esac

python=${PYTHON:-python3}
bench=${PHATGOOSE_BENCH:-build/release/bin/phatgoose-bench}
core=${CORE:-$(($(nproc) - 1))}

[ -x "$bench" ] || { echo "bench_peers: $bench is missing; build first: cmake --build build/release" >&2; exit 1; }
"$python" -c 'import torch, transformers, peft' 2>/dev/null || {
  echo "bench_peers: $python lacks torch, transformers or peft; install them in a virtual environment:" >&2
  echo "  python3 -m venv peers && peers/bin/pip install torch==2.13.0 transformers peft" >&2
  echo "  PYTHON=peers/bin/python $0 $*" >&2
  exit 1
}
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false
exec taskset -c "$core" "$python" scripts/bench_peers.py --bench "$bench" "$@"
