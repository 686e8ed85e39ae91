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
GEN_TOOLS := ifgen fontgen
# every tools/NAME.c with a main is a tool; the other files there are shared by all of them
TOOL_COMMON := $(filter-out $(TOOLS:%=tools/%.c) $(GEN_TOOLS:%=tools/%.c),$(wildcard tools/*.c))

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

# ---- programs and drivers: every .c file or folder of sips/ and drivers/ is one SIP ------------------
SIP_CFLAGS := --target=wasm32 -nostdlibinc -std=gnu11 -O2 -mbulk-memory -ffunction-sections \
	-fdata-sections $(WARN) -Wno-missing-prototypes -I. -I$B -MMD -MP
SIP_LDFLAGS := -m wasm32 --no-entry --export=_start --stack-first -z stack-size=65536 \
	--strip-debug --gc-sections
SIP_DIRS := $(patsubst %/,%,$(filter-out sips/iface/ sips/runtime/,$(wildcard sips/*/ drivers/*/)))
SIP_SRC := $(wildcard sips/*.c drivers/*.c)
SIP_WASM := $(SIP_SRC:%.c=$B/archive/%.wasm) $(SIP_DIRS:%=$B/archive/%.wasm)
SIP_WASM := $(foreach f,$(SIP_WASM),$B/archive/$(notdir $f))
SIP_RUNTIME := $(patsubst %.c,$B/sip/%.o,$(wildcard sips/runtime/*.c))

.SECONDARY:
sips: $(SIP_WASM) $B/archive/init.conf
$B/sip/%.o: %.c | $(IFACE_H)
	@mkdir -p $(@D)
	$(WASM_CC) $(SIP_CFLAGS) -c $< -o $@
define link_sip
	@mkdir -p $(@D)
	$(WASM_LD) $(SIP_LDFLAGS) $^ -o $@
endef
$B/archive/%.wasm: $B/sip/sips/%.o $(SIP_RUNTIME)
	$(link_sip)
$B/archive/%.wasm: $B/sip/drivers/%.o $(SIP_RUNTIME)
	$(link_sip)
define sip_folder
$B/archive/$(notdir $1).wasm: $(patsubst %.c,$B/sip/%.o,$(wildcard $1/*.c)) $(SIP_RUNTIME)
	$$(link_sip)
endef
$(foreach d,$(SIP_DIRS),$(eval $(call sip_folder,$d)))
$B/archive/init.conf: sips/init.conf
	@mkdir -p $(@D)
	cp $< $@
-include $(wildcard $B/sip/*/*.d $B/sip/*/*/*.d)

-include $(wildcard $B/host/*/*.d)
.PHONY: all tools ifaces sips
