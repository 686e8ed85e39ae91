#!/bin/sh
# iso.sh OUT.iso KERNEL.elf BOOT.tar "KERNEL COMMAND LINE" - one hybrid image that boots as CD and
# as disk or USB stick, under BIOS and UEFI. Only the GRUB modules that grub.cfg needs go in, which
# keeps it to a few megabytes.
set -eu
out=$1 kernel=$2 archive=$3 cmdline=${4-}
work=$(mktemp -d "$(dirname "$out")/iso.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$tree/boot/grub"
cp iso/grub.cfg "$tree/boot/grub/grub.cfg"
strip --strip-debug -o "$tree/boot/selkie.elf" "$kernel"
cp "$archive" "$tree/boot/boot.tar"
printf "set cmdline='%s'\n" "$(printf %s "$cmdline" | tr -d "'")" > "$tree/boot/cmdline.cfg"
find "$tree" -exec touch -h -d @0 {} +
# the part_* that grub.cfg does not need are what GRUB's own start-up asks for
mods="part_acorn part_amiga part_bsd part_dfly part_dvh part_plan part_sun part_sunpc part_gpt
    part_msdos multiboot2 serial normal iso9660 fat all_video gfxterm boot test echo"
if ! grub-mkrescue --fonts= --locales= --themes= --install-modules="$mods configfile search" \
    -o "$out" "$tree" > "$work/log" 2>&1; then
    cat "$work/log" >&2
    exit 1
fi
