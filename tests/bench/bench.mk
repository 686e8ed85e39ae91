# Benchmarks: kernels built for every contender, and the tables made of them (tests/bench/README.md).
#: make bench       kernels and programs beside other engines: run time, compile time, cold start
#:                    COMPARE=file.json  with the results of another run
#:                    ARGS="--groups numeric --rounds 3"  see tests/bench/bench.py --help
#: make bench-compile, bench-start, bench-passes   one table; each pass of the compiler off in turn

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
BENCH_PROGRAMS := sqlite3 zstd brotli bzip2 lua5.4 cjpeg djpeg
BENCH_PROGRAM_FILES := $(foreach p,$(BENCH_PROGRAMS),$(foreach k,wasm gcc clang,$(BENCH)/programs/$p.$k)) \
	$(BENCH)/programs/sqlite3-bulk.wasm $(BENCH)/programs/hello.wasm

$(BENCH)/program $(BENCH)/start: $(BENCH)/%: $B/host/tests/bench/%.o $(TOOL_COMMON:%.c=$B/host/%.o) \
		$(HOST_LIB)
	@mkdir -p $(@D)
	$(CC) $^ -o $@ -lm
$(BENCH)/sources/done: tests/bench/fetch.sh
	tests/bench/fetch.sh $(@D)
	touch $@
$(BENCH_PROGRAM_FILES): $(BENCH)/sources/done \
		$(wildcard tests/bench/programs/build.sh tests/bench/programs/glue.* tests/bench/programs/hello.c)
	@mkdir -p $(@D)
	tests/bench/programs/build.sh $(BENCH)/sources $(basename $(@F)) $(patsubst .%,%,$(suffix $@)) $@

# one file for all tables; --only and --groups are for the table of run time alone
BENCH_FILE := --dir $(BENCH) --out $(BENCH)/results.json $(if $(COMPARE),--compare $(COMPARE))
BENCH_SOME := $(findstring --only,$(ARGS))$(findstring --groups,$(ARGS))
bench-deps:
	@tools/deps.sh --check bench
$(BENCH_ALL) $(BENCH_PROGRAM_FILES) $(BENCH)/sources/done: | bench-deps
bench-build: bench-deps tools $(BENCH)/ours $(BENCH)/program $(BENCH)/start $(BENCH_ALL) $(BENCH_PROGRAM_FILES)
bench: bench-build
	@status=0; \
	tests/bench/bench.py $(BENCH_FILE) $(ARGS) || status=1; \
	$(if $(BENCH_SOME),,tests/bench/compile.py $(BENCH_FILE) || status=1; \
		tests/bench/start.py $(BENCH_FILE) || status=1;) \
	tests/bench/bars.py $(BENCH)/results.json; exit $$status
bench-compile: bench-deps $(BENCH)/ours $(filter %.wasm,$(BENCH_PROGRAM_FILES))
	tests/bench/compile.py $(BENCH_FILE) $(ARGS)
bench-start: bench-deps tools $(BENCH)/start $(filter %.wasm,$(BENCH_PROGRAM_FILES))
	tests/bench/start.py $(BENCH_FILE) $(ARGS)
bench-passes: bench-build
	tests/bench/passes.py $(BENCH_FILE) $(ARGS)
bench-bars:
	@tests/bench/bars.py $(BENCH)/results.json
.PHONY: bench bench-deps bench-build bench-compile bench-start bench-passes bench-bars
-include $(wildcard $B/host/tests/bench/*.d)
