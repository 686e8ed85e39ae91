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

# what a note says is part of the text, other comments are not
printf '/// @states a b\ninterface n {\n  /// Words.\n  /// @state a -> b\n  f: func();\n}' \
    > "$dir/n.wit"
check notes "@states a b ; interface n { @state a -> b ; f : func ( ) ; }" \
    "$("$ifgen" --text "$dir/n.wit")"
check id-of-text "n@$("$ifgen" --text "$dir/n.wit" | tr -d '\n' | sha256sum | cut -d' ' -f1)" \
    "$("$ifgen" --id "$dir/n.wit")"
check table " 1 f                send  request 4 bytes  in a -> b" \
    "$("$ifgen" --table "$dir/n.wit")"
# an interface that another one names is part of it, by its id
printf 'interface user {\n  f: func(a: own<n>, b: option<own<process>>);\n}' > "$dir/user.wit"
check naming "interface user { f : func ( a : own < $("$ifgen" --id "$dir/n.wit") > , b : \
option < own < process > > ) ; }" "$("$ifgen" --text "$dir/user.wit")"
"$ifgen" "$dir/user.wit" -o "$dir/user.h" -d "$dir/user.d"
check depends "$dir/user.h: $dir/n.wit $dir/user.wit" "$(cat "$dir/user.d")"
printf 'interface a { f: func(b: own<b>); }' > "$dir/a.wit"
printf 'interface b { f: func(a: own<a>); }' > "$dir/b.wit"
check circle 1 "$("$ifgen" --id "$dir/a.wit" 2>&1 | grep -c 'in a circle have no ids')"
check help 0 "$("$ifgen" --help | grep -q '^usage: ifgen' ; echo $?)"
check "no arguments" 2 "$("$ifgen" > /dev/null 2>&1 ; echo $?)"

error 'interface x {\n  f: func(a: u33);\n}' "x.wit:2:14: unknown type 'u33'; there are u8-u64, \
s8-s64, string, list<T>, list<T, N>, own<NAME>, and what is defined above"
error 'interface x {\n  f: func(a: string, b: u8);\n}' \
    "x.wit:2:22: only a handle can follow a string or list; put 'a' last"
error 'interface x {' \
    "x.wit:1:14: expected a name of lower-case words joined by '-', found the end of the text"
error 'interface x { f: func() }' "x.wit:1:25: expected ';', found '}'"
error 'interface X { }' \
    "x.wit:1:11: expected a name of lower-case words joined by '-', found 'X'"
error 'interface x { record r { a: string } }' "x.wit:1:29: a record holds only types of fixed \
size; a string in it is list<u8, N>"
error 'interface x { record r { a: u8 } record r { b: u8 } }' \
    "x.wit:1:41: 'r' is defined twice; rename one"
error 'interface x { record r { a: u8, a: u8 } }' "x.wit:1:33: 'a' is here twice; rename one"
error 'interface x { f: func(); f: func(); }' "x.wit:1:26: 'f' is here twice; rename one"
error 'interface x { /* }' "x.wit:1:15: this comment has no end; close it with */"
error 'interface x { f: func(a: list<u8, 0>); }' \
    "x.wit:1:35: expected a length from 1 to 4096, found '0'"
error 'interface x { f: func(a: list<u64, 2000>); }' \
    "x.wit:1:31: larger than a message can be, 8192 bytes"
error 'interface x { f: func(a: list<u8, 4096>, b: list<u8, 4096>); }' \
    "x.wit:1:42: with this the structure is larger than a message, 8192 bytes"
error 'interface x { } interface y { }' "x.wit:1:17: one interface a file: nothing may follow it"
error 'interface x { f: func(%%); }' "x.wit:1:23: unexpected character '%'"
error 'interface x { f: func(a: own<y>); }' "x.wit:1:30: there is no interface 'y' beside this \
one; of none are own<channel>, own<process>, own<block> and own<interrupt>"
error 'interface x { f: func(a: option<own<x>>, b: own<x>); }' \
    "x.wit:1:42: a handle that may be missing comes last; put it behind this"
error '/// @states a b\ninterface x { f: func(); }' "x.wit:1:15: no operation leads to state 'b'"
error '/// @states a a\ninterface x { }' "x.wit:1:15: 'a' is here twice"
error 'interface x {\n  /// @state b\n  f: func(); }' "x.wit:2:14: unknown state 'b'; name it in \
\`/// @states ..\` in front of the interface"
error 'interface x {\n  /// @stat b\n  f: func(); }' "x.wit:2:7: unknown note '@stat'; there are \
@state, @event, @max, and @states in front of the interface"
error 'interface x {\n  /// @event x\n  f: func(); }' "x.wit:2:14: expected ';', found 'x'"
error 'interface x {\n  /// @max\n  f: func(); }' "x.wit:2:11: expected a name of lower-case \
words joined by '-', found the end of the line"
error 'interface x {\n  /// @max y 3\n  f: func(); }' \
    "x.wit:3:3: @max names no string or list of 'f'"
error 'interface x {\n  /// @event\n  f: func() -> (); }' \
    "x.wit:3:3: 'f' is an event, which has no answer; take \`-> ..\` away"
error 'interface x { @state a f: func(); }' \
    "x.wit:1:15: '@' stands in a line of its own: /// @state .."
error '/// @states a b\ninterface x {\n/// @state a -> b | a\n  f: func(); }' \
    "x.wit:4:3: 'f' has no answer; its note is @state FROM -> TO"
error '/// @states a b\ninterface x {\n/// @state a, b -> a -> b\n  f: func() -> (); }' \
    "x.wit:3:12: which state after an answer that is an error? Say it: .. | STATE"
error 'interface x { f: func(a: abcdefghijklmnopqrstuvwxyzabcdefg); }' "x.wit:1:26: \
'abcdefghijklmnopqrstuvwxyzabcdefg..' is longer than 31 characters; choose a shorter name"
echo "ifgen_test: $passed passed, $failed failed"
[ "$failed" = 0 ]
