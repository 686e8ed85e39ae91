# Selkie: `make help` says what there is.
#: make             everything, under build/
#: make deps        installs the Debian packages that are missing (sudo where not root);
#:                    deps-bench, deps-fuzz, deps-programs  what those targets need besides
#: make kernel      build/selkie.elf (Multiboot2 and PVH)
#: make host        build/host/selkie: the same kernel as a program of Linux (kernel/host/)
#: make host-checked    the same with checks of addresses and undefined behaviour
#: make host-races    the same with a detector of data races (kernel/host/races/)
#: make archive     build/boot.tar: the programs
#: make iso         build/selkie.iso: boots from CD and USB stick, BIOS and UEFI
#: make run         the ISO in QEMU, serial console on this terminal (ctrl-a x ends it)
#:                    PROGRAM=file.wasm  adds a module to the boot archive and starts it
#:                    SMP=2 MEM=512 UEFI=1 DISPLAY=1  CPUs, MiB, UEFI firmware, a window
#:                    APPEND="option=value"  kernel command line (kernel/options.h)
#: make usb DEV=/dev/sdX   writes the ISO to a USB stick, after asking, and verifies it
#: make tools       host tools: wasmc, wasmrun, spectest
#: make test        runs every test; TESTS="e2e/boot unit" those groups, TESTS=--list names them
#:                    SPEC=DIR  folder of the WebAssembly test scripts (tests/README.md)
#: make test-spec-kernel   all those scripts inside the kernel, under QEMU and hosted
#: make fuzz        compiles hostile modules under sanitizers, compares random ones with node
#:                  and wabt.  MINUTES=5  for each of both; findings stay in build/fuzz
#: make hostile     10,000,000 random system calls, hosted; CALLS=N SEED=N CPUS=N SLICE=us
#: make soak MINUTES=30     SIPs of all kinds live and die, allocations fail; CPUS=4 SEED=N
#: make test-programs  real programs (Python, Ruby, esbuild, clang, sqlite, ...) under wasmrun;
#:                  fetches packages.  ARGS="--node NAME..."  see tests/programs/run.py
#: make clean       removes build/
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
ifneq ($(filter deps deps-%,$(MAKECMDGOALS)),)
.NOTPARALLEL:                           # `make -j4 deps test`: first the packages
endif
B := build
CC := gcc
NASM := nasm
WASM_CC := clang-19
WASM_LD := wasm-ld-19

all: tools kernel iso host

