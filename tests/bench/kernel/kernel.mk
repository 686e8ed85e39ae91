# What the kernel's primitives cost, in the hosted kernel, beside Linux.
#: make bench-kernel   system calls, switches, messages, starts: cycles, and Linux' on the same CPU

KB := $B/bench-kernel
KB_SIPS := $(patsubst tests/bench/kernel/sip/%.c,$(KB)/archive/%.wasm,$(wildcard tests/bench/kernel/sip/*.c))
$(KB)/archive/%.wasm: $B/sip/tests/bench/kernel/sip/%.o $(SIP_RUNTIME)
	$(link_sip)
$(KB)/linux: tests/bench/kernel/native/linux.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -static $(WARN) $< -o $@
bench-kernel: $B/host/selkie $(KB_SIPS) $(KB)/linux
	tests/bench/kernel/run.py $B/host/selkie $(KB)/archive $(KB)/linux $(KB)/results.json
.PHONY: bench-kernel
