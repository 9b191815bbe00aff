#!/usr/bin/env bash
# plot.sh SCRIPT [ARGUMENT...]: runs a Python script that draws figures, in a venv with matplotlib (.deps/plots), made on demand.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ! -x .deps/plots/bin/python ]]; then
  python3 -m venv .deps/plots
  .deps/plots/bin/python -m pip install --quiet matplotlib==3.10.0
fi
exec .deps/plots/bin/python "$@"
