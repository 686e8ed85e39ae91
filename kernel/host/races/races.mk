# The hosted kernel that looks for data races (README.md): its own code, and what of the compiler
# runs for SIPs, instrumented; Linux' side and the compiler proper as they are.
R := $B/hr
RACE_PLAIN := kernel/string.c $(wildcard $(addsuffix /*.c,kernel/host kernel/host/races tests/spec))
RACE_C := $(filter-out $(RACE_PLAIN),$(HOST_C))
RACE_WASM := $(addprefix wasm/,instance.c runtime.c compile.c)
RACE_OBJ := $(patsubst %.c,$R/%.o,$(RACE_PLAIN) $(RACE_C) $(RACE_WASM)) \
	$R/kernel/host/races/races.asm.o
RACE_ALL := $(RACE_OBJ) $(HOST_ASM:%.asm=$H/%.asm.o) \
	$(patsubst %.c,$K/%.o,$(filter-out $(RACE_WASM),$(KERNEL_WASM)))
RACE_FLAGS := -DSELKIE_RACES -fsanitize=thread --param tsan-instrument-func-entry-exit=0 \
	--param tsan-distinguish-volatile=1 -fno-optimize-sibling-calls -Wno-tsan
RACE_LD := $(HOST_LD) $(addprefix --wrap=,memcpy memmove memset kmalloc kzalloc kfree cpu_launch \
	cpus_stop thread_switch direct_go_many)
$(RACE_OBJ): PLACE := -Ikernel/host
$(RACE_PLAIN:%.c=$R/%.o): KERNEL_EXTRA := -mgeneral-regs-only -fno-tree-loop-distribute-patterns
$(RACE_C:%.c=$R/%.o): KERNEL_EXTRA := -mgeneral-regs-only $(RACE_FLAGS)
$(RACE_WASM:%.c=$R/%.o): KERNEL_EXTRA := -mpopcnt $(RACE_FLAGS)
$R/kernel/direct.o: KERNEL_EXTRA := -mgeneral-regs-only $(RACE_FLAGS) \
	$(filter-out -fomit-frame-pointer,$(DIRECT_EXTRA))
$R/%.o: %.c kernel/host/races/races.mk | $(IFACE_H)
	@mkdir -p $(@D)
	$(CC) $(filter-out -mcmodel=kernel,$(KERNEL_FLAGS)) $(PLACE) $(KERNEL_EXTRA) -c $< -o $@
$R/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(NASM) -f elf64 -g $< -o $@
$R/stage1: $(RACE_ALL) $K/ksyms0.o kernel/host/host.ld
	$(RACE_LD) $(filter %.o,$^) -o $@
$R/ksyms.asm: $R/stage1 tools/ksyms.sh
	tools/ksyms.sh $< 00 400000 tTdDbB > $@
$R/ksyms.o: $R/ksyms.asm
	$(NASM) -f elf64 $< -o $@
$B/host/selkie-races: $R/stage1 $R/ksyms.o
	$(RACE_LD) $(RACE_ALL) $R/ksyms.o -o $@
host-races: $B/host/selkie-races $B/boot.tar
-include $(wildcard $R/*/*.d $R/*/*/*.d $R/*/*/*/*.d)
.PHONY: host-races
