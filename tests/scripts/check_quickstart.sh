#!/usr/bin/env bash
# check_quickstart.sh DIRECTORY: the quickstart with two experts, into DIRECTORY. What README.md shows of it must be what
# it prints: the header of the table, the base's scores, the reference rows, and the form of the explanation.
set -euo pipefail

out=$1
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

rm -rf "$out"
scripts/quickstart.sh --out "$out" zoo station > "$out.txt" 2> "$out.log" || fail "$(tail -n 3 "$out.log")"

# Columns of numbers vary in width with what stands in them; scores of the base may differ by a few rows between processors.
line() { tr -s ' -' < "$1" | grep -m 1 "^$2 " | cut -d ' ' -f 1-7; } # FILE WORDS
[[ $(line README.md 'method excursion') == "$(line "$out.txt" method)" ]] || fail "README.md shows another header"
shown=$(line README.md 'base [0-9.]*') printed=$(line "$out.txt" base)
paste <(tr ' ' '\n' <<< "$shown") <(tr ' ' '\n' <<< "$printed") \
  | awk 'NR > 1 && ($1 - $2 > 3 || $2 - $1 > 3 || $2 == "") { bad = 1 } END { exit bad || NR != 7 }' \
  || fail "README.md shows '$shown', printed is '$printed'"
for row in zoo station routed best-individual oracle; do
  grep -q "^$row " "$out.txt" || fail "no row '$row' in the table"
  grep -q "^$row " README.md || fail "README.md shows no row '$row'"
done
[[ $(grep -c 'uses labels' "$out.txt") == 2 ]] || fail "the reference rows are not marked"
tail -n 1 "$out.txt" | grep -Pq '^[A-Z]\w+ [A-Z]\w+(\t(zoo|station) [01]\.\d{3}){2}$' || fail "no explanation: $(tail -n 1 "$out.txt")"

# Run again, it has nothing left to do, and says the same.
scripts/quickstart.sh --out "$out" zoo station 2> "$out.log" | grep -v "^$out" | diff - <(grep -v "^$out" "$out.txt") \
  || fail "the second run prints something else"
