# What the kernel's primitives cost, in the hosted kernel, beside Linux.
#: make bench-kernel   system calls, switches, messages, starts: cycles, Linux' on the same CPU,
#:                    instructions in QEMU, bars.  ARGS="--rounds 3 --no-qemu"

KB := $B/bench-kernel
KB_SIPS := $(patsubst tests/bench/kernel/sip/%.c,$(KB)/archive/%.wasm,$(wildcard tests/bench/kernel/sip/*.c))
$(KB)/archive/%.wasm: $B/sip/tests/bench/kernel/sip/%.o $(SIP_RUNTIME)
	$(link_sip)
KB_THREAD_SRC := $(shell grep -l '^.include "sips/thread.h"' tests/bench/kernel/sip/*.c)
KB_THREADS := $(patsubst tests/bench/kernel/sip/%.c,$(KB)/archive/%.wasm,$(KB_THREAD_SRC))
$(KB_THREAD_SRC:%.c=$B/sip/%.o): SIP_THREADS := -matomics
$(KB_THREADS): SIP_LINK := --shared-memory --max-memory=268435456
$(KB_THREADS): $(THREAD_RUNTIME)
$(KB)/linux: tests/bench/kernel/native/linux.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -mno-red-zone -static $(WARN) -pthread $< -o $@
bench-kernel-sips: $(KB_SIPS)
bench-kernel: $B/host/selkie $B/selkie.elf bench-kernel-sips $(KB)/linux
	tests/bench/kernel/run.py $(ARGS) $B $(KB)
.PHONY: bench-kernel bench-kernel-sips
