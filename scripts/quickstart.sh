#!/usr/bin/env bash
# quickstart.sh: set-up, build, and what routing is good for: an expert joins sixteen others, the routed model keeps what
# each of them can do, and the same expert is trained again from its data.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/quickstart.sh [--out DIR]

Puts the sixteen experts of the repository into a routed model, adds a seventeenth, "driver", and compares the base, the
new expert alone, all experts merged, and the routed model before and after: first on each expert's own task, then on
tasks that no expert was trained on. Shows which experts answered a question. Last, trains "driver" here, from its data.
Everything it makes is under DIR (runs/quickstart). Stopped and run again, it continues.
TEXT
}

out=runs/quickstart
while (($#)); do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --out) out=${2:?--out needs a directory}; shift 2 ;;
    *) usage >&2; exit 2 ;;
  esac
done

readonly phatgoose=build/release/bin/phatgoose base=assets/base library=assets/experts new=assets/new-experts/driver
say() { printf '\n== %s\n' "$*" >&2; }
title() { printf '\n%s\n\n' "$*"; }

# The methods to compare, as a methods file. With a library, each of its experts is asked for its own task only.
methods() { # [EXPERT...]
  local expert method
  echo "- {name: base, base: true}"
  echo "- {name: driver, expert: $PWD/$new}"
  for method in merged before after; do echo "- {name: $method, routed: $method}"; done
  for expert; do echo "- {name: $(basename "$expert"), expert: $PWD/$expert, tasks: [$(basename "$expert")]}"; done
}

compare() { # NAME
  "$phatgoose" eval --log quiet --model "$base" --methods "$out/$1.yaml" --compare-to after \
    --suite "assets/suites/quickstart-$1.yaml" --out "$out/$1"
}

# The first question of a task that the routed model answers right.
first_right() { # TASK
  local row
  row=$(sed -n "/\"task\":\"$1\".*\"correct\":true/{s/.*\"row\":\([0-9]*\).*/\1/p;q}" "$out/held-out/after/samples.jsonl")
  sed -n "$((row + 1))p" "assets/tasks/$1/test.jsonl"
}

say "Build"
scripts/build.sh release programs >&2

say "Routed models: no data, nothing trained"
if [[ ! -d $out/after ]]; then
  rm -rf "$out"/{merged,before,after.new}
  "$phatgoose" build --model "$base" --library "$library" --out "$out/before" >&2
  "$phatgoose" build --model "$base" --library "$library" --expert "$new" --router merged-product --out "$out/merged" >&2
  "$phatgoose" build --model "$base" --library "$library" --out "$out/after.new" >&2
  "$phatgoose" edit --model "$base" --routed "$out/after.new" --add "$new" >&2
  mv "$out/after.new" "$out/after"
fi
methods "$library"/* > "$out/own.yaml"
methods > "$out/held-out.yaml"

title "Each expert's own task: before and after driver joined"
compare own
title "Tasks that no expert was trained on"
compare held-out

title "Which experts read and wrote what, in the first question of commute that is answered right"
first_right commute | "$phatgoose" predict --log quiet --model "$base" --routed "$out/after" --explain tokens \
  | tr '\t' '\n' | LC_ALL=C fold -s -w 110 | sed 's/ $//'

say "The same expert, trained here"
"$phatgoose" train-expert --preset small --model "$base" --name driver --out "$out/driver" \
  --data assets/tasks/driver/train.jsonl --valid assets/tasks/driver/valid.jsonl >&2
title "driver as trained here: its own task (a few points apart on another processor)"
"$phatgoose" eval --log quiet --model "$base" --expert "$out/driver" --suite assets/suites/quickstart-own.yaml \
  --tasks driver --out "$out/trained-here"
