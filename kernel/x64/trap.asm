; trap.asm - every vector's entry: builds a struct trap_frame (x64.h) on an IST stack and calls
;   void trap_dispatch(struct trap_frame *f);
;
; Vector registers are saved only if the interrupted code is preemptible: an image (ARENA) or the
; compiler's text. Kernel proper uses no vector registers in C, and nothing keeps one across a call.
;
; Exceptions other than #DF, NMI and #MC arrive on one of three fault stacks. On entry the TSS is
; turned to the next one (named in the last word of the present stack), so that a fault while this
; one is handled finds an empty stack; on return it is turned back. A handler that leaves through
; frame_resume or thread_switch leaves the ring turned, which is as good a state as any.

%define ARENA_TOP_BITS 0xffffc00                ; ARENA_BASE >> 36; ARENA_SIZE is 1 << 36
%define IST_MASK 0x3fff
%include "kernel/x64/frame.inc"

extern trap_dispatch, wasm_text_start, wasm_text_end

%macro SAVE 0
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
    mov rax, [rsp + OFF_RIP]
    mov rcx, rax
    shr rcx, 36
    cmp ecx, ARENA_TOP_BITS
    je %%vectors
    cmp rax, wasm_text_start
    jb %%none
    cmp rax, wasm_text_end
    jae %%none
%%vectors:
    mov dword [rsp + OFF_VECTORS], 1
%assign i 0
%rep 16
    movaps [rsp + i * 16], xmm %+ i
%assign i i + 1
%endrep
    jmp %%saved
%%none:
    mov dword [rsp + OFF_VECTORS], 0
%%saved:
%endmacro

section .text

fault_common:
    SAVE
    mov rax, rsp
    or rax, IST_MASK
    mov rax, [rax - 7]                          ; struct ist_stack.next
    mov rcx, [fs:8]                             ; this_cpu()->fault_ist
    mov [rcx], rax
    mov rdi, rsp
    call trap_dispatch
    mov rax, rsp
    or rax, IST_MASK
    sub rax, 15                                 ; &struct ist_stack.reserved
    mov rcx, [fs:8]
    mov [rcx], rax
    jmp restore

irq_common:
    SAVE
    mov rdi, rsp
    call trap_dispatch
    jmp restore

; _Noreturn void frame_resume(const struct trap_frame *f);
global frame_resume
frame_resume:
    cli
    mov rsp, rdi
restore:
    cmp dword [rsp + OFF_VECTORS], 0
    je .general
    LOAD_VECTORS
.general:
    LOAD_REST

%assign v 0
%rep 256
entry_%+v:
%if v = 8 || (v >= 10 && v <= 14) || v = 17 || v = 21 || v = 29 || v = 30
%else
    push 0                                      ; the CPU pushes no error code here
%endif
    push v
%if v < 32 && v != 2 && v != 8 && v != 18
    jmp fault_common
%else
    jmp irq_common
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
