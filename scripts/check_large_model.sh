#!/usr/bin/env bash
# check_large_model.sh: loads a T5-XL-sized model and runs one batch within its in-memory size plus 15 %.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/check_large_model.sh [--keep] [fp32] [bf16]

Writes random weights in bf16 (5.7 GB, under build/large-model), then for each of the types named (both by default)
loads them into memory and runs one batch. Prints sizes and times; fails when the peak of the resident memory is more
than 1.15 times the model's size. fp32 needs 13 GB of free memory, bf16 7 GB. Not part of the tests.

  --keep   leave the weights for the next time
TEXT
}

keep=false
dtypes=()
for argument in "$@"; do
  case $argument in
    --keep) keep=true ;;
    fp32 | bf16) dtypes+=("$argument") ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
((${#dtypes[@]})) || dtypes=(fp32 bf16)

scripts/build.sh release large-model
readonly program=build/release/bin/large-model directory=build/large-model
$keep || trap 'rm -rf "$directory"' EXIT
[[ -f $directory/config.json ]] || "$program" write "$directory"

status=0
for dtype in "${dtypes[@]}"; do "$program" run "$directory" "$dtype" || status=1; done
exit $status
