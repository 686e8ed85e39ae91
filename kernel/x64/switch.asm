; switch.asm - changing stacks. Resumption is by pop and jmp: a ret onto another stack mispredicts.
;
; What a thread that gave up the CPU has on its stack, from rsp: r15 r14 r13 r12 rbp rbx, and where
; to go on. eax is the result of what it blocked in then, for the system calls below go on in the
; image.

%define ON_CPU 8                                ; of struct thread, whose context is at 0
%define RESULT 12                               ; (pinned in sched.c)

extern direct_yield, direct_wait, direct_call, direct_answer_wait, preempt_timer
section .text

%macro PUSH_SAVED 0
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
%endmacro

%macro POP_SAVED 0
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
%endmacro

; void thread_switch(struct thread *from, struct context *to);
global thread_switch
thread_switch:
    PUSH_SAVED
    mov [rdi], rsp
    mov rsp, [rsi]
    mov eax, [rsi + RESULT]                     ; of a thread; else nobody looks at it
    mov dword [rdi + ON_CPU], 0                 ; its stack may be run on elsewhere
global context_pop                              ; frame.inc
context_pop:
    POP_SAVED
    pop rcx
    jmp rcx

; void preempt_here(void): preempt_timer for C, as it keeps no register but rbp
global preempt_here
preempt_here:
    PUSH_SAVED
    sub rsp, 8
    call preempt_timer
    add rsp, 8
    POP_SAVED
    ret

; int32_t sys_yield(struct wasm_instance *in);
; int32_t sys_wait(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
; int32_t sys_call(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
; int32_t sys_answer_wait(struct wasm_instance *in, uint32_t token, uint32_t msg, int64_t deadline);
%macro DIRECT 2
global %1
%1:
    PUSH_SAVED
    sub rsp, 8
    call %2
    add rsp, 8
    test rax, rax
    jz %%stay
    mov [rdx], rsp
    mov rsp, [rax]
    mov dword [rdx + ON_CPU], 0
    mov eax, [rax + RESULT]
    POP_SAVED
    pop rcx
    jmp rcx
%%stay:
    mov eax, edx
    POP_SAVED                                   ; direct.c has not kept them
    ret
%endmacro
DIRECT sys_yield, direct_yield
DIRECT sys_wait, direct_wait
DIRECT sys_call, direct_call
DIRECT sys_answer_wait, direct_answer_wait

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
