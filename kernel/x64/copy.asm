; copy.asm - copies that survive a fault: trap_dispatch finds the interrupted rip between the labels
; of a row in section fixups (access.h has more) and resumes at the row's third address, which
; returns false.

section .text

; bool copy_checked(void *to, const void *from, size_t n);
global copy_checked
copy_checked:
copy_begin:
    cmp rdx, 8
    jb .bytes
    cmp rdx, 128
    ja .large
    mov r8, [rsi + rdx - 8]
    lea r9, [rdi + rdx - 8]
.word:
    mov rax, [rsi]
    mov [rdi], rax
    add rsi, 8
    add rdi, 8
    cmp rdi, r9
    jb .word
    mov [r9], r8
    mov eax, 1
    ret
.large:
    mov r8, [rsi + rdx - 8]
    lea r9, [rdi + rdx - 8]
    mov rcx, rdx
    shr rcx, 3
    rep movsq
    mov [r9], r8
    mov eax, 1
    ret
.bytes:
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
    mov rcx, rdx
    shr rcx, 3
    rep stosq
    mov ecx, edx
    and ecx, 7
    rep stosb
    mov eax, 1
    ret
copy_end:

copy_failed:
    cld
    xor eax, eax
    ret

section fixups progbits alloc noexec nowrite align=8
    dq copy_begin, copy_end, copy_failed