# ---- host tools and the compiler as a library -----------------------------------------------------
WARN := -Wall -Wextra -Wno-unused-parameter -Wmissing-prototypes
HOST_CFLAGS := -std=gnu11 -O2 -g -fno-omit-frame-pointer $(WARN) -I. -MMD -MP
WASM_SRC := $(wildcard wasm/*.c)
HOST_LIB := $(WASM_SRC:%.c=$B/host/%.o)
TOOLS := wasmc wasmrun spectest
GEN_TOOLS := ifgen fontgen
# every tools/NAME.c with a main is a tool; the other files there are shared by all of them
TOOL_COMMON := $(filter-out $(TOOLS:%=tools/%.c) $(GEN_TOOLS:%=tools/%.c),$(wildcard tools/*.c)) \
	$(wildcard tests/spec/*.c) kernel/sha256.c

tools: $(TOOLS:%=$B/host/%)
$B/host/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -c $< -o $@
$(TOOLS:%=$B/host/%): $B/host/%: $B/host/tools/%.o $(TOOL_COMMON:%.c=$B/host/%.o) $(HOST_LIB)
	$(CC) $^ -o $@ -lm
# what images in files are marked with: code of another compiler is not to be trusted
$B/gen/compiler_id.h: $(WASM_SRC) $(wildcard wasm/*.h)
	@mkdir -p $(@D)
	@echo "#define COMPILER_ID \"$$(cat $^ | sha256sum | cut -c1-32)\"" > $@
$B/host/tools/image_file.o: $B/gen/compiler_id.h
$B/host/tools/image_file.o: HOST_CFLAGS += -I$B/gen

# ---- interfaces -----------------------------------------------------------------------------------
IFACE_WIT := $(wildcard sips/iface/*.wit tests/iface/*.wit)
IFACE_H := $(foreach f,$(IFACE_WIT:.wit=.h),$B/iface/$(notdir $f))
# the parser and the table of interfaces, shared by kernel and tools
CONTRACT_OBJ := $(patsubst %,$B/host/kernel/%.o,sha256 contract wit wit_note wit_token)
ifaces: $(IFACE_H)
$B/host/ifgen: $B/host/tools/ifgen.o $(CONTRACT_OBJ)
	$(CC) $^ -o $@
define make_iface
	@mkdir -p $(@D)
	$B/host/ifgen -I sips/iface -d $(@:.h=.d) $< -o $@
endef
$B/iface/%.h: sips/iface/%.wit $B/host/ifgen
	$(make_iface)
$B/iface/%.h: tests/iface/%.wit $B/host/ifgen
	$(make_iface)
-include $(IFACE_H:.h=.d)

# ---- programs and drivers: every .c file or folder of sips/ and drivers/ is one SIP ------------------
# what is started at boot is compiled at boot: small code is quick
SIP_OPT := -O2
$B/sip/drivers/%.o $B/sip/sips/%.o: SIP_OPT := -Os
$B/sip/sips/primes.o $B/sip/sips/spin.o: SIP_OPT := -O2
SIP_CFLAGS = --target=wasm32 -nostdlibinc -std=gnu11 $(SIP_OPT) -mbulk-memory -ffunction-sections \
	-fdata-sections $(WARN) -Wno-missing-prototypes -I. -I$B -MMD -MP
# the first 512 bytes of data share a page with the top of the stack: one less to map and to look up
SIP_LDFLAGS := -m wasm32 --no-entry --export=_start --stack-first -z stack-size=65024 \
	--strip-debug --gc-sections
SIP_DIRS := $(patsubst %/,%,$(filter-out sips/iface/ sips/runtime/,$(wildcard sips/*/ drivers/*/)))
SIP_SRC := $(wildcard sips/*.c drivers/*.c)
SIP_WASM := $(SIP_SRC:%.c=$B/archive/%.wasm) $(SIP_DIRS:%=$B/archive/%.wasm)
SIP_WASM := $(foreach f,$(SIP_WASM),$B/archive/$(notdir $f))
SIP_RUNTIME := $(patsubst %.c,$B/sip/%.o,$(wildcard sips/runtime/*.c sips/runtime/alone/*.c))
# a program that includes sips/thread.h, in its file or anywhere in its folder, gets a shared memory, and
# a runtime made for that
TEST_DIRS := $(patsubst %/,%,$(wildcard tests/sips/*/))
THREAD_SRC := $(shell grep -l '^.include "sips/thread.h"' sips/*.c drivers/*.c tests/sips/*.c)
THREAD_DIRS := $(filter $(SIP_DIRS) $(TEST_DIRS),$(patsubst %/,%,$(sort $(dir \
	$(shell grep -l '^.include "sips/thread.h"' sips/*/*.[ch] drivers/*/*.[ch] tests/sips/*/*.[ch])))))
