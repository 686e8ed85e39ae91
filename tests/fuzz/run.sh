#!/bin/sh
# run.sh BUILD MINUTES - all fuzzers, one after the other; stops at the first that finds something.
set -eu
build=$1
minutes=$2
here=tests/fuzz
seeds=$build/fuzz/corpus
mkdir -p "$seeds"
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1

echo "== modules large in one dimension: time and memory in proportion"
python3 $here/hostile.py "$build/host/wasmc"

echo "== cut and changed modules"
for n in 1 2 3 4 5; do
    python3 $here/gen.py $n "$build/fuzz/seed-$n.wasm"
done
"$build/fuzz/mutate" 2000 1 "$build"/fuzz/seed-*.wasm

echo "== any bytes, $minutes minutes"
for f in "$build"/fuzz/seed-*.wasm; do
    { printf '\377'; cat "$f"; } > "$seeds/$(basename "$f")"
done
"$build/fuzz/compile" -max_total_time=$((minutes * 60)) -max_len=65536 -timeout=20 \
    -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 -artifact_prefix="$build/fuzz/" "$seeds"

echo "== what modules compute, $minutes minutes"
python3 $here/fuzz.py --run "$build/host/fuzzrun" --minutes "$minutes" --dir "$build/fuzz"
