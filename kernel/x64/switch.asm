; switch.asm - changing stacks. Resumption is by pop and jmp: a ret onto another stack mispredicts.

section .text

%macro PUSH_SAVED 0
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
%endmacro

; void thread_switch(struct context *from, struct context *to, uint32_t *on_cpu);
global thread_switch
thread_switch:
    PUSH_SAVED
    mov [rdi], rsp
    mov rsp, [rsi]
    mov dword [rdx], 0                          ; that stack may be run on elsewhere
resume:
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    pop rcx
    jmp rcx

; _Noreturn void context_resume(struct context *to);
global context_resume
context_resume:
    mov rsp, [rdi]
    jmp resume

; Where a context of context_init first resumes: rbx = entry, r12 = argument, rsp 16-byte aligned.
global context_first
context_first:
    mov rdi, r12
    call rbx
    ud2

; _Noreturn void thread_start(void (*entry)(void *), void *arg, uintptr_t stack_top);
global thread_start
thread_start:
    mov rsp, rdx
    xor ebp, ebp
    mov rax, rdi
    mov rdi, rsi
    call rax
    ud2
