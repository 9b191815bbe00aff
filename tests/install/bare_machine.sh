#!/usr/bin/env bash
# bare_machine.sh BUILD: makes the packages of a build, and runs them in a root directory that has nothing but Debian's
# essential packages: first the archive, then the .deb with what it depends on. Needs root, mmdebstrap or debootstrap, and
# a mirror of Debian; without these it says so and exits with status 77.
set -euo pipefail

skip() { echo "skipped: $*" >&2; exit 77; }

build=${1:?usage: bare_machine.sh BUILD}
[[ $(id -u) == 0 ]] || skip "chroot needs root"
# shellcheck disable=SC1091
release=$(. /etc/os-release && [[ $ID == debian ]] && echo "$VERSION_CODENAME") || skip "not a Debian system"

work=$(mktemp -d)
trap 'umount "$work/root/proc" 2> /dev/null || true; rm -rf "$work"' EXIT
root=$work/root
if command -v mmdebstrap > /dev/null; then
  mmdebstrap --quiet --variant=minbase "$release" "$root" || skip "no bare system could be made"
elif command -v debootstrap > /dev/null; then
  debootstrap --variant=minbase "$release" "$root" > /dev/null || skip "no bare system could be made"
else
  skip "neither mmdebstrap nor debootstrap is installed"
fi
mount -t proc proc "$root/proc"
cp /etc/resolv.conf "$root/etc/"

cpack --config "$build/CPackConfig.cmake" -B "$work/packages" > /dev/null
ls -lh "$work"/packages/phatgoose*

# in_root COMMAND...: with an empty environment, in a directory of its own.
in_root() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; }

# use PROGRAM NAME: what each package must be able to do; NAME tells their products apart.
use() {
  local data
  in_root "$1" --version
  data=$(in_root "$1" --data-dir)
  in_root "$1" build --model "$data/assets/base" --library "$data/assets/experts" --out "/tmp/routed-$2" > /dev/null
  in_root "$1" eval --model "$data/assets/base" --routed "/tmp/routed-$2" --suite held-in --tasks food --limit 20 \
    --out "/tmp/results-$2"
}

echo "--- archive"
tar -xzf "$work"/packages/phatgoose-*.tar.gz -C "$root/opt"
mv "$root"/opt/phatgoose-* "$root/opt/moved"
use /opt/moved/bin/phatgoose archive
rm -rf "$root/opt/moved"

echo "--- .deb"
cp "$work"/packages/phatgoose_*.deb "$root/tmp/phatgoose.deb"
dpkg-deb --field "$root/tmp/phatgoose.deb" Package Version Depends Installed-Size
in_root apt-get update -qq
in_root apt-get install -qq --yes --no-install-recommends /tmp/phatgoose.deb > "$work/apt.log" 2>&1 \
  || { cat "$work/apt.log"; exit 1; }
use /usr/bin/phatgoose deb
in_root apt-get remove -qq --yes phatgoose > /dev/null 2>&1
if [[ -e $root/usr/lib/phatgoose || -e $root/usr/share/phatgoose ]]; then
  echo "the removed package left files behind"
  exit 1
fi
