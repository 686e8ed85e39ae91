# The hosted kernel. The compiler's objects are those of the machine's kernel, which sees no place.h;
# everything else is compiled again, with the place.h of Linux.
H := $B/hk
HOST_C := $(wildcard kernel/*.c kernel/host/*.c tests/kernel/*.c tests/spec/*.c) \
	$(addprefix kernel/x64/,tables.c extent.c exception.c features.c cpus.c)
HOST_ASM := kernel/host/start.asm $(wildcard tests/kernel/*.asm) $(addprefix kernel/x64/,copy.asm switch.asm string.asm)
HOST_OBJ := $(HOST_C:%.c=$H/%.o) $(HOST_ASM:%.asm=$H/%.asm.o)
HOST_LD := ld -nostdlib -static -z max-page-size=4096 -z noexecstack -T kernel/host/host.ld

host: $B/host/selkie $B/boot.tar
$(HOST_OBJ): PLACE := -Ikernel/host
$(HOST_C:%.c=$H/%.o): KERNEL_EXTRA := -mgeneral-regs-only
$H/kernel/direct.o $H/kernel/preempt.o: KERNEL_EXTRA := -mgeneral-regs-only $(DIRECT_EXTRA)
$H/kernel/direct_send.o $H/kernel/direct_wait.o: KERNEL_EXTRA := -mgeneral-regs-only -fomit-frame-pointer
$H/kernel/string.o: KERNEL_EXTRA := -mgeneral-regs-only -fno-tree-loop-distribute-patterns
$H/%.o: %.c | $(IFACE_H)
	@mkdir -p $(@D)
	$(CC) $(filter-out -mcmodel=kernel,$(KERNEL_FLAGS)) $(PLACE) $(KERNEL_EXTRA) -c $< -o $@
$(HOST_ASM:%.asm=$H/%.asm.o): kernel/x64/frame.inc
$H/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(NASM) -f elf64 -g -I./ -MD $(@:.o=.d) -MP $< -o $@
$H/stage1: $(HOST_OBJ) $(KERNEL_WASM:%.c=$K/%.o) $K/ksyms0.o kernel/host/host.ld \
		$B/parts
	$(HOST_LD) $(filter %.o,$^) -o $@
$H/ksyms.asm: $H/stage1 tools/ksyms.sh
	tools/ksyms.sh $< 00 400000 > $@
$H/ksyms.o: $H/ksyms.asm
	$(NASM) -f elf64 $< -o $@
$B/host/selkie: $H/stage1 $H/ksyms.o
	@mkdir -p $(@D)
	$(HOST_LD) $(HOST_OBJ) $(KERNEL_WASM:%.c=$K/%.o) $H/ksyms.o -o $@
-include $(wildcard $H/*/*.d $H/*/*/*.d)
.PHONY: host

# The same with checks: undefined behaviour ends in ud2, hence in a panic that says where; loads and
# stores are looked up in a shadow of the heap and of pages (checked/shadow.c).
HC := $B/hc
HC_PLAIN := $(addprefix $(HC)/kernel/,string.o heap.o pmm.o host/checked/shadow.o)
HC_OBJ := $(HOST_C:%.c=$(HC)/%.o) $(HC)/kernel/host/checked/shadow.o $(KERNEL_WASM:%.c=$(HC)/%.o)
HC_ALL := $(HC_OBJ) $(HOST_ASM:%.asm=$H/%.asm.o)
CHECKS := -DSELKIE_CHECKED -fsanitize=undefined -fno-sanitize=null,alignment -fsanitize-undefined-trap-on-error \
	-fsanitize=kernel-address --param asan-instrumentation-with-call-threshold=0 \
	--param asan-stack=0 --param asan-globals=0 -Wno-maybe-uninitialized
HC_LD := $(HOST_LD) $(addprefix --wrap=,memcpy memmove memset kmalloc kzalloc kfree page_alloc \
	page_alloc_zero page_alloc_run page_alloc_low page_free page_free_run)
$(HC_OBJ): PLACE := -Ikernel/host
$(HOST_C:%.c=$(HC)/%.o): KERNEL_EXTRA := -mgeneral-regs-only $(CHECKS)
$(KERNEL_WASM:%.c=$(HC)/%.o): KERNEL_EXTRA := -mpopcnt $(CHECKS)
$(HC)/kernel/direct.o $(HC)/kernel/preempt.o: KERNEL_EXTRA := -mgeneral-regs-only $(DIRECT_EXTRA) $(CHECKS)
$(HC)/kernel/direct_send.o $(HC)/kernel/direct_wait.o: KERNEL_EXTRA := -mgeneral-regs-only -fomit-frame-pointer $(CHECKS)
$(HC_PLAIN): KERNEL_EXTRA := -mgeneral-regs-only -fno-tree-loop-distribute-patterns
$(HC)/%.o: %.c kernel/host/host.mk | $(IFACE_H)
	@mkdir -p $(@D)
	$(CC) $(filter-out -mcmodel=kernel,$(KERNEL_FLAGS)) $(PLACE) $(KERNEL_EXTRA) -c $< -o $@
$(HC)/stage1: $(HC_ALL) $K/ksyms0.o kernel/host/host.ld
	$(HC_LD) $(filter %.o,$^) -o $@
$(HC)/ksyms.asm: $(HC)/stage1 tools/ksyms.sh
	tools/ksyms.sh $< 00 400000 > $@
$(HC)/ksyms.o: $(HC)/ksyms.asm
	$(NASM) -f elf64 $< -o $@
$B/host/selkie-checked: $(HC)/stage1 $(HC)/ksyms.o
	$(HC_LD) $(HC_ALL) $(HC)/ksyms.o -o $@
host-checked host-asan: $B/host/selkie-checked $B/boot.tar
-include $(wildcard $(HC)/*/*.d $(HC)/*/*/*.d)
.PHONY: host-checked host-asan
include kernel/host/races/races.mk
