; switch.asm - changing stacks. Resumption is by jmp: a ret onto another stack mispredicts.
;
; What a thread that gave up the CPU has on its stack, from where its context points: r15 r14 r13
; r12 rbp rbx, and where to go on. eax is the result of what it blocked in then, for the system
; calls below go on in the image.

%define CTX 16                                  ; of struct thread, whose `run` is at 0
%define RESULT 24                               ; (all of these are pinned in sched_switch.c)
%define ON_CPU 48
%define PRIORITY 53
%define LEVEL 54
%define CURRENT 80                              ; of struct cpu
%define HANDOFFS 96
%define CORE 128
%define READY_BITS CORE + 8                     ; of struct core, which is in it
%define SLICE_STALE CORE + 24
%define READY CORE + 32
%define STACK_TOP CORE + 176

extern direct_look, direct_call, direct_answer_wait
extern sys_yield_slow, sched_aside, preempt_timer
extern direct_yield_many, direct_call_many, direct_answer_wait_many
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

; From wherever to the struct thread in %1, whose context is not looked at again. rcx is its stack.
%macro LOAD 1
    mov rcx, [%1 + CTX]
    mov eax, [%1 + RESULT]                      ; of one that has called from the image
    mov r15, [rcx]
    mov r14, [rcx + 8]
    mov r13, [rcx + 16]
    mov r12, [rcx + 24]
    mov rbp, [rcx + 32]
    mov rbx, [rcx + 40]
    lea rsp, [rcx + 56]
%endmacro
%define GO jmp [rcx + 48]                       ; interrupts have stacks of their own

; int32_t thread_switch(struct thread *from, struct thread *to);
global thread_switch
thread_switch:
    PUSH_SAVED
    mov [rdi + CTX], rsp
    LOAD rsi
    mov dword [rdi + ON_CPU], 0                 ; its stack may be run on elsewhere
    GO

; void preempt_here(void): preempt_timer for C, as it keeps no register but rbp
global preempt_here
preempt_here:
    PUSH_SAVED
    sub rsp, 8
    call preempt_timer
    add rsp, 8
    POP_SAVED
    ret

; _Noreturn void direct_go(struct thread *to);
global direct_go
direct_go:
    LOAD rdi
    GO

; _Noreturn void direct_go_many(struct thread *to, struct thread *from);
global direct_go_many
direct_go_many:
    LOAD rdi
    mov dword [rsi + ON_CPU], 0
    GO

; Each calls direct_X with the running thread as one more argument.
; int32_t sys_call(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
; int32_t sys_answer_wait(struct wasm_instance *in, uint32_t token, uint32_t msg, int64_t deadline);
; They go on by direct_go, or return to here. sys_X_many: while there are more CPUs.
%macro DIRECT 1
global sys_%1
sys_%1:
    PUSH_SAVED
    mov r8, [fs:CURRENT]
    mov [r8 + CTX], rsp
    sub rsp, 8
    call direct_%1
    add rsp, 8
    POP_SAVED                                   ; direct.c has not kept them
    ret
%endmacro
DIRECT call
DIRECT answer_wait
DIRECT yield_many
DIRECT call_many
DIRECT answer_wait_many

; int32_t sys_yield(struct wasm_instance *in);
; To the first thread of the highest run queue, if that is the running one's own; it gets a fresh
; slice, and the running one is last then.
global sys_yield
sys_yield:
    mov rdx, [fs:CURRENT]
    sub dword [fs:HANDOFFS], 1
    js .look
.looked:
    movzx ecx, byte [rdx + PRIORITY]
    cmp dword [fs:rcx + READY_BITS], 1          ; this queue has somebody, higher ones have not
    jne .slow
    mov [rdx + LEVEL], cl                       ; what was lent is given back
    PUSH_SAVED
    shl ecx, 4
    mov rax, [fs:rcx + READY]                   ; the first
    mov r8, [rax + 8]                           ; the queue
    mov rdi, [rax]
    mov [r8], rdi
    mov [rdi + 8], r8
    mov qword [rax], 0
    mov rcx, [r8 + 8]                           ; the last
    mov [rdx], r8
    mov [rdx + 8], rcx
    mov [rcx], rdx
    mov [r8 + 8], rdx
    mov byte [fs:SLICE_STALE], 1
    mov [fs:CURRENT], rax
    mov qword [rdx + RESULT], 0                 ; and the rest of the slice
    mov [rdx + CTX], rsp
    LOAD rax
    GO
.look:
    test [rsp - 4096], al
    push rdi
    call direct_look
    pop rdi
    mov rdx, [fs:CURRENT]
    test al, al
    jz .looked
.slow:
    jmp sys_yield_slow

; Where a context of context_init first resumes: rbx = entry, r12 = argument, rsp 16-byte aligned.
global context_first
context_first:
    mov rdi, r12
    call rbx
    ud2

; const uint64_t context_aside[]: what a context points at.
section .rodata align=8
global context_aside
context_aside:
    dq 0, 0, 0, 0, 0, 0, resume_aside
section .text
resume_aside:
    mov rsp, [fs:STACK_TOP]
    call sched_aside

; _Noreturn void thread_start(void (*entry)(void *), void *arg, uintptr_t stack_top);
global thread_start
thread_start:
    mov rsp, rdx
    xor ebp, ebp
    mov rax, rdi
    mov rdi, rsi
    call rax
    ud2
