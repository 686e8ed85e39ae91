/*
 * direct.h - from client to server and back without a C frame that lives across the switch: what
 * kernel/x64/switch.asm calls for the system calls that may switch.
 */
#ifndef KERNEL_DIRECT_H
#define KERNEL_DIRECT_H

#include <stdbool.h>
#include <stdint.h>

struct thread;
struct wasm_instance;

/* Called by switch.asm with the calling thread, whose context is set. They return to the image, or
 * go to another thread and never return; _many: while there is more than one CPU. */
int32_t direct_yield_many(struct wasm_instance *in, uint32_t, uint32_t, int64_t, struct thread *t);
int32_t direct_call(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline,
                    struct thread *t);
int32_t direct_call_many(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline,
                         struct thread *t);
int32_t direct_answer_wait(struct wasm_instance *in, uint32_t token, uint32_t msg,
                           int64_t deadline, struct thread *t);
int32_t direct_answer_wait_many(struct wasm_instance *in, uint32_t token, uint32_t msg,
                                int64_t deadline, struct thread *t);
/* No hand-off is left: true if an interrupt is to be looked at. Else CPU time was charged. */
bool direct_look(void);
/* How they go there. The stack of `from` is left then, which its on_cpu says. */
_Noreturn void direct_go(struct thread *to);
_Noreturn void direct_go_many(struct thread *to, struct thread *from);

/* The system calls themselves (switch.asm, direct_send.c, direct_wait.c), and what they fall back
 * to (syscall.c). */
int32_t sys_yield(struct wasm_instance *in);
int32_t sys_yield_many(struct wasm_instance *in);
int32_t sys_send(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags);
int32_t sys_send_many(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags);
int32_t sys_wait(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
int32_t sys_wait_many(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
int32_t sys_send_slow(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags);
int32_t sys_wait_slow(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
int32_t sys_yield_slow(struct wasm_instance *in);
int32_t sys_call(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
int32_t sys_call_many(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
int32_t sys_answer_wait(struct wasm_instance *in, uint32_t token, uint32_t msg, int64_t deadline);
int32_t sys_answer_wait_many(struct wasm_instance *in, uint32_t token, uint32_t msg,
                             int64_t deadline);
int32_t sys_call_slow(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
int32_t sys_answer_wait_slow(struct wasm_instance *in, uint32_t token, uint32_t msg,
                             int64_t deadline);

#endif
