#!/usr/bin/env bash
# make.sh: turns public data sets into rows, in a venv of its own.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
root=$(realpath "$here/../..")

usage() {
  cat <<'TEXT'
Usage: scripts/data/make.sh SUITE --from DOWNLOADS --data-dir DIR [OPTION...]
       scripts/data/make.sh rows --layout LAYOUT [OPTION...] SOURCE... --out FILE
       scripts/data/make.sh --set-up

The first makes the files of a suite (t0-held-in, t0-held-out, bbh, bbl, flan) of which the downloads have the sources,
and says what is missing; the second makes one file of rows from any source. --help after the suite, or after rows, lists
the options. docs/data.md says what to download, and what becomes of it.

--set-up, or the first run, makes the venv .deps/data with the pinned packages of scripts/data/requirements.txt; of an
installation that is read-only, in ~/.cache/phatgoose/data. PHATGOOSE_DATA_PYTHON names another Python that has them.
TEXT
}

case ${1:-} in
  --help | -h) usage; exit 0 ;;
  --set-up) ;;
  '' | -*) usage >&2; exit 2 ;;
esac

venv=$root/.deps/data
[[ -w $root ]] || venv=${XDG_CACHE_HOME:-$HOME/.cache}/phatgoose/data
python=${PHATGOOSE_DATA_PYTHON:-$venv/bin/python}

# A venv counts once it has the packages of the requirements as they are now: the copy of them is written last.
if [[ -z ${PHATGOOSE_DATA_PYTHON:-} ]] && ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
  echo "data: making the venv $venv" >&2
  { python3 -m venv "$venv" && "$python" -m pip install --quiet --requirement "$here/requirements.txt"; } >&2 \
    || { echo "data: no venv could be made; see the lines above" >&2; exit 1; }
  cp "$here/requirements.txt" "$venv/requirements.txt"
fi

[[ $1 != --set-up ]] || exit 0
PYTHONPATH=$here exec "$python" -B -m phatgoose_data "$@"
