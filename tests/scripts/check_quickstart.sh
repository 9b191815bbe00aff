#!/usr/bin/env bash
# check_quickstart.sh DIRECTORY: the quickstart, into DIRECTORY. README.md shows what it prints, line by line, up to the
# training, whose result depends on the processor.
set -euo pipefail

out=$1
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

rm -rf "$out"
scripts/quickstart.sh --out "$out" > "$out.txt" 2> "$out.log" || fail "$(tail -n 3 "$out.log")"

shown=0
while IFS= read -r line; do
  [[ $line != "driver as trained here"* ]] || break
  [[ -n $line ]] || continue
  grep -Fxq -- "$line" README.md || fail "README.md does not show: $line"
  shown=$((shown + 1))
done < "$out.txt"
((shown > 40)) || fail "only $shown lines were printed"
score=$(awk '/^driver as trained here/ { found = 1 } found && $2 == "accuracy" { print $3; exit }' "$out.txt")
awk -v score="$score" 'BEGIN { exit !(score >= 90) }' || fail "driver as trained here scores '$score'"

# Run again, it has nothing left to do, and says the same.
scripts/quickstart.sh --out "$out" 2> "$out.log" | diff - "$out.txt" || fail "the second run prints something else"
