; string.asm - memcpy, memmove, memset with general registers only: interrupts that land in kernel
; text do not save vector registers. More than a few words: rep.inc.

%include "kernel/x64/rep.inc"

section .text

; void *memcpy(void *restrict d, const void *restrict s, size_t n);
global memcpy
memcpy:
    mov rax, rdi
    cmp rdx, 16
    jb .small
    cmp rdx, 128
    ja .large
    mov r8, [rsi + rdx - 8]                     ; the tail, first: it overlaps the last words
    lea r9, [rdi + rdx - 8]
.word:
    mov rcx, [rsi]
    mov [rdi], rcx
    add rsi, 8
    add rdi, 8
    cmp rdi, r9
    jb .word
    mov [r9], r8
    ret
.large:
    MOVE_LARGE .bytes
    ret
.bytes:
    mov rcx, rdx
    rep movsb
    ret
.small:
    cmp edx, 8
    jae .eight
    cmp edx, 4
    jae .four
    test edx, edx
    jz .done
.byte:
    mov cl, [rsi + rdx - 1]
    mov [rdi + rdx - 1], cl
    dec edx
    jnz .byte
.done:
    ret
.eight:
    mov rcx, [rsi]
    mov r8, [rsi + rdx - 8]
    mov [rdi], rcx
    mov [rdi + rdx - 8], r8
    ret
.four:
    mov ecx, [rsi]
    mov r8d, [rsi + rdx - 4]
    mov [rdi], ecx
    mov [rdi + rdx - 4], r8d
    ret

; void *memmove(void *d, const void *s, size_t n);
global memmove
memmove:
    mov rax, rdi
    mov rcx, rdi
    sub rcx, rsi
    cmp rcx, rdx                                ; unsigned: d in [s, s + n)?
    jb .backward
    cmp rdx, 64
    jb .up
    mov ecx, edi
    xor ecx, esi
    test cl, 7
    jnz .unlike
    mov ecx, edi                                ; forward: bytes up to a word, words, bytes; what
    neg ecx                                     ; is written lies below all that is still to be read
    and ecx, 7
    sub rdx, rcx
    rep movsb
    mov rcx, rdx
    shr rcx, 3
    rep movsq
    mov ecx, edx
    and ecx, 7
    rep movsb
    ret
.unlike:
    mov rcx, rsi
    sub rcx, rdi
    cmp rcx, 64                                 ; nearer ones `rep` takes one by one
    jb .up
    mov rcx, rdx
    rep movsb
    ret
.up:
    cmp rdx, 8
    jb .rest
    mov rcx, [rsi]
    mov [rdi], rcx
    add rsi, 8
    add rdi, 8
    sub rdx, 8
    jmp .up
.one:
    mov cl, [rsi]
    mov [rdi], cl
    inc rsi
    inc rdi
    dec rdx
.rest:
    test rdx, rdx
    jnz .one
    ret
.backward:
    test rcx, rcx
    jz .done
.words:
    cmp rdx, 8
    jb .bytes
    mov rcx, [rsi + rdx - 8]
    mov [rdi + rdx - 8], rcx
    sub rdx, 8
    jmp .words
.bytes:
    test rdx, rdx
    jz .done
    mov cl, [rsi + rdx - 1]
    mov [rdi + rdx - 1], cl
    dec rdx
    jmp .bytes
.done:
    ret

; void *memset(void *d, int c, size_t n);
global memset
memset:
    mov r8, rdi
    movzx eax, sil
    mov rcx, 0x0101010101010101
    imul rax, rcx
    cmp rdx, 8
    jb .small
    lea r9, [rdi + rdx - 8]                     ; the tail, then words
    mov [r9], rax
    cmp rdx, 256
    ja .large
.word:
    mov [rdi], rax
    add rdi, 8
    cmp rdi, r9
    jb .word
    mov rax, r8
    ret
.large:
    FILL_LARGE
    mov rax, r8
    ret
.byte:
    mov [rdi + rdx - 1], al
    dec edx
.small:
    test edx, edx
    jnz .byte
    mov rax, r8
    ret
