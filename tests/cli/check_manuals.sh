#!/usr/bin/env bash
# check_manuals.sh PHATGOOSE: every manual page formats without a warning and names the options. Needs groff; without it
# the test is skipped.
set -euo pipefail
phatgoose=$1
command -v groff > /dev/null || { echo "no groff here"; exit 77; }

read -ra commands <<< "$("$phatgoose" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]\{1,\}\) .*/\1/p' | tr '\n' ' ')"
((${#commands[@]} > 10)) || { echo "only the commands ${commands[*]}"; exit 1; }

for command in '' "${commands[@]}"; do
  page=$("$phatgoose" --dump-man ${command:+"$command"})
  warnings=$(groff -man -Tutf8 -ww -z 2>&1 <<< "$page")
  [[ -z $warnings ]] || { echo "phatgoose $command: $warnings"; exit 1; }
  shown=$(GROFF_NO_SGR=1 groff -man -Tascii -P-cbou <<< "$page")
  [[ $shown == *NAME*SYNOPSIS*OPTIONS*"SEE ALSO"* ]] || { echo "phatgoose $command: sections are missing"; exit 1; }
done
