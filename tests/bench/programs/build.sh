#!/bin/sh
# build.sh SOURCES PROGRAM KIND OUT - compiles an unmodified program (fetch.sh) for one contender.
# KIND: wasm, gcc or clang.
set -eu
sources=$(realpath "$1") program=$2 kind=$3 out=$(realpath -m "$4")
here=$(realpath "$(dirname "$0")")
s=$sources/$program
flags= files= libs=-lm

case $program in
sqlite3)
    # the amalgamation is made by the package's own makefile
    work=$out.work
    mkdir -p "$work"
    cd "$work"
    amalgamation=$sources/sqlite3.amalgamation
    flags="-I$amalgamation -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL"
    files="$amalgamation/sqlite3.c $s/test/speedtest1.c"
    [ $kind = wasm ] && flags="$flags -DLONGDOUBLE_TYPE=double -DF_RDLCK=0 -DF_WRLCK=1 -DF_UNLCK=2
        -DF_GETLK=5 -DF_SETLK=6 -DF_SETLKW=7"
    libs="-lm -ldl" ;;
zstd)
    flags="-DZSTD_DISABLE_ASM -DZSTD_NOBENCH -DZSTD_NODICT -DZSTD_NOTRACE -I$s/lib -I$s/lib/common"
    files="$s/lib/common/*.c $s/lib/compress/*.c $s/lib/decompress/*.c $s/lib/dictBuilder/*.c
        $s/programs/fileio.c $s/programs/fileio_asyncio.c $s/programs/timefn.c
        $s/programs/util.c $s/programs/zstdcli.c" ;;
brotli)
    flags=-I$s/c/include
    files="$s/c/common/*.c $s/c/dec/*.c $s/c/enc/*.c $s/c/tools/*.c" ;;
bzip2)
    for f in blocksort bzip2 bzlib compress crctable decompress huffman randtable; do
        files="$files $s/$f.c"
    done ;;
lua5.4)
    flags="-I$out.include"
    mkdir -p "$out.include"
    : > "$out.include/lua5.4-deb-multiarch.h"
    echo '#define DEB_HOST_MULTIARCH "none"' > "$out.include/lua5.4-deb-multiarch.h"
    for f in "$s"/src/*.c; do
        [ "$(basename "$f")" = luac.c ] || files="$files $f"
    done
    # errors end the program: no exceptions are needed
    [ $kind = wasm ] && flags="$flags -Dluai_jmpbuf=int -DLUAI_THROW(L,c)=abort()
        -DLUAI_TRY(L,c,a)={a}" ;;
esac

case $kind in
gcc) gcc -O2 -w $flags $files -o "$out" $libs ;;
clang) clang-19 -O3 -w $flags $files -o "$out" $libs ;;
wasm)
    rm -rf "$out.o"
    mkdir -p "$out.o"
    cd "$out.o"
    clang-19 --target=wasm32-wasi -nostdlibinc -isystem /usr/include/wasm32-wasi -O2 -w \
        -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_GETPID \
        -D_WASI_EMULATED_MMAN -I"$here/include" -include "$here/glue.h" $flags \
        -c $files "$here/glue.c"
    wasm-ld-19 -m wasm32 -L/usr/lib/wasm32-wasi /usr/lib/wasm32-wasi/crt1-command.o ./*.o -lc -lm \
        -lwasi-emulated-signal -lwasi-emulated-process-clocks -lwasi-emulated-getpid \
        -lwasi-emulated-mman --strip-debug -z stack-size=1048576 \
        /usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a -o "$out" ;;
esac
