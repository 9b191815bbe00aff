#!/usr/bin/env bash
# check_quickstart.sh DIRECTORY: the quickstart, into DIRECTORY. What README.md shows of it must be what it prints: the
# header of the table, the base's scores, all rows, and the form of the explanation.
set -euo pipefail

out=$1
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

rm -rf "$out"
scripts/quickstart.sh --out "$out" > "$out.txt" 2> "$out.log" || fail "$(tail -n 3 "$out.log")"

# Columns of numbers vary in width with what stands in them. Scores may differ by a few rows between processors, those that
# hang on the expert that is trained here by some more.
line() { tr -s ' -' < "$1" | grep -m 1 "^$2 " | cut -d ' ' -f 1-7; } # FILE WORDS
[[ $(line README.md 'method commute') == "$(line "$out.txt" method)" ]] || fail "README.md shows another header"
for row in base:3 library:3 driver:5 merged:5 routed:5; do
  most=${row#*:} row=${row%:*}
  shown=$(line README.md "$row [0-9.]*") printed=$(line "$out.txt" "$row")
  paste <(tr ' ' '\n' <<< "$shown") <(tr ' ' '\n' <<< "$printed") \
    | awk -v most="$most" 'NR > 1 && ($1 - $2 > most || $2 - $1 > most || $2 == "") { bad = 1 }
                           END { exit bad || NR != 7 }' \
    || fail "README.md shows '$shown', printed is '$printed'"
done
expert() { grep -m 1 -P '^[A-Z]\w+ [A-Z]\w+\s+\w+ 0\.\d{3}\s' "$1" | awk '{ print $3 }'; } # FILE
[[ $(tail -n 1 "$out.txt" | wc -w) == $((2 + 2 * 17)) ]] || fail "no explanation of 17 experts: $(tail -n 1 "$out.txt")"
[[ -n $(expert README.md) && $(expert README.md) == "$(expert "$out.txt")" ]] || fail "README.md shows another explanation"

# Run again, it has nothing left to do, and says the same.
scripts/quickstart.sh --out "$out" 2> "$out.log" | grep -v "^$out" | diff - <(grep -v "^$out" "$out.txt") \
  || fail "the second run prints something else"