THREAD_RUNTIME := $(patsubst %.c,$B/sip/threads/%.o,$(wildcard sips/runtime/*.c sips/runtime/threads/*.c))
THREAD_WASM := $(foreach f,$(THREAD_SRC:.c=.wasm) $(THREAD_DIRS:=.wasm),\
	$B/archive/$(if $(filter tests/%,$f),test/)$(notdir $f))
$(patsubst %.c,$B/sip/%.o,$(THREAD_SRC) $(wildcard $(THREAD_DIRS:=/*.c))): SIP_THREADS := -matomics
$(THREAD_WASM): SIP_LINK := --shared-memory --max-memory=268435456
$(THREAD_WASM): $(THREAD_RUNTIME)

.PRECIOUS: $B/sip/%.o
sips: $(SIP_WASM) $B/archive/init.conf
$B/sip/%.o: %.c | $(IFACE_H)
	@mkdir -p $(@D)
	$(WASM_CC) $(SIP_CFLAGS) $(SIP_THREADS) -c $< -o $@
$B/sip/threads/%.o: %.c | $(IFACE_H)
	@mkdir -p $(@D)
	$(WASM_CC) $(SIP_CFLAGS) -matomics -c $< -o $@
define link_sip
	@mkdir -p $(@D)
	$(WASM_LD) $(SIP_LDFLAGS) $(SIP_LINK) $(filter-out $(if $(SIP_LINK),$(SIP_RUNTIME)),$^) -o $@
endef
$B/archive/%.wasm: $B/sip/sips/%.o $(SIP_RUNTIME)
	$(link_sip)
$B/archive/%.wasm: $B/sip/drivers/%.o $(SIP_RUNTIME)
	$(link_sip)
# test programs, as test/NAME in the archive
TEST_WASM := $(patsubst tests/sips/%.c,$B/archive/test/%.wasm,$(wildcard tests/sips/*.c)) \
	$(patsubst tests/sips/%.wat,$B/archive/test/%.wasm,$(wildcard tests/sips/*.wat)) \
	$(TEST_DIRS:tests/sips/%=$B/archive/test/%.wasm)
$B/archive/test/%.wasm: $B/sip/tests/sips/%.o $(SIP_RUNTIME)
	$(link_sip)
$B/archive/test/%.wasm: tests/sips/%.wat
	@mkdir -p $(@D)
	wat2wasm --enable-all $< -o $@
SIP_EXTRA_display := $B/sip/font.o
define sip_folder
$B/archive/$(if $(filter tests/%,$1),test/)$(notdir $1).wasm: $(patsubst %.c,$B/sip/%.o,$(wildcard $1/*.c)) $(SIP_RUNTIME) \
		$(SIP_EXTRA_$(notdir $1))
	$$(link_sip)
endef
$(foreach d,$(SIP_DIRS) $(TEST_DIRS),$(eval $(call sip_folder,$d)))
FONT := /usr/share/grub/unicode.pf2
$B/host/fontgen: $B/host/tools/fontgen.o
	$(CC) $^ -o $@
$B/gen/font.c: $B/host/fontgen $(FONT)
	@mkdir -p $(@D)
	$^ $@
$B/sip/font.o: $B/gen/font.c
	@mkdir -p $(@D)
	$(WASM_CC) $(SIP_CFLAGS) -c $< -o $@
$B/archive/init.conf: sips/init.conf
	@mkdir -p $(@D)
	cp $< $@
-include $(wildcard $(foreach d,*/ */*/ */*/*/ */*/*/*/,$B/sip/$d*.d))

# the pure parts of SIPs, natively
SIPS_TEST_OBJ := $(patsubst %,$B/host/%.o,tests/sips_test sips/runtime/line sips/runtime/cid \
	sips/runtime/limits sips/shell/words sips/init/config sips/init/restart \
	drivers/keyboard/keymap drivers/display/terminal)
$(SIPS_TEST_OBJ): HOST_CFLAGS += -Wno-attributes -Wno-missing-prototypes
$B/host/sips_test: $(SIPS_TEST_OBJ)
	$(CC) $^ -o $@

