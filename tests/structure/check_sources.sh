#!/usr/bin/env bash
# check_sources.sh DIRECTORY: rules of the sources that the compiler does not check. Prints every violation; the exit
# status is 1 when there is one.
set -euo pipefail
cd "${1:?usage: check_sources.sh DIRECTORY}/lib/phatgoose"
violations=0

# A folder may include itself and what stands before it (folders of one line are independent of each other).
order=(
  "base"
  "text store"
  "settings data"
  "describe"
  "scoring"
  "report"
  "nn"
  "adapters embed"
  "task_moe"
  "routing"
  "train eval"
  "jobs"
  "bench"
)
without_torch="base settings text store data describe scoring report"

violation() {
  echo "$1"
  violations=$((violations + 1))
}

# Prints FILE:LINE:TEXT for a pattern in the sources below the given folders; no match is no error.
find_lines() {
  grep --recursive --line-number --extended-regexp --include='*.h' --include='*.cpp' "$@" || true
}

rank_of() {
  local i
  for i in "${!order[@]}"; do
    [[ " ${order[i]} " == *" $1 "* ]] && { echo "$i"; return; }
  done
  echo unknown
}

check_order() {
  local line folder included
  while IFS= read -r line; do
    [[ $line =~ ^([a-z_]+)/[^:]*:[0-9]+:.*\"phatgoose/([a-z_]+)/ ]] || continue
    folder=${BASH_REMATCH[1]} included=${BASH_REMATCH[2]}
    [[ $folder == "$included" ]] && continue
    local here there
    here=$(rank_of "$folder") there=$(rank_of "$included")
    if [[ $here == unknown || $there == unknown ]]; then
      violation "$line: folder without a place in the order"
    elif ((there >= here)); then
      violation "$line: $folder must not depend on $included"
    fi
  done < <(find_lines '^ *#include "phatgoose/' -- */)
}

# forbid MESSAGE PATTERN EXCEPTION-PATTERN FOLDER...: no line of these folders matches, files of the exception aside.
forbid() {
  local message=$1 pattern=$2 exception=${3:-^$} line
  shift 3
  while IFS= read -r line; do
    [[ -n $line ]] || continue
    [[ ${line%%:*} =~ $exception ]] || violation "$line: $message"
  done < <(find_lines "$pattern" -- "$@")
}

existing() {
  local folder
  for folder in "$@"; do [[ -d $folder ]] && echo "$folder"; done
}

# Prints the sources and headers that no chain of includes connects with LibTorch.
without_libtorch() {
  # shellcheck disable=SC2016  # awk's own variables
  find . \( -name '*.h' -o -name '*.cpp' \) -printf '%P\n' | sort | xargs awk '
    FNR == 1 { files[++count] = FILENAME }
    match($0, /^ *#include <(ATen|torch|c10)\//) { needs[FILENAME] = 1 }
    match($0, /^ *#include "phatgoose\/[^"]*"/) { split($0, part, "\""); includes[FILENAME] = includes[FILENAME] " " substr(part[2], 11) }
    END {
      do {
        found = 0
        for (i = 1; i <= count; ++i) {
          size = split(includes[files[i]], names, " ")
          for (j = 1; j <= size; ++j) if (names[j] in needs && !(files[i] in needs)) { needs[files[i]] = 1; found = 1 }
        }
      } while (found)
      for (i = 1; i <= count; ++i) if (!(files[i] in needs)) print files[i]
    }'
}

# What needs no LibTorch is compiled into the library without it. (The compiler sees to the opposite.)
check_libraries() {
  local source
  while IFS= read -r source; do
    [[ " $without_torch " == *" ${source%/*} "* ]] || grep -qw -- "$source" CMakeLists.txt 2>/dev/null ||
      violation "$source: needs no LibTorch, and is not in phatgoose_core"
  done < <(without_libtorch | grep '\.cpp$')
}

check_order
check_libraries
# shellcheck disable=SC2086,SC2046  # lists of folder names
forbid "LibTorch below nn" '#include <(ATen|torch|c10)/' '' $(existing $without_torch)
forbid "the heavy header in a header" '#include <torch/torch\.h>' '\.cpp$' ./*/
forbid "CLI11 outside the option parser" '#include <CLI/' '/base/options_cli\.cpp$' ./*/
forbid "the library does not print" 'std::(cout|cerr|clog)|\b(printf|puts|putchar)\(|[(,] *(stderr|stdout)\b' '/base/terminal\.cpp$' ./*/
forbid "the library does not end the process" '\b(std::)?(exit|_exit|quick_exit|abort|terminate)\(' '' ./*/
# MKL's vector functions, which LibTorch uses for these on the CPU, may give other bits in their first parallel call.
# shellcheck disable=SC2046  # a list of folder names
forbid "a tensor function whose bits vary (nn/loss.cpp says why)" \
  '(\bat::|\.)(exp|log|log2|log10|logsumexp|sin|cos|tan|tanh|erf|erfc)_?\(' '^nn/loss\.cpp$' $(existing nn adapters embed task_moe routing train eval jobs)
while IFS= read -r header; do
  violation "$header: header without #pragma once"
done < <(find . -name '*.h' -exec grep --files-without-match '^#pragma once' {} + || true)

((violations == 0))
