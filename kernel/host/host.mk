# The hosted kernel. The compiler's objects are those of the machine's kernel, which sees no place.h;
# everything else is compiled again, with the place.h of Linux.
H := $B/hk
HOST_C := $(wildcard kernel/*.c kernel/host/*.c tests/kernel/*.c tests/spec/*.c) \
	$(addprefix kernel/x64/,tables.c exception.c features.c)
HOST_ASM := kernel/host/start.asm $(addprefix kernel/x64/,copy.asm switch.asm string.asm)
HOST_OBJ := $(HOST_C:%.c=$H/%.o) $(HOST_ASM:%.asm=$H/%.asm.o)
HOST_LD := ld -nostdlib -static -z max-page-size=4096 -z noexecstack -T kernel/host/host.ld

host: $B/host/selkie $B/boot.tar
$(HOST_OBJ): PLACE := -Ikernel/host
$(HOST_C:%.c=$H/%.o): KERNEL_EXTRA := -mgeneral-regs-only
$H/kernel/string.o: KERNEL_EXTRA := -mgeneral-regs-only -fno-tree-loop-distribute-patterns
$H/%.o: %.c | $(IFACE_H)
	@mkdir -p $(@D)
	$(CC) $(filter-out -mcmodel=kernel,$(KERNEL_FLAGS)) $(PLACE) $(KERNEL_EXTRA) -c $< -o $@
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

# The same with what checks undefined behaviour: it ends in ud2, hence in a panic that says where.
HC := $B/hc
HC_OBJ := $(HOST_C:%.c=$(HC)/%.o) $(KERNEL_WASM:%.c=$(HC)/%.o)
UBSAN := -fsanitize=undefined -fno-sanitize=null,alignment -fsanitize-undefined-trap-on-error \
	-Wno-maybe-uninitialized
$(HC_OBJ): PLACE := -Ikernel/host
$(HOST_C:%.c=$(HC)/%.o): KERNEL_EXTRA := -mgeneral-regs-only $(UBSAN)
$(KERNEL_WASM:%.c=$(HC)/%.o): KERNEL_EXTRA := -mpopcnt $(UBSAN)
$(HC)/kernel/string.o: KERNEL_EXTRA := -mgeneral-regs-only -fno-tree-loop-distribute-patterns
$(HC)/%.o: %.c | $(IFACE_H)
	@mkdir -p $(@D)
	$(CC) $(filter-out -mcmodel=kernel,$(KERNEL_FLAGS)) $(PLACE) $(KERNEL_EXTRA) -c $< -o $@
$(HC)/stage1: $(HC_OBJ) $(HOST_ASM:%.asm=$H/%.asm.o) $K/ksyms0.o kernel/host/host.ld
	$(HOST_LD) $(filter %.o,$^) -o $@
$(HC)/ksyms.asm: $(HC)/stage1 tools/ksyms.sh
	tools/ksyms.sh $< 00 400000 > $@
$(HC)/ksyms.o: $(HC)/ksyms.asm
	$(NASM) -f elf64 $< -o $@
$B/host/selkie-checked: $(HC)/stage1 $(HC)/ksyms.o
	$(HOST_LD) $(HC_OBJ) $(HOST_ASM:%.asm=$H/%.asm.o) $(HC)/ksyms.o -o $@
host-checked: $B/host/selkie-checked $B/boot.tar
-include $(wildcard $(HC)/*/*.d $(HC)/*/*/*.d)
.PHONY: host-checked
