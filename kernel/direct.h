/*
 * direct.h - from client to server and back without a C frame that lives across the switch: what
 * kernel/x64/switch.asm calls for the system calls that may switch.
 */
#ifndef KERNEL_DIRECT_H
#define KERNEL_DIRECT_H

#include <stdint.h>

struct context;
struct wasm_instance;

/* to: the context to switch to, and `other` the thread that is left; NULL: stay, and `other` is the
 * result. */
struct direct { struct context *to; uint64_t other; };

struct direct direct_yield(struct wasm_instance *in);
struct direct direct_wait(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
struct direct direct_call(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
struct direct direct_answer_wait(struct wasm_instance *in, uint32_t token, uint32_t msg,
                                 int64_t deadline);

/* The system calls themselves (switch.asm, direct_send.c), and what they fall back to
 * (syscall.c). */
int32_t sys_yield(struct wasm_instance *in);
int32_t sys_send(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags);
int32_t sys_wait(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
int32_t sys_send_slow(struct wasm_instance *in, uint32_t h, uint32_t msg, uint32_t flags);
int32_t sys_wait_slow(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
int32_t sys_yield_slow(struct wasm_instance *in);
int32_t sys_call(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
int32_t sys_answer_wait(struct wasm_instance *in, uint32_t token, uint32_t msg, int64_t deadline);
int32_t sys_call_slow(struct wasm_instance *in, uint32_t h, uint32_t msg, int64_t deadline);
int32_t sys_answer_wait_slow(struct wasm_instance *in, uint32_t token, uint32_t msg,
                             int64_t deadline);

#endif
