; copy.asm - copies that survive a fault: trap_dispatch finds the interrupted rip between the labels
; of a row in section fixups (access.h has more) and resumes at the row's third address, which
; returns false.

%include "kernel/x64/rep.inc"

section .text

; bool copy_checked(void *to, const void *from, size_t n);
; Up to 128 bytes are all read before the first is written; vector registers are free in kernel
; text.
global copy_checked
copy_checked:
copy_begin:
    cmp rdx, 16
    jbe .upto16
    cmp rdx, 32
    ja .over32
    movups xmm0, [rsi]
    movups xmm1, [rsi + rdx - 16]
    movups [rdi], xmm0
    movups [rdi + rdx - 16], xmm1
    mov eax, 1
    ret
.over32:
    cmp rdx, 128
    ja .large
    movups xmm0, [rsi]
    movups xmm1, [rsi + 16]
    movups xmm2, [rsi + rdx - 32]
    movups xmm3, [rsi + rdx - 16]
    cmp rdx, 64
    jbe .ends
    movups xmm4, [rsi + 32]
    movups xmm5, [rsi + 48]
    movups xmm6, [rsi + rdx - 64]
    movups xmm7, [rsi + rdx - 48]
    movups [rdi + 32], xmm4
    movups [rdi + 48], xmm5
    movups [rdi + rdx - 64], xmm6
    movups [rdi + rdx - 48], xmm7
.ends:
    movups [rdi], xmm0
    movups [rdi + 16], xmm1
    movups [rdi + rdx - 32], xmm2
    movups [rdi + rdx - 16], xmm3
    mov eax, 1
    ret
.upto16:
    cmp edx, 8
    jb .bytes
    mov rax, [rsi]
    mov r8, [rsi + rdx - 8]
    mov [rdi], rax
    mov [rdi + rdx - 8], r8
    mov eax, 1
    ret
.large:
    cmp byte [rel copy_wide], 0
    jne .wide
.rep:
    MOVE_LARGE .unlike
    mov eax, 1
    ret
.unlike:
    mov rcx, rdx
    rep movsb
    mov eax, 1
    ret
; Whole lines of `to`; the first and the last 64 bytes, wherever they are, are read before.
.wide:
    mov rcx, rsi
    sub rcx, rdi
    cmp rcx, rdx                                ; down by less than its length: strictly in order
    jb .rep
    vmovdqu64 zmm0, [rsi]
    vmovdqu64 zmm1, [rsi + rdx - 64]
    lea r8, [rdi + rdx - 64]
    lea r9, [r8 - 192]
    vmovdqu64 [rdi], zmm0
    sub rsi, rdi                                ; from `to` to `from`
    or rdi, 63
    inc rdi
    cmp rdi, r9
    ja .lines
.four:
    vmovdqu64 zmm0, [rdi + rsi]
    vmovdqu64 zmm2, [rdi + rsi + 64]
    vmovdqu64 zmm3, [rdi + rsi + 128]
    vmovdqu64 zmm4, [rdi + rsi + 192]
    vmovdqa64 [rdi], zmm0
    vmovdqa64 [rdi + 64], zmm2
    vmovdqa64 [rdi + 128], zmm3
    vmovdqa64 [rdi + 192], zmm4
    add rdi, 256
    cmp rdi, r9
    jbe .four
.lines:
    cmp rdi, r8
    jae .last
    vmovdqu64 zmm0, [rdi + rsi]
    vmovdqa64 [rdi], zmm0
    add rdi, 64
    jmp .lines
.last:
    vmovdqu64 [r8], zmm1
    vzeroupper                                  ; or each movups waits for what is above it
    mov eax, 1
    ret
.bytes:
    cmp edx, 4
    jb .few
    mov eax, [rsi]
    mov r8d, [rsi + rdx - 4]
    mov [rdi], eax
    mov [rdi + rdx - 4], r8d
    mov eax, 1
    ret
.few:
    mov rcx, rdx
    rep movsb
    mov eax, 1
    ret

; bool fill_checked(void *to, uint8_t byte, size_t n);
global fill_checked
fill_checked:
    movzx eax, sil
    mov rcx, 0x0101010101010101
    imul rax, rcx
    cmp rdx, 8
    jb .byte
    lea r9, [rdi + rdx - 8]                     ; the tail, then words
    mov [r9], rax
    cmp rdx, 256
    ja .rep
.word:
    mov [rdi], rax
    add rdi, 8
    cmp rdi, r9
    jb .word
    mov eax, 1
    ret
.rep:
    FILL_LARGE
    mov eax, 1
    ret
.byte:
    mov rcx, rdx
    rep stosb
    mov eax, 1
    ret
copy_end:

copy_failed:
    cmp byte [rel copy_wide], 0
    je .clean
    vzeroupper
.clean:
    cld
    xor eax, eax
    ret

section .bss
global copy_wide
copy_wide: resb 1

section fixups progbits alloc noexec nowrite align=8
    dq copy_begin, copy_end, copy_failed
