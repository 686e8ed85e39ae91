; boot.asm - from the loader to 64-bit C.
;
; Two doors: `mb2_entry` (Multiboot2 1.6.4: eax = magic, ebx = information) and `pvh_entry` (PVH:
; ebx = start_info). Both arrive in 32-bit protected mode without paging, at the physical addresses
; that this file is linked for. We check that the CPU has what we need, build page tables for the
; first 4 GiB (identity, direct map, kernel), enter long mode and call
;   void machine_start(uint32_t magic, uint64_t info);
; whose first act of importance is to replace these tables by ones that respect W^X.

%include "boot/boot.inc"

section .boot.data progbits alloc noexec write align=16

extern machine_start

section .boot.header progbits alloc noexec nowrite align=8
mb2_header:                                     ; MB2 3.1.1
    dd MB2_MAGIC, 0, mb2_header.end - mb2_header
    dd 0x100000000 - (MB2_MAGIC + (mb2_header.end - mb2_header))
    align 8
    dw 3, 0                                     ; 3.1.7 entry address
    dd 12, mb2_entry
    align 8
    dw 5, 1                                     ; 3.1.10 framebuffer, optional
    dd 20, 1024, 768, 32
    align 8
    dw 6, 0                                     ; 3.1.12 modules on page boundaries
    dd 8
    align 8
    dw 0, 0
    dd 8
.end:

section .note.Xen note alloc noexec nowrite align=4
    dd 4, 4, 18                                 ; XEN_ELFNOTE_PHYS32_ENTRY
    db "Xen", 0
    dd pvh_entry

section .boot.text progbits alloc exec nowrite align=16
bits 32
global mb2_entry
mb2_entry:
    cli
    mov esp, boot_stack.top
    mov edi, eax
    jmp enter

pvh_entry:
    cli
    mov esp, boot_stack.top
    mov edi, PVH_MAGIC

enter:                                          ; edi = magic, ebx = information
    cld
    mov ebp, ebx
    call serial_init
    call cpu_check
    call tables_build

    mov eax, boot_pml4
    mov cr3, eax
    mov eax, cr4
    or eax, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT
    mov cr4, eax
    mov ecx, MSR_EFER
    rdmsr
    or eax, EFER_LME | EFER_NXE
    wrmsr
    mov eax, cr0
    and eax, ~(CR0_EM | CR0_TS | CR0_CD | CR0_NW)
    or eax, CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE
    mov cr0, eax
    lgdt [boot_gdtr]
    jmp 0x08:long_entry

; Every entry of a 4 GiB map in 2 MiB pages; the kernel window shares its first page directory.
tables_build:
    push edi
    mov edi, boot_pd
    mov eax, PTE_P | PTE_W | PTE_PS
    xor ecx, ecx
.page:
    mov [edi + ecx * 8], eax
    mov dword [edi + ecx * 8 + 4], 0
    add eax, 0x200000
    inc ecx
    cmp ecx, 2048
    jb .page
    mov eax, boot_pd + (PTE_P | PTE_W)
    mov [boot_pdpt_high + 510 * 8], eax
    xor ecx, ecx
.dir:
    mov [boot_pdpt + ecx * 8], eax
    add eax, 4096
    inc ecx
    cmp ecx, 4
    jb .dir
    mov dword [boot_pml4], boot_pdpt + (PTE_P | PTE_W)
    mov dword [boot_pml4 + 256 * 8], boot_pdpt + (PTE_P | PTE_W)
    mov dword [boot_pml4 + 511 * 8], boot_pdpt_high + (PTE_P | PTE_W)
    pop edi
    ret

bits 64
long_entry:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    mov esp, esp
    mov rax, KERNEL_BASE
    add rsp, rax
    xor edx, edx
    mov esi, ebp                                ; information, zero-extended
    xor ebp, ebp                                ; ends the chain of frames
    mov rax, machine_start
    call rax
.halt:
    cli
    hlt
    jmp .halt

bits 32
%include "boot/check.inc"

section .boot.data
align 16
boot_gdt:
    dq 0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdtr:
    dw 23
    dd boot_gdt

section .boot.bss nobits alloc noexec write align=4096
boot_pml4:      resb 4096
boot_pdpt:      resb 4096
boot_pdpt_high: resb 4096
boot_pd:        resb 4 * 4096
global boot_stack, boot_stack.top
boot_stack:     resb 16384
.top:
