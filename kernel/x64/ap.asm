; ap.asm - the first instructions of another CPU: copied to a page below 1 MiB, which is also mapped
; at its physical address while CPUs are started (ap.c), and entered in real mode at its offset 0 by
; the start-up IPI (SDM 3A 8.4.4). From there to long mode on the kernel's own tables and a stack.
;
; Addresses: everything is relative to ap_start; ap.c adds where the copy lies to the three places
; that need it whole, and fills in struct ap_start, pinned there.

%include "boot/boot.inc"

section .rodata
align 16
global ap_start, ap_end
bits 16
ap_start:
    jmp short .enter
    align 8
.cr3:       dq 0                                ; 8: struct ap_start, what ap.c fills in
.stack:     dq 0                                ; 16
.entry:     dq 0                                ; 24: void entry(struct cpu *)
.cpu:       dq 0                                ; 32
.cr4:       dq 0                                ; 40
.gdtr:      dw 23                               ; 48
.gdt_at:    dd .gdt - ap_start                  ; 50: made whole
.far:       dd .long - ap_start                 ; 54: made whole
            dw 0x08
    align 8
.gdt:       dq 0, 0x00af9b000000ffff, 0x00cf93000000ffff
.enter:
    cli
    cld
    mov ax, cs
    mov ds, ax
    o32 lgdt [.gdtr - ap_start]
    mov eax, [.cr4 - ap_start]
    mov cr4, eax
    mov eax, [.cr3 - ap_start]
    mov cr3, eax
    mov ecx, MSR_EFER
    rdmsr
    or eax, EFER_LME | EFER_NXE
    wrmsr
    mov eax, cr0
    and eax, ~(CR0_EM | CR0_TS | CR0_CD | CR0_NW)
    or eax, CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE
    mov cr0, eax
    jmp dword far [.far - ap_start]
bits 64
.long:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    mov rsp, [rel .stack]
    mov rdi, [rel .cpu]
    xor ebp, ebp                                ; ends the chain of frames
    call [rel .entry]
    ud2
ap_end:
