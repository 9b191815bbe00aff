#!/usr/bin/env bash
# check_bad_sources.sh DIRECTORY: check_sources.sh must report every violation in DIRECTORY/bad_sources, and no other.
set -euo pipefail
cd "${1:?usage: check_bad_sources.sh DIRECTORY}"

if found=$(./check_sources.sh bad_sources); then
  echo "bad_sources passed"
  exit 1
fi
diff <(LC_ALL=C sort <<<"$found") - <<'TEXT'
./base/upward.h: header without #pragma once
./nn/chatty.cpp:7:  std::cout << "sorry\n";: the library does not print
./nn/chatty.cpp:8:  std::exit(1);: the library does not end the process
base/upward.h:1:#include <ATen/ATen.h>: LibTorch below nn
base/upward.h:3:#include "phatgoose/nn/shapes.h": base must not depend on nn
nn/chatty.cpp: needs no LibTorch, and is not in phatgoose_core
nn/chatty.cpp:11:at::Tensor grow(const at::Tensor& x) { return at::exp(x).tanh_(); }: a tensor function whose bits vary (nn/loss.cpp says why)
nn/chatty.cpp:4:#include "phatgoose/odd/folder.h": folder without a place in the order
TEXT