# ---- tests ------------------------------------------------------------------------------------------
# tests/unit/NAME.c becomes build/host/unit/NAME, linked with what it needs of the compiler and of the
# tools' common part, and with the objects that a line of its own may name
UNIT := $(patsubst tests/unit/%.c,$B/host/unit/%,$(wildcard tests/unit/*.c))
$B/host/parts.a: $(HOST_LIB) $(TOOL_COMMON:%.c=$B/host/%.o)
	@rm -f $@
	ar rcs $@ $^
$B/host/unit/range: $B/host/kernel/range.o $B/host/kernel/lock.o
$B/host/unit/contract: $(CONTRACT_OBJ)
$B/host/unit/pages: $(patsubst %,$B/host/kernel/%.o,pmm heap range)
$(patsubst %,$B/host/%.o,kernel/range kernel/lock kernel/pmm kernel/heap tests/unit/range \
	tests/unit/pages): HOST_CFLAGS += -Ikernel/host -mno-red-zone
$(UNIT): $B/host/unit/%: $B/host/tests/unit/%.o $B/host/parts.a
	@mkdir -p $(@D)
	$(CC) $(filter %.o,$^) $(filter %.a,$^) -o $@ -lm
test: tools kernel iso host host-races bench-kernel-sips $(UNIT) $B/host/sips_test
	tests/run $B $(TESTS)
test-spec-kernel: tools kernel host
	tests/run $B kernel-spec

CALLS := 10000000
SEED := 1
CPUS := 2
SLICE := 200
hostile: host
	$B/host/selkie --cpus $(CPUS) --append \
		"test=hostile_calls calls=$(CALLS) seed=$(SEED) slice-us=$(SLICE)" $B/boot.tar

soak: MINUTES := 30
soak: CPUS := 4
soak: host-checked
	$B/host/selkie-checked --cpus $(CPUS) --append "test=soak minutes=$(MINUTES) seed=$(SEED)" $B/boot.tar

# ---- fuzzing: the compiler's safety under sanitizers, then what it computes against others -----------
MINUTES := 5
FUZZ_SRC := $(filter-out wasm/arena.c,$(WASM_SRC)) tools/host.c tools/trap.c tools/wait.c \
	tests/fuzz/arena_strict.c tests/fuzz/compile_fuzz.c
FUZZ_OBJ := $(FUZZ_SRC:%.c=$B/fuzz/%.o)
FUZZ_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link \
	-fno-sanitize-coverage=trace-cmp \
	-fno-sanitize-recover=undefined -w -I. -MMD -MP
$B/fuzz/%.o: %.c
	@mkdir -p $(@D)
	clang-19 $(FUZZ_CFLAGS) -c $< -o $@
$B/fuzz/compile: $(FUZZ_OBJ) $B/fuzz/tests/fuzz/mutator.o
	clang-19 -fsanitize=address,undefined,fuzzer $^ -o $@ -lm
$B/fuzz/mutate: $(FUZZ_OBJ) $B/fuzz/tests/fuzz/mutate.o
	clang-19 -fsanitize=address,undefined $^ -o $@ -lm
CONTRACT_FUZZ_OBJ := $(patsubst %,$B/fuzz/%.o,$(addprefix kernel/,contract wit wit_note wit_token) \
	tests/fuzz/contract_fuzz)
$B/fuzz/contract: $(CONTRACT_FUZZ_OBJ)
	clang-19 -fsanitize=address,undefined,fuzzer $^ -o $@
MANIFEST_FUZZ_OBJ := $(patsubst %,$B/fuzz/%.o,$(addprefix kernel/,manifest resource policy session \
	contract wit wit_note wit_token sha256 format) tests/fuzz/manifest_fuzz)
$(MANIFEST_FUZZ_OBJ): FUZZ_CFLAGS += -Ikernel/host
$B/fuzz/manifest: $(MANIFEST_FUZZ_OBJ)
	clang-19 -fsanitize=address,undefined,fuzzer $^ -o $@
$B/host/fuzzrun: $B/host/tests/fuzz/run.o $B/host/tests/fuzz/play.o $(TOOL_COMMON:%.c=$B/host/%.o) \
		$(HOST_LIB)
	$(CC) $^ -o $@ -lm
$(FUZZ_OBJ) $(CONTRACT_FUZZ_OBJ) $(MANIFEST_FUZZ_OBJ): | fuzz-deps
fuzz-deps:
	@tools/deps.sh --check fuzz
fuzz: fuzz-deps $B/fuzz/compile $B/fuzz/contract $B/fuzz/manifest $B/fuzz/mutate $B/host/fuzzrun $B/host/wasmc \
		$B/host/ifgen $B/boot.tar
	tests/fuzz/all.py $B $(MINUTES)
-include $(wildcard $B/fuzz/*/*.d $B/fuzz/*/*/*.d)
test-programs: tools
	@tools/deps.sh --check programs
	tests/programs/run.py $B $(ARGS)

# ---- the kernel -----------------------------------------------------------------------------------
K := $B/k
# rep stos and rep movs take 30 cycles to begin
REP := -mmemset-strategy=unrolled_loop:256:noalign,libcall:-1:noalign \
	-mmemcpy-strategy=unrolled_loop:256:noalign,libcall:-1:noalign
KERNEL_FLAGS := -std=gnu11 -O2 -g -ffreestanding -mcmodel=kernel -mno-red-zone -fno-pic -fno-pie \
	-fno-stack-protector -fno-omit-frame-pointer -fno-asynchronous-unwind-tables \
	-fcf-protection=none -fno-strict-aliasing $(REP) $(WARN) -I. -I$B -MMD -MP
# place.h, the one header that the machine and the hosted kernel have each for itself
PLACE := -Ikernel/x64
KERNEL_C ?= $(wildcard kernel/*.c kernel/x64/*.c tests/kernel/*.c tests/kernel/x64/*.c tests/spec/*.c)
KERNEL_ASM ?= $(wildcard boot/*.asm kernel/*.asm kernel/x64/*.asm tests/kernel/*.asm)
KERNEL_WASM ?= $(WASM_SRC)
KERNEL_OBJ := $(KERNEL_ASM:%.asm=$K/%.asm.o) $(KERNEL_C:%.c=$K/%.o) $(KERNEL_WASM:%.c=$K/%.o)
KERNEL_LD := ld -nostdlib -static -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments \
	-T linker.ld

kernel: $B/selkie.elf
# the compiler may use vector registers: its text is preemptible
$(KERNEL_WASM:%.c=$K/%.o): KERNEL_EXTRA := -mpopcnt
$(KERNEL_C:%.c=$K/%.o): KERNEL_EXTRA := -mgeneral-regs-only
# called by an entry that has saved them all (switch.asm); rbp would be saved a second time
DIRECT_EXTRA := -fomit-frame-pointer -ffixed-rbp $(addprefix -fcall-used-,rbx r12 r13 r14 r15)
$K/kernel/direct.o $K/kernel/preempt.o: KERNEL_EXTRA := -mgeneral-regs-only $(DIRECT_EXTRA)
$K/kernel/direct_send.o $K/kernel/direct_wait.o: KERNEL_EXTRA := -mgeneral-regs-only -fomit-frame-pointer
$K/kernel/string.o: KERNEL_EXTRA := -mgeneral-regs-only -fno-tree-loop-distribute-patterns
$K/%.o: %.c | $(IFACE_H)
	@mkdir -p $(@D)
	$(CC) $(KERNEL_FLAGS) $(PLACE) $(KERNEL_EXTRA) -c $< -o $@
# nasm -MD leaves out what is included
$(KERNEL_ASM:%.asm=$K/%.asm.o): kernel/x64/frame.inc
$K/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(NASM) -f elf64 -g -I./ -MD $(@:.o=.d) -MP $< -o $@
# two links: the second one with the symbol table of the first, which moves nothing
$K/ksyms0.asm: tools/ksyms.sh
	@mkdir -p $(@D)
	tools/ksyms.sh > $@
$K/stage1.elf: $(KERNEL_OBJ) $K/ksyms0.o linker.ld $B/parts
	$(KERNEL_LD) $(KERNEL_OBJ) $K/ksyms0.o -o $@
$K/ksyms.asm: $K/stage1.elf tools/ksyms.sh
	tools/ksyms.sh $< > $@
$K/ksyms0.o $K/ksyms.o: %.o: %.asm
	$(NASM) -f elf64 $< -o $@
$B/selkie.elf: $K/stage1.elf $K/ksyms.o
	$(KERNEL_LD) $(KERNEL_OBJ) $K/ksyms.o -o $@
-include $(wildcard $K/*/*.d $K/*/*/*.d)
include kernel/host/host.mk

# what the kernel and the archive are made of: newer whenever a source has come or gone
$B/parts: force
	@mkdir -p $(@D)
	@echo '$(KERNEL_OBJ) $(ARCHIVE_FILES)' | cmp -s - $@ || echo '$(KERNEL_OBJ) $(ARCHIVE_FILES)' > $@
force:
.PHONY: force

# ---- boot archive, images, running ------------------------------------------------------------------
ARCHIVE_FILES = $(sort $(SIP_WASM) $(TEST_WASM) $B/archive/init.conf)
TAR := tar --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=644

archive: $B/boot.tar
$B/boot.tar: $(ARCHIVE_FILES) $B/parts
	$(TAR) -cf $@ -C $B/archive $(ARCHIVE_FILES:$B/archive/%=%)
iso: $B/selkie.iso
$B/selkie.iso: $B/selkie.elf $B/boot.tar iso/grub.cfg tools/iso.sh
	tools/iso.sh $@ $B/selkie.elf $B/boot.tar "$(APPEND)"
run: $B/selkie.elf $B/boot.tar iso/grub.cfg $(if $(PROGRAM)$(APPEND),,$B/selkie.iso)
	@SMP="$(SMP)" MEM="$(MEM)" UEFI="$(UEFI)" WINDOW="$(if $(filter command,$(origin DISPLAY)),$(DISPLAY))" PROGRAM="$(PROGRAM)" \
	APPEND="$(APPEND)" tools/run.sh $B
usb: $B/selkie.iso
	tools/usb.sh $B/selkie.iso "$(DEV)"
deps:
	@tools/deps.sh
deps-bench deps-fuzz deps-programs: deps-%:
	@tools/deps.sh $*
clean:
	rm -rf $B
help:
	@sed -n 's/^#: //p' Makefile tests/bench/bench.mk tests/bench/kernel/kernel.mk

include tests/bench/bench.mk
include tests/bench/kernel/kernel.mk

-include $(wildcard $B/host/*/*.d $B/host/*/*/*.d)
.PHONY: all hostile soak fuzz fuzz-deps tools ifaces sips test test-spec-kernel test-programs kernel archive iso run usb \
	deps deps-bench deps-fuzz deps-programs clean help
