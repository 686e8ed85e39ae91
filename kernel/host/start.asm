; start.asm - the first instruction, the end of a signal handler, a second Linux thread; and
; resuming a frame, which needs no system call.

%include "kernel/x64/frame.inc"
%define ENABLE mov qword [fs:CPU_INTERRUPTS], 1
%define CPU_INTERRUPTS 40                       ; offsets pinned in trap.c

extern host_start
section .text

global _start
_start:
    mov rdi, rsp
    xor ebp, ebp
    and rsp, -16
    call host_start
    ud2

global host_restorer
host_restorer:
    mov eax, 15                                 ; rt_sigreturn
    syscall
    ud2

; long host_clone(unsigned long flags, void *stack_top, void (*fn)(void), void *fs);
; fs counts with CLONE_SETTLS
global host_clone
host_clone:
    mov r9, rdx
    mov r8, rcx
    xor edx, edx
    xor r10d, r10d
    mov eax, 56                                 ; clone
    syscall
    test rax, rax
    jnz .parent
    xor ebp, ebp
    call r9
    xor edi, edi
    mov eax, 60                                 ; exit, of this thread
    syscall
    ud2
.parent:
    ret

; _Noreturn void frame_resume(const struct trap_frame *f);
; A signal in here is one in kernel text: it is recorded, and comes back.
global frame_resume
frame_resume:
    mov qword [fs:CPU_INTERRUPTS], 0
    LOAD_VECTORS
    LOAD_THREAD

CONTEXT_RESUME

; void vectors_save(struct trap_frame *f); void host_vectors_load(const void *xmm);
global vectors_save, host_vectors_load
vectors_save:
    SAVE_VECTORS
    ret
host_vectors_load:
    LOAD_VECTORS
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
