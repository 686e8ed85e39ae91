#!/bin/sh
# run.sh BUILD - the ISO of BUILD in QEMU, serial console on this terminal. What `make run` takes
# comes as environment: SMP MEM UEFI WINDOW PROGRAM APPEND. With PROGRAM or APPEND an ISO of its own
# is made.
set -eu
build=$1
iso=$build/selkie.iso
append=${APPEND-}
if [ -n "${PROGRAM-}" ] || [ -n "$append" ]; then
    dir=$build/run
    rm -rf "$dir"
    mkdir -p "$dir"
    iso=$dir/selkie.iso
    cp "$build/boot.tar" "$dir/boot.tar"
    if [ -n "${PROGRAM-}" ]; then
        name=$(basename "$PROGRAM" .wasm)
        cp "$PROGRAM" "$dir/$name.wasm"
        tar --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=644 \
            -rf "$dir/boot.tar" -C "$dir" "$name.wasm"
        append="run=$name $append"
    fi
    tools/iso.sh "$iso" "$build/selkie.elf" "$dir/boot.tar" "$append"
fi
set -- -M q35 -cpu max -m "${MEM:-512}" -smp "${SMP:-1}" -no-reboot -nic none -serial mon:stdio \
    -drive "if=none,id=cd,media=cdrom,format=raw,readonly=on,file=$iso" \
    -device ide-cd,drive=cd,bootindex=0
if [ -n "${UEFI-}" ] && [ "${UEFI-}" != 0 ]; then
    cp /usr/share/OVMF/OVMF_VARS_4M.fd "$build/uefi-vars.fd"
    set -- "$@" -drive "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd" \
        -drive "if=pflash,format=raw,file=$build/uefi-vars.fd"
fi
if [ -z "${WINDOW-}" ] || [ "${WINDOW-}" = 0 ]; then
    set -- "$@" -display none
elif ! qemu-system-x86_64 -display help 2> /dev/null | grep -Eq 'gtk|sdl|cocoa'; then
    echo "run: a window needs the Debian package qemu-system-gui" >&2
    exit 1
fi
exec qemu-system-x86_64 "$@"
