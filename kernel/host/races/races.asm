; races.asm - the ends of thread_switch and of the direct path, which leave a thread's stack in
; assembly: what they write to on_cpu releases what the thread did. The linker's --wrap puts these
; before them.

extern race_left
section .text

%macro WRAPPED 1
global __wrap_%1
extern __real_%1
__wrap_%1:
%endmacro

; void thread_switch(struct thread *from, struct context *to);
WRAPPED thread_switch
    push rdi
    push rsi
    sub rsp, 8
    call race_left
    add rsp, 8
    pop rsi
    pop rdi
    jmp __real_thread_switch

; struct direct direct_NAME(...); the stub has saved all registers
%macro DIRECT 1
WRAPPED %1
    sub rsp, 8
    call __real_%1
    add rsp, 8
    test rax, rax
    jz %%stay
    push rax
    push rdx
    sub rsp, 8
    mov rdi, rdx
    call race_left
    add rsp, 8
    pop rdx
    pop rax
%%stay:
    ret
%endmacro
DIRECT direct_yield
DIRECT direct_wait
DIRECT direct_call
DIRECT direct_answer_wait
