#!/bin/sh
# usb.sh IMAGE DEVICE - writes the image to a USB stick: asks first, refuses what is mounted or not
# a whole disk, reads back and compares afterwards.
set -eu
image=$1 dev=${2-}
die() { echo "usb: $*" >&2; exit 1; }
[ -n "$dev" ] || die "say which disk: make usb DEV=/dev/sdX"
[ -b "$dev" ] || die "$dev is not a block device"
[ "$(lsblk -dno TYPE "$dev")" = disk ] || die "$dev is not a whole disk"
if lsblk -nro MOUNTPOINTS "$dev" | grep -q .; then
    die "$dev is mounted or in use: $(lsblk -nro MOUNTPOINTS "$dev" | tr '\n' ' ')"
fi
[ -w "$dev" ] || die "no permission to write to $dev (try sudo make usb DEV=$dev)"
size=$(stat -c %s "$image")
[ "$(lsblk -bdno SIZE "$dev")" -ge "$size" ] || die "$dev is smaller than the image"
lsblk -do NAME,SIZE,VENDOR,MODEL,TRAN "$dev"
printf 'Everything on %s will be lost. Type yes to go on: ' "$dev"
read -r answer
[ "$answer" = yes ] || die "nothing written"
dd if="$image" of="$dev" bs=4M conv=fsync status=progress
blockdev --flushbufs "$dev" 2>/dev/null || true
cmp -n "$size" "$image" "$dev" || die "what was read back differs: the stick is bad"
echo "usb: $image written to $dev and verified"
