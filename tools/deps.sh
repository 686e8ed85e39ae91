#!/bin/sh
# deps.sh [--check] [SET...] - installs the Debian packages of the sets that are missing. Silent if
# all are there. --check installs nothing: it says what is missing, and how to get it, and fails.
# Sets: base (build and tests: the default), bench, fuzz, programs (`make bench`, `fuzz`,
# `test-programs`).
set -eu
check=
[ "${1:-}" = --check ] && check=1 && shift
[ $# -gt 0 ] || set -- base
packages=
for set; do
    packages="$packages make gcc libc6-dev binutils python3 clang-19 wabt"
    case $set in
    base) packages="$packages nasm lld-19 libclang-rt-19-dev-wasm32 grub-common grub-pc-bin
        grub-efi-amd64-bin xorriso mtools qemu-system-x86 ovmf" ;;
    bench | programs) packages="$packages lld-19 libclang-rt-19-dev-wasm32 wasi-libc nodejs npm
        dpkg-dev tcl debian-archive-keyring ca-certificates" ;;
    fuzz) packages="$packages libclang-rt-19-dev binaryen nodejs" ;;
    *) echo "deps.sh: no set $set" >&2; exit 2 ;;
    esac
done
missing=
for p in $packages; do
    case "$missing " in *" $p "*) continue ;; esac
    [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null || true)" = "ii " ] && continue
    # npm comes with other packages of node, too
    [ "$p" = npm ] && command -v npm > /dev/null && continue
    missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ -n "$check" ]; then
    echo "missing packages:$missing" >&2
    echo "\`make deps-$1\` installs them" >&2
    exit 1
fi
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
