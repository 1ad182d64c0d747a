#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks everything that corefly needs of the workstation, all at once, and installs what Debian's packages can.
# Usage: prerequisites.sh npm|up|test
set -eu

# name of what is needed : how it is recognised : Debian package that brings it
# What `make check` needs: npm, and the library that the project's own Node is linked with.
npm_needs='
npm:command -v npm:npm
libatomic:ls /usr/lib/*/libatomic.so.1:libatomic1
'
up_needs="$npm_needs"'
python3:command -v python3:python3
pip:python3 -m pip --version:python3-pip
git:command -v git:git
gcc:command -v gcc:gcc
C headers:test -e /usr/include/stdio.h:libc6-dev
libblkid headers:test -e /usr/include/blkid/blkid.h:libblkid-dev
pkg-config:command -v pkg-config:pkg-config
qemu:command -v qemu-system-x86_64:qemu-system-x86
qemu-img:command -v qemu-img:qemu-utils
debootstrap:command -v debootstrap:debootstrap
mkfs.ext4:command -v mkfs.ext4:e2fsprogs
xz:command -v xz:xz-utils
certificates:test -e /etc/ssl/certs/ca-certificates.crt:ca-certificates
'
test_needs="$up_needs"'
crun:command -v crun:crun
conmon:command -v conmon:conmon
catatonit:command -v catatonit:catatonit
docker-registry:command -v docker-registry:docker-registry
nft:command -v nft:nftables
ip:command -v ip:iproute2
gpg:command -v gpg:gpg
gpg-agent:command -v gpg-agent:gpg-agent
busybox:command -v busybox:busybox-static
ps:command -v ps:procps
chromium:command -v chromium-headless-shell:chromium-headless-shell
'

missing_packages() {
  printf '%s' "$1" | while IFS=: read -r name check package; do
    [ -z "$name" ] || sh -c "$check" >/dev/null 2>&1 || printf '%s\n' "$package"
  done
}

case "${1:-}" in
  npm) needs=$npm_needs ;;
  up) needs=$up_needs ;;
  test) needs=$test_needs ;;
  *) echo "usage: prerequisites.sh npm|up|test" >&2; exit 2 ;;
esac

PATH=$PATH:/usr/sbin:/sbin
packages=$(missing_packages "$needs" | sort -u | tr '\n' ' ')
[ -n "$packages" ] || exit 0

install="apt-get install -y --no-install-recommends $packages"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "corefly needs these Debian packages: $packages" >&2
  echo "Install them as root: apt-get update && $install" >&2
  exit 1
fi

echo "Installing what is missing: $packages"
start=$(date +%s)
log=$(mktemp)
if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install; } >"$log" 2>&1; then
  tail -n 15 "$log" >&2
  echo "Cannot install the packages, tried: apt-get update && $install" >&2
  exit 1
fi
rm -f "$log"
echo "Installed in $(($(date +%s) - start)) s"

packages=$(missing_packages "$needs" | sort -u | tr '\n' ' ')
[ -z "$packages" ] || { echo "Still missing after the installation: $packages" >&2; exit 1; }
