#!/usr/bin/env bash
# Every script answers --help on stdout with status 0, and refuses an unknown option with a message on stderr.
set -euo pipefail

failures=0
complain() { echo "$*"; failures=$((failures + 1)); }

for script in scripts/*.sh scripts/*/*.sh; do
  if [[ $script == scripts/test.sh ]]; then options=(); else options=(--no-such-option); fi
  [[ $("$script" --help) == Usage:* ]] || complain "$script --help does not begin with Usage:"
  for option in "${options[@]}"; do
    ! message=$("$script" "$option" 2>&1 > /dev/null) || complain "$script $option succeeded"
    [[ -n $message ]] || complain "$script $option said nothing on stderr"
  done
done
exit $((failures > 0))
