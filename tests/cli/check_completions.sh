#!/usr/bin/env bash
# check_completions.sh PHATGOOSE: bash completes with the generated script; zsh and fish, where they are installed, can
# read theirs.
set -euo pipefail
phatgoose=$(realpath "$1")
failures=0

# shellcheck disable=SC1090  # generated
source <("$phatgoose" --dump-completion bash)

# expect WORDS REPLY...: after these words, of which the last is being typed, at least these replies are offered.
expect() {
  read -ra COMP_WORDS <<< "$1"
  [[ $1 != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _phatgoose || true
  local reply
  for reply in "${@:2}"; do
    [[ " ${COMPREPLY[*]} " == *" $reply "* ]] && continue
    echo "'$1' offers '${COMPREPLY[*]}', not '$reply'"
    failures=$((failures + 1))
  done
}

cd "$("$phatgoose" --data-dir)"
expect 'phatgoose ' eval predict help
expect 'phatgoose ev' eval
expect 'phatgoose help ev' eval
expect 'phatgoose eval --dt' --dtype
expect 'phatgoose eval --dtype ' fp32 bf16
expect 'phatgoose eval --model assets/b' assets/base
expect 'phatgoose train-gate --preset ' small
expect 'phatgoose score --format ' latex csv
expect 'phatgoose score --pa' --pairs
expect 'phatgoose build --ver' --version

check_syntax() {
  local shell=$1
  if ! command -v "$shell" > /dev/null; then
    echo "no $shell here, its completion is not read"
  elif ! "$phatgoose" --dump-completion "$shell" | "$shell" -n /dev/stdin; then
    echo "$shell cannot read its completion"
    failures=$((failures + 1))
  fi
}
check_syntax zsh
check_syntax fish
exit $((failures > 0))
