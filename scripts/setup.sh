#!/usr/bin/env bash
# setup.sh: makes sure that everything needed to build is there, and leaves LibTorch at .deps/libtorch.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly torch_version=2.13.0  # what is downloaded; 2.8 and later work
readonly cpu_index=https://download.pytorch.org/whl/cpu
readonly packages=(g++ cmake ninja-build ccache pkg-config git unzip python3 python3-pip python3-venv python3-jsonschema
                   shellcheck catch2 libcli11-dev libyaml-cpp-dev libsentencepiece-dev libfmt-dev nlohmann-json3-dev
                   libxxhash-dev libicu-dev zlib1g-dev libcurl4-openssl-dev ca-certificates)

usage() {
  cat <<'TEXT'
Usage: scripts/setup.sh [--index-url URL]

Installs the missing Debian packages (with apt, when it may) and provides LibTorch, the first of these:
  1. a LibTorch named by the environment: LibTorch_ROOT or CMAKE_PREFIX_PATH
  2. what an earlier run left at .deps/libtorch
  3. the torch package that python3 can import, version 2.8 or later
  4. a download of the torch wheel with pip, of which only the headers and libraries are kept
Whichever it is, .deps/libtorch is or points to it. Running the script again does nothing when all is there.

  --index-url URL   the package index for the download (also: PHATGOOSE_TORCH_INDEX); pip's own settings by default
TEXT
}

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

index_url=${PHATGOOSE_TORCH_INDEX:-}
while (($#)); do
  case $1 in
    --index-url) [[ $# -ge 2 ]] || die "--index-url needs an address"; index_url=$2; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; die "unknown argument '$1'" ;;
  esac
done

install_packages() {
  if ! command -v dpkg-query > /dev/null; then
    say "not a Debian system: make sure that the equivalents of these are installed: ${packages[*]}"
    return
  fi
  local package missing=() as_root=()
  for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  if [[ $(id -u) != 0 ]]; then
    sudo -n true 2> /dev/null \
      || die "packages are missing; run: sudo apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo -n)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -q > /dev/null || say "apt-get update failed; trying with the package lists at hand"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" \
    > /dev/null
}

# Prints the torch directory that $1 leads to: itself, or the one whose share/cmake it is.
torch_directory() {
  local directory
  for directory in "$1" "$1/../.."; do
    if [[ -f $directory/include/ATen/ATen.h && -f $directory/lib/libtorch_cpu.so ]]; then
      realpath "$directory"
      return 0
    fi
  done
  return 1
}

torch_of_environment() {
  local prefix prefixes
  IFS=':;' read -ra prefixes <<< "${LibTorch_ROOT:-}:${CMAKE_PREFIX_PATH:-}"
  for prefix in "${prefixes[@]}"; do
    [[ -z $prefix ]] || ! torch_directory "$prefix" || return 0
  done
  return 1
}

torch_of_python() {
  local directory
  directory=$(python3 - <<'PYTHON'
import importlib.metadata, importlib.util, re
spec = importlib.util.find_spec("torch")
if spec and spec.submodule_search_locations:
    version = [int(part) for part in re.findall(r"\d+", importlib.metadata.version("torch"))[:2]]
    if version >= [2, 8]:
        print(spec.submodule_search_locations[0])
PYTHON
  ) && [[ -n $directory ]] && torch_directory "$directory"
}

# Does the wheel that pip would take need CUDA's own libraries?
wheel_needs_cuda() {
  python3 -m pip install -q --dry-run --ignore-installed --no-deps --report - "$@" "torch==$torch_version" \
    | grep -Eq '"(nvidia-|cuda-)'
}

download_torch() {
  local index=() staging
  [[ -z $index_url ]] || index=(--index-url "$index_url")
  if wheel_needs_cuda "${index[@]}"; then
    if command -v nvidia-smi > /dev/null; then
      say "installing torch $torch_version with CUDA into .deps/venv (several GB)"
      python3 -m venv .deps/venv
      .deps/venv/bin/python -m pip install -q "${index[@]}" "torch==$torch_version"
      link_torch "$(echo "$PWD"/.deps/venv/lib/python3*/site-packages/torch)"
      return
    fi
    [[ -z $index_url ]] || die "$index_url offers a CUDA build, and there is no NVIDIA driver here; try $cpu_index"
    say "pip's index offers a CUDA build, and there is no NVIDIA driver here: taking $cpu_index"
    index=(--index-url "$cpu_index")
  fi
  say "downloading torch $torch_version (about 200 MB)"
  staging=$(mktemp -d .deps/download.XXXXXX)
  # shellcheck disable=SC2064  # the directory of now, not of later
  trap "rm -rf '$PWD/$staging'" EXIT
  python3 -m pip download -q --no-deps --dest "$staging" "${index[@]}" "torch==$torch_version"
  unzip -q "$staging"/torch-*.whl 'torch/include/*' torch/lib/libtorch_cpu.so torch/lib/libc10.so 'torch/lib/libgomp*' \
    'torch-*.dist-info/licenses/*' -d "$staging"
  cp -r "$staging"/torch-*.dist-info/licenses "$staging/torch/licenses"
  rm -rf .deps/libtorch
  mv "$staging/torch" .deps/libtorch
}

link_torch() {
  [[ $(realpath -q .deps/libtorch) != "$1" ]] || return 0
  say "using the LibTorch at $1"
  rm -rf .deps/libtorch
  ln -s "$1" .deps/libtorch
}

provide_torch() {
  local directory
  mkdir -p .deps
  if directory=$(torch_of_environment); then
    link_torch "$directory"
  elif torch_directory .deps/libtorch > /dev/null; then
    return
  elif directory=$(torch_of_python); then
    link_torch "$directory"
  else
    download_torch
  fi
}

install_packages
provide_torch
