# Benchmarks: kernels built for every contender, and the tables made of them (tests/bench/README.md).
#: make bench       kernels and programs beside other engines: run time, compile time
#:                    COMPARE=file.json  with the results of another run
#:                    ARGS="--groups numeric --rounds 3"  see tests/bench/bench.py --help
#: make bench-compile, bench-passes   compile time alone; each pass off in turn

BENCH := $B/bench
BENCH_SRC := $(filter-out tests/bench/programs/%,$(wildcard tests/bench/*/*.c))
BENCH_NAMES := $(BENCH_SRC:tests/bench/%.c=%)
BENCH_H := tests/bench/bench.h tests/bench/simd/vec.h
BENCH_NATIVE := -std=gnu11 -ffp-contract=off -fno-math-errno -Wno-psabi
BENCH_SIMD = $(if $(filter simd/%,$*),$1)
BENCH_BUILTINS := /usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a
W2C := /usr/share/wabt/wasm2c
W2C_CFLAGS := -std=gnu11 -O2 -w -I/usr/src/wasm2c -I$(W2C)

BENCH_WASM := $(BENCH_NAMES:%=$(BENCH)/%.wasm)
BENCH_ALL := $(BENCH_WASM) $(BENCH_NAMES:%=$(BENCH)/%.gcc) $(BENCH_NAMES:%=$(BENCH)/%.clang) \
	$(patsubst %,$(BENCH)/%.wasm2c,$(filter-out simd/%,$(BENCH_NAMES)))

# only the memory group has bulk memory instructions: Debian's clang-19 does not use them by itself
$(BENCH)/%.wasm: tests/bench/%.c $(BENCH_H)
	@mkdir -p $(@D)
	$(WASM_CC) --target=wasm32-wasi -nostdlibinc -isystem /usr/include/wasm32-wasi -std=gnu11 -O3 \
		$(call BENCH_SIMD,-msimd128) $(if $(filter memory/%,$*),-mbulk-memory) -c $< -o $@.o
	$(WASM_LD) -m wasm32 --no-entry --export=run --strip-debug -z stack-size=1048576 \
		-L/usr/lib/wasm32-wasi $@.o -lc $(BENCH_BUILTINS) -o $@
$(BENCH)/%.gcc: tests/bench/%.c tests/bench/native.c $(BENCH_H)
	@mkdir -p $(@D)
	$(CC) $(BENCH_NATIVE) $(call BENCH_SIMD,-O3 -msse4.1,) $(if $(filter simd/%,$*),,-O2) \
		$< tests/bench/native.c -o $@ -lm
$(BENCH)/%.clang: tests/bench/%.c tests/bench/native.c $(BENCH_H)
	@mkdir -p $(@D)
	$(WASM_CC) $(BENCH_NATIVE) -O3 $(call BENCH_SIMD,-msse4.1) $< tests/bench/native.c -o $@ -lm
$(BENCH)/%.wasm2c: $(BENCH)/%.wasm tests/bench/wasm2c.c
	@mkdir -p $@.d
	wasm2c $< -n bench -o $@.d/bench_w2c.c
	$(CC) $(W2C_CFLAGS) -I$@.d $@.d/bench_w2c.c tests/bench/wasm2c.c $(W2C)/wasm-rt-impl.c -o $@ -lm

$(BENCH)/ours: $B/host/tests/bench/ours.o $(TOOL_COMMON:%.c=$B/host/%.o) $(HOST_LIB)
	@mkdir -p $(@D)
	$(CC) $^ -o $@ -lm

# ---- whole programs, from Debian's source packages --------------------------------------------------
BENCH_PROGRAMS := sqlite3 zstd brotli bzip2 lua5.4
BENCH_PROGRAM_FILES := $(foreach p,$(BENCH_PROGRAMS),$(foreach k,wasm gcc clang,$(BENCH)/programs/$p.$k))

$(BENCH)/program: $B/host/tests/bench/program.o $(TOOL_COMMON:%.c=$B/host/%.o) $(HOST_LIB)
	@mkdir -p $(@D)
	$(CC) $^ -o $@ -lm
$(BENCH)/sources/done: tests/bench/fetch.sh
	tests/bench/fetch.sh $(@D)
	touch $@
$(BENCH_PROGRAM_FILES): $(BENCH)/sources/done \
		$(wildcard tests/bench/programs/build.sh tests/bench/programs/glue.*)
	@mkdir -p $(@D)
	tests/bench/programs/build.sh $(BENCH)/sources $(basename $(@F)) $(patsubst .%,%,$(suffix $@)) $@

bench-build: $(BENCH)/ours $(BENCH)/program $(BENCH_ALL) $(BENCH_PROGRAM_FILES)
bench: bench-build
	tests/bench/bench.py --dir $(BENCH) --out $(BENCH)/run.json \
		$(if $(COMPARE),--compare $(COMPARE)) $(ARGS)
	$(if $(ARGS),,tests/bench/compile.py --dir $(BENCH) --out $(BENCH)/compile.json)
bench-compile: $(BENCH)/ours $(BENCH_PROGRAMS:%=$(BENCH)/programs/%.wasm)
	tests/bench/compile.py --dir $(BENCH) --out $(BENCH)/compile.json $(ARGS)
bench-passes: bench-build
	tests/bench/passes.py --dir $(BENCH) --out $(BENCH)/passes.json $(ARGS)
.PHONY: bench bench-build bench-compile bench-passes
-include $(wildcard $B/host/tests/bench/*.d)
