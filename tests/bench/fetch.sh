#!/bin/sh
# fetch.sh DIR - unpacks the Debian source packages of the benchmark programs in DIR.
# The system's package sources stay as they are: apt gets a configuration and lists of its own.
set -eu
packages="sqlite3 zstd brotli bzip2 lua5.4 libjpeg-turbo"
dir=$1
mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
cd "$dir"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
echo "deb-src [signed-by=$keyring] $mirror bookworm main" > apt/sources.list
apt="-o Dir::Etc::sourcelist=$PWD/apt/sources.list -o Dir::Etc::sourceparts=-
    -o Dir::State::lists=$PWD/apt/lists -o Dir::Cache=$PWD/apt/cache -o APT::Get::List-Cleanup=0
    -o APT::Sandbox::User=root -o Acquire::Languages=none"
apt-get $apt -qq update
for p in $packages; do
    [ -d "$p" ] && continue
    mkdir "$p.new"
    (cd "$p.new" && apt-get $apt -qq source "$p")
    mv "$p.new"/*/ "$p"
    rm -rf "$p.new"
done
if [ ! -f sqlite3.amalgamation/sqlite3.c ]; then
    mkdir -p sqlite3.amalgamation
    (cd sqlite3.amalgamation && sh ../sqlite3/configure --disable-readline && make sqlite3.c) \
        > sqlite3.log 2>&1
fi
