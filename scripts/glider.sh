#!/usr/bin/env bash
# glider.sh: what descriptions add to the gates, in miniature: every alpha, per task and per row, for each source of texts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: scripts/glider.sh [--out DIR] [--experts DIR]... [--encoder DIR] [--limit N]

For every library of experts (each of a seed of its own): descriptions by the rule, and those by a language model that are
in docs/results/glider; GLIDER with each, and the consensus of gates; every alpha on the held-in suite and the three
held-out ones. Everything is under DIR (runs/glider); the page is DIR/glider.md. Stopped and run again, it continues.

  --experts DIR   a library of experts with gates (assets/experts); may be repeated
  --encoder DIR   a sentence encoder for the descriptions; default: the base's own encoder
  --limit N       only the first N rows of each task
TEXT
}

out=runs/glider libraries=() encoder=() limit=()
while (($#)); do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --out) out=${2:?--out needs a directory}; shift 2 ;;
    --experts) libraries+=("${2:?--experts needs a directory}"); shift 2 ;;
    --encoder) encoder=(--encoder "$(realpath "${2:?--encoder needs a directory}")"); shift 2 ;;
    --limit) limit=(--limit "${2:?--limit needs a number}"); shift 2 ;;
    *) usage >&2; exit 2 ;;
  esac
done
((${#libraries[@]})) || libraries=(assets/experts)

readonly phatgoose=build/release/bin/phatgoose base=assets/base texts=docs/results/glider
readonly suites=(held-in new-words several-skills two-hops) alphas=(0 1 3 10 30 100 auto)
say() { printf '\n== %s\n' "$*" >&2; }
describe() { "$phatgoose" describe --log quiet "$@" > /dev/null; }

# Copies of the library, since a description lies in the expert's directory.
experts_of() { # SOURCE LIBRARY
  [[ -d $run/$1/experts ]] || { mkdir -p "$run/$1" && cp -r "$2" "$run/$1/experts.new" && mv "$run/$1/experts.new" "$run/$1/experts"; }
}

by_rule() { # LIBRARY
  experts_of rule "$1"
  describe --source rule --model "$base" --library "$run/rule/experts" --data 'assets/tasks/{name}/train.jsonl' "${encoder[@]}"
  local suite
  for suite in "${suites[@]}"; do
    describe --source rule --suite "$suite" --out "$run/rule/$suite.task.jsonl"
    describe --source rule --suite "$suite" --per query --out "$run/rule/$suite.query.jsonl" "${limit[@]}"
  done
}

# What the language model wrote is in the repository: texts of experts, and for each suite a file of descriptions.
by_model() { # LIBRARY
  experts_of model "$1"
  describe --texts "$texts/experts.yaml" --model "$base" --library "$run/model/experts" "${encoder[@]}"
  local suite
  for suite in "${suites[@]}"; do cp "$texts/$suite.task.jsonl" "$run/model/"; done
}

build() { # NAME ROUTER LIBRARY
  [[ -f $run/$1/manifest.json ]] || "$phatgoose" build --router "$2" --model "$base" --library "$3" --out "$run/$1" >&2
}

# The methods of a suite, as a methods file next to the directories that it names.
write_methods() { # SUITE
  local source per alpha line
  echo "- {name: phatgoose, routed: phatgoose}"
  for source in "${sources[@]}"; do
    for per in task query; do
      [[ -f $run/$source/$1.$per.jsonl ]] || continue
      for alpha in "${alphas[@]}"; do
        line="name: $source-$per-$alpha, routed: $source/routed, global-alpha: $alpha, descriptions: $source/$1.$per.jsonl"
        echo "- {$line${encoder[1]:+, encoder: ${encoder[1]}}}"
      done
    done
  done
  for alpha in "${alphas[@]}"; do
    [[ $alpha == auto ]] || echo "- {name: consensus-$alpha, routed: consensus, global-alpha: $alpha}"
  done
}

say "Build"
scripts/build.sh release programs >&2
for number in "${!libraries[@]}"; do
  run=$out/library-$number sources=(rule)
  say "Library $number: descriptions"
  by_rule "${libraries[number]}"
  if [[ -d $texts ]]; then
    by_model "${libraries[number]}"
    sources+=(model)
  fi
  build phatgoose phatgoose "$run/rule/experts"
  build consensus consensus "$run/rule/experts"
  for source in "${sources[@]}"; do build "$source/routed" glider "$run/$source/experts"; done
  for suite in "${suites[@]}"; do
    say "Library $number: $suite"
    write_methods "$suite" > "$run/methods-$suite.yaml"
    "$phatgoose" eval --log quiet --model "$base" --methods "$run/methods-$suite.yaml" --compare-to phatgoose \
      --suite "$suite" "${limit[@]}" --out "$run/$suite" > "$run/$suite.txt"
  done
done

say "Page"
scripts/glider_page.py "$out" > "$out/glider.md"
echo "$out/glider.md"
