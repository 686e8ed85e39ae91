# Selkie: `make help` says what there is.
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
B := build
CC := gcc
NASM := nasm
WASM_CC := clang-19
WASM_LD := wasm-ld-19

all: tools

# ---- host tools and the compiler as a library -----------------------------------------------------
WARN := -Wall -Wextra -Wno-unused-parameter -Wmissing-prototypes
HOST_CFLAGS := -std=gnu11 -O2 -g -fno-omit-frame-pointer $(WARN) -I. -MMD -MP
WASM_SRC := $(wildcard wasm/*.c)
HOST_LIB := $(WASM_SRC:%.c=$B/host/%.o)
TOOLS := wasmc wasmrun spectest
# every tools/NAME.c with a main is a tool; the other files there are shared by all of them
TOOL_COMMON := $(filter-out $(TOOLS:%=tools/%.c) tools/ifgen.c,$(wildcard tools/*.c))

tools: $(TOOLS:%=$B/host/%)
$B/host/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -c $< -o $@
$(TOOLS:%=$B/host/%): $B/host/%: $B/host/tools/%.o $(TOOL_COMMON:%.c=$B/host/%.o) $(HOST_LIB)
	$(CC) $^ -o $@ -lm

# ---- interfaces -----------------------------------------------------------------------------------
IFACE_WIT := $(wildcard sips/iface/*.wit)
IFACE_H := $(IFACE_WIT:sips/iface/%.wit=$B/iface/%.h)
ifaces: $(IFACE_H)
$B/host/ifgen: $B/host/tools/ifgen.o $B/host/kernel/sha256.o
	$(CC) $^ -o $@
$B/iface/%.h: sips/iface/%.wit $B/host/ifgen
	@mkdir -p $(@D)
	$B/host/ifgen $< -o $@

-include $(wildcard $B/host/*/*.d)
.PHONY: all tools ifaces
