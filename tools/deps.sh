#!/bin/sh
# deps.sh - installs the Debian packages that the build and the tests need. Silent if all are there.
set -eu
packages="make gcc libc6-dev binutils nasm clang-19 lld-19 libclang-rt-19-dev-wasm32 grub-common
    grub-pc-bin grub-efi-amd64-bin xorriso mtools qemu-system-x86 ovmf wabt python3
    libclang-rt-19-dev binaryen nodejs"
missing=
for p in $packages; do
    [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null || true)" = "ii " ] ||
        missing="$missing $p"
done
[ -n "$missing" ] || exit 0
sudo=
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
fi
echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { $sudo apt-get update -qq &&
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            $missing; } > "$log" 2>&1 < /dev/null; then
    cat "$log" >&2
    exit 1
fi
