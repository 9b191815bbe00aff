#!/usr/bin/env bash
# oracle.sh: runs Python scripts of tests/oracle with the reference implementations, in a venv of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/oracle.sh [--index-url URL]      make the venv .deps/oracle, with the pinned packages
       scripts/oracle.sh goldens                make it, then remake the golden files under tests/golden
       scripts/oracle.sh run SCRIPT [ARG...]    run a script of tests/oracle; ends with 77 where there is no venv

The tests that need `transformers` and `peft` themselves use it; without it they are skipped. PHATGOOSE_ORACLE_PYTHON
names another Python that has the packages. --index-url is the package index for torch, for instance one of CPU builds.
TEXT
}

python=${PHATGOOSE_ORACLE_PYTHON:-.deps/oracle/bin/python}
readonly without_packages=77  # what ctest counts as skipped

set_up() {
  [[ -z ${PHATGOOSE_ORACLE_PYTHON:-} ]] || return 0
  local torch_index=()
  [[ $# -eq 0 ]] || torch_index=(--index-url "$1")
  [[ -x $python ]] || python3 -m venv .deps/oracle
  "$python" -m pip install --quiet "${torch_index[@]}" "$(grep '^torch==' tests/oracle/requirements.txt)"
  "$python" -m pip install --quiet --requirement tests/oracle/requirements.txt
}

case ${1:-} in
  '') set_up ;;
  --index-url) set_up "${2:?--index-url needs an address}" ;;
  goldens)
    set_up
    for what in model peft modular phatgoose bf16 merge import encoder encoder_family router text adafactor; do
      "$python" "tests/oracle/make_${what}_goldens.py"
    done
    ;;
  run)
    if ! "$python" -c 'import transformers, peft' 2> /dev/null; then
      echo "oracle: no Python with transformers and peft; scripts/oracle.sh makes one" >&2
      exit $without_packages
    fi
    exec "$python" "tests/oracle/${2:?run needs a script}" "${@:3}"
    ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
