#!/usr/bin/env bash
# plot.sh: runs a Python script that draws figures, with matplotlib in a venv of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() { echo 'Usage: scripts/plot.sh SCRIPT [ARGUMENT...]     (the venv is .deps/plots, made on demand)'; }

case ${1:---none} in
  --help | -h) usage; exit 0 ;;
  -*) usage >&2; exit 2 ;;
esac

if [[ ! -x .deps/plots/bin/python ]]; then
  python3 -m venv .deps/plots
  .deps/plots/bin/python -m pip install --quiet matplotlib==3.10.0
fi
exec .deps/plots/bin/python "$@"
