#!/usr/bin/env bash
# run.sh TEST: runs a test of scripts/data with a Python that has the packages; ends with 77 where there is none.
# run.sh --set-up: makes sure that there is one, if that is possible.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly without_packages=77  # what ctest counts as skipped

if [[ $1 == --set-up ]]; then
  scripts/data/make.sh --set-up || echo "data: tests that need the packages are skipped"
  exit 0
fi

# What a test needs: Parquet, Arrow and tokens have packages of their own.
modules='yaml, jinja2'
[[ $1 != check_parquet.py ]] || modules='pyarrow, sentencepiece'
for python in "${PHATGOOSE_DATA_PYTHON:-.deps/data/bin/python}" python3; do
  if "$python" -c "import $modules" 2> /dev/null; then
    PYTHONPATH=scripts/data exec "$python" -B "tests/data/$1"
  fi
done
echo "data: no Python with $modules; scripts/data/make.sh --set-up makes one" >&2
exit $without_packages
