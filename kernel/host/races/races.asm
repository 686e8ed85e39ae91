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

%macro LEAVING 1                                ; the register that has the thread
    push rdi
    push rsi
    sub rsp, 8
    mov rdi, %1
    call race_left
    add rsp, 8
    pop rsi
    pop rdi
%endmacro

; int32_t thread_switch(struct thread *from, struct thread *to);
WRAPPED thread_switch
    LEAVING rdi
    jmp __real_thread_switch

; _Noreturn void direct_go_many(struct thread *to, struct thread *from);
WRAPPED direct_go_many
    LEAVING rsi
    jmp __real_direct_go_many
