; trap.asm - every vector's entry: builds a struct trap_frame (x64.h) and calls
;   void trap_dispatch(struct trap_frame *f);
;
; An interrupt of preemptible code, that of an image (ARENA) or the compiler's, has its frame in
; the thread (frame.inc); all others have it on the IST stack. Exceptions save the vector registers,
; too, if the code is preemptible. Kernel proper uses none in C, and nothing keeps one across a
; call.
;
; Exceptions other than #DF, NMI and #MC arrive on one of three fault stacks. On entry the TSS is
; turned to the next one (named in the last word of the present stack), so that a fault while this
; one is handled finds an empty stack; on return it is turned back. A handler that leaves through
; frame_resume or thread_switch leaves the ring turned, which is as good a state as any.

%define ARENA_TOP_BITS 0xffffc00                ; ARENA_BASE >> 36; ARENA_SIZE is 1 << 36
%define ENABLE sti
%define IST_MASK 0x3fff
%define VEC_TIMER 0xe0
%define CPU_DEADLINE 32                         ; this_cpu()->timer_deadline
%include "kernel/x64/frame.inc"

extern trap_dispatch, apic_eoi, preempt_timer, wasm_text_start, wasm_text_end

; Goes on if rip, which is at %1, is in preemptible code; else to %2. Uses rax.
%macro PREEMPTIBLE 2
    mov rax, %1
    shr rax, 36
    cmp eax, ARENA_TOP_BITS
    je %%yes
    mov rax, %1
    cmp rax, wasm_text_start
    jb %2
    cmp rax, wasm_text_end
    jae %2
%%yes:
%endmacro

; What is below the vector in a frame.
%macro SAVE_GENERAL 0
    push rax
    push rcx
    push rdx
    push rbx
    push rbp
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
    sub rsp, FRAME_XMM
    cld
    mov dword [rsp + OFF_VECTORS], 0
    mov rdi, rsp
%endmacro

section .text

fault_common:
    SAVE_GENERAL
    PREEMPTIBLE [rsp + OFF_RIP], .no_vectors
    mov dword [rsp + OFF_VECTORS], 1
    SAVE_VECTORS
.no_vectors:
    mov rax, rsp
    or rax, IST_MASK
    mov rax, [rax - 7]                          ; struct ist_stack.next
    mov rcx, [fs:8]                             ; this_cpu()->fault_ist
    mov [rcx], rax
    call trap_dispatch
    mov rax, rsp
    or rax, IST_MASK
    sub rax, 15                                 ; &struct ist_stack.reserved
    mov rcx, [fs:8]
    mov [rcx], rax
    cmp dword [rsp + OFF_VECTORS], 0
    je restore
    mov rdi, rsp
    LOAD_VECTORS
restore:
    add rsp, FRAME_XMM
    LOAD_GENERAL
    add rsp, 16                                 ; vector, error
    iretq

timer:
    push rax
    PREEMPTIBLE [rsp + 8], .kernel
    SAVE_THREAD
    call apic_eoi
    mov qword [fs:CPU_DEADLINE], -1
    call preempt_timer
    LOAD_CURRENT
.kernel:
    mov rax, [rsp]
    mov qword [rsp], 0                          ; as the error
    push VEC_TIMER
    jmp plain

irq_common:
    push rax
    PREEMPTIBLE [rsp + 16], .kernel
    SAVE_THREAD rbx
    mov [rax + OFF_VECTOR], ebx
    mov rdi, rax
    call trap_dispatch
    LOAD_CURRENT
.kernel:
    pop rax
    push qword [rsp]                            ; the vector; 0 as the error
    mov qword [rsp + 8], 0
plain:
    SAVE_GENERAL
    call trap_dispatch
    jmp restore

; void vectors_save(struct trap_frame *f);
global vectors_save
vectors_save:
    SAVE_VECTORS
    ret

; _Noreturn void frame_resume(const struct trap_frame *f);
global frame_resume
frame_resume:
    cli
    LOAD_VECTORS
    LOAD_THREAD

CONTEXT_RESUME

%assign v 0
%rep 256
entry_%+v:
%if v = VEC_TIMER
    jmp timer
%else
%if v = 8 || (v >= 10 && v <= 14) || v = 17 || v = 21 || v = 29 || v = 30
%elif v < 32
    push 0                                      ; the CPU pushes no error code here
%endif
    push v
%if v < 32 && v != 2 && v != 8 && v != 18
    jmp fault_common
%elif v < 32
    jmp plain
%else
    jmp irq_common
%endif
%endif
%assign v v + 1
%endrep

section .rodata
global trap_entries
align 8
trap_entries:
%assign v 0
%rep 256
    dq entry_%+v
%assign v v + 1
%endrep
