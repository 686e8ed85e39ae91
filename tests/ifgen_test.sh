#!/bin/sh
# ifgen_test.sh IFGEN - the id is the hash of the canonical text, comments and spaces do not change
# it, and what is wrong is said with line and column.
set -u
ifgen=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0

check() { # NAME EXPECTED GOT
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "ifgen_test: not ok: $1: expected '$2', got '$3'"
    fi
}

error() { # TEXT EXPECTED
    printf "$1" > "$dir/x.wit"
    check "$1" "$2" "$("$ifgen" "$dir/x.wit" -o "$dir/x.h" 2>&1 | sed "s|^$dir/||")"
}

text='interface demo { f : func ( a : u32 , b : string ) -> ( c : u64 ) ; }'
id=$(printf '%s' "$text" | sha256sum | cut -d' ' -f1)
printf '/* one */ interface demo {\n  f: func(a: u32, b:string)->(c: u64); // two\n}\n' \
    > "$dir/x.wit"
"$ifgen" "$dir/x.wit" -o "$dir/x.h"
check id "#define IFACE_DEMO \"demo@$id\"" "$(grep '#define IFACE_DEMO ' "$dir/x.h")"
check operation "    DEMO_F = 1," "$(grep DEMO_F "$dir/x.h")"
cat > "$dir/x.c" <<EOF
#include "x.h"
_Static_assert(sizeof(struct demo_f_ans) == 16 && sizeof(struct demo_f_req) == 8, "");
EOF
check layout "" "$(cc -c "$dir/x.c" -o "$dir/x.o" 2>&1)"

error 'interface x {\n  f: func(a: u33);\n}' "x.wit:2:14: unknown type 'u33'"
error 'interface x {\n  f: func(a: string, b: u8);\n}' \
    "x.wit:2:22: only a handle can follow a string or list"
error 'interface x {' "x.wit:1:14: expected '}', found the end of the file"
error 'interface x { f: func() }' "x.wit:1:25: expected ';', found '}'"
error 'interface X { }' "x.wit:1:11: expected a name of lower-case words joined by '-'"
error 'interface x { record r { a: string } }' "x.wit:1:29: a record holds only types of fixed size"
error 'interface x { record r { a: u8 } record r { b: u8 } }' "x.wit:1:41: 'r' is defined twice"
error 'interface x { /* }' "x.wit:1:15: this comment has no end"
error 'interface x { f: func(a: list<u8, 0>); }' "x.wit:1:35: expected a length from 1 to 4096"
error 'interface x { } interface y { }' "x.wit:1:17: one interface a file: nothing may follow it"
error 'interface x { f: func(%%); }' "x.wit:1:23: unexpected character '%'"
echo "ifgen_test: $passed passed, $failed failed"
[ "$failed" = 0 ]
