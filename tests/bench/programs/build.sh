#!/bin/sh
# build.sh SOURCES PROGRAM KIND OUT - compiles an unmodified program (fetch.sh) for one contender.
# KIND: wasm, gcc or clang. A PROGRAM-bulk is PROGRAM with -mbulk-memory.
set -eu
sources=$(realpath "$1") program=${2%-bulk} kind=$3 out=$(realpath -m "$4")
here=$(realpath "$(dirname "$0")")
s=$sources/$program
flags= files= libs=-lm wasm_flags=
[ "$program" = "$2" ] || wasm_flags=-mbulk-memory

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
cjpeg | djpeg)
    s=$sources/libjpeg-turbo
    # what its cmake would write: no SIMD, which wasm could not take, and no arithmetic coding
    mkdir -p "$out.include"
    printf '#define %s\n' 'JPEG_LIB_VERSION 62' 'LIBJPEG_TURBO_VERSION 2.1.5' \
        'LIBJPEG_TURBO_VERSION_NUMBER 2001005' 'MEM_SRCDST_SUPPORTED 1' 'BITS_IN_JSAMPLE 8' \
        > "$out.include/jconfig.h"
    printf '#define %s\n' 'BUILD ""' 'INLINE inline' 'THREAD_LOCAL' 'PACKAGE_NAME "libjpeg-turbo"' \
        'VERSION "2.1.5"' 'SIZEOF_SIZE_T __SIZEOF_SIZE_T__' 'FALLTHROUGH' \
        > "$out.include/jconfigint.h"
    sed 's/@COPYRIGHT_YEAR@/2023/' "$s/jversion.h.in" > "$out.include/jversion.h"
    flags="-I$out.include -I$s -DPPM_SUPPORTED -DGIF_SUPPORTED"
    for f in capimin capistd ccoefct ccolor cdctmgr chuff cicc cinit cmainct cmarker cmaster \
        comapi cparam cphuff cprepct csample ctrans dapimin dapistd datadst datasrc dcoefct dcolor \
        ddctmgr dhuff dicc dinput dmainct dmarker dmaster dmerge dphuff dpostct dsample dtrans \
        error fdctflt fdctfst fdctint idctflt idctfst idctint idctred memmgr memnobs quant1 \
        quant2 simd_none utils; do
        files="$files $s/j$f.c"
    done
    files="$files $s/$program.c $s/cdjpeg.c $s/rdswitch.c"
    [ $program = cjpeg ] && files="$files $s/rdgif.c $s/rdppm.c" ||
        files="$files $s/rdcolmap.c $s/wrgif.c $s/wrppm.c" ;;
hello)
    files=$here/hello.c ;;
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
        $wasm_flags \
        -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_GETPID \
        -D_WASI_EMULATED_MMAN -I"$here/include" -include "$here/glue.h" $flags \
        -c $files "$here/glue.c"
    wasm-ld-19 -m wasm32 -L/usr/lib/wasm32-wasi /usr/lib/wasm32-wasi/crt1-command.o ./*.o -lc -lm \
        -lwasi-emulated-signal -lwasi-emulated-process-clocks -lwasi-emulated-getpid \
        -lwasi-emulated-mman --strip-debug -z stack-size=1048576 \
        /usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a -o "$out" ;;
esac
