#!/bin/sh
# ksyms.sh [KERNEL.elf [PREFIX BASE [TYPES]]] - the kernel's symbol table as nasm source on stdout;
# empty without a kernel. The kernel is linked twice: with an empty table, then with the one made
# from the first link. PREFIX: how addresses of its functions begin; BASE: KERNEL_BASE, its low 32
# bits in hex. TYPES: of nm, functions if nothing is said.
echo 'section .ksyms progbits alloc noexec nowrite align=16'
echo 'global symbol_count, symbol_table, symbol_names'
if [ $# -eq 0 ]; then
    echo 'symbol_count: dd 0'
    echo 'symbol_table:'
    echo 'symbol_names:'
    exit 0
fi
nm "$1" | awk -v prefix="^${2-ffffffff8}" -v types="^[${4-tT}]$" \
    '$2 ~ types && $1 ~ prefix && $3 !~ /\./ { print substr($1, 9), $3 }' |
    LC_ALL=C sort | awk -v base="${3-80000000}" '
    { n++; addr[n] = $1; name[n] = $2 }
    END {
        printf "symbol_count: dd %d\nalign 8\nsymbol_table:\n", n
        off = 0
        for (i = 1; i <= n; i++) {
            printf "dd 0x%s - 0x%s, %d\n", addr[i], base, off
            off += length(name[i]) + 1
        }
        print "symbol_names:"
        for (i = 1; i <= n; i++)
            printf "db \"%s\", 0\n", name[i]
    }'
