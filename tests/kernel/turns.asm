; turns.asm - a thread that is interrupted at an instruction of an image, `jmp rax`, again and again
; (preempt.c). What the CPU does then is done here: five pushes to a stack of its own.

%define ENABLE                                  ; interrupts are not on
%include "kernel/x64/frame.inc"

extern preempt_timer, turns_left, turns_batch
section .text

; _Noreturn void turns_go(uint64_t *count, uintptr_t image);
global turns_go
turns_go:
    sub rsp, 8
    mov rbx, rdi
    mov r12, rsi
    lea rax, [rel again]
    jmp r12

again:
    inc qword [rbx]
    dec dword [turns_left]
    jz .batch
.interrupt:
    mov rcx, rsp
    mov rsp, turns_stack
    push 0                                      ; ss
    push rcx
    pushfq
    push 0                                      ; cs
    push r12
    push rax                                    ; from here on as in trap.asm
    SAVE_THREAD
    call preempt_timer
    LOAD_CURRENT
.batch:
    mov r13, rax
    call turns_batch
    mov rax, r13
    jmp .interrupt

section .bss
alignb 16
    resb 8192
turns_stack:

section .note.GNU-stack noalloc noexec nowrite progbits
