/*
 * abi.h - the contract between the kernel and SIPs. Included by the kernel, by sips/sip.h and by
 * tools; it needs only stdint. All structures stand in the SIP's linear memory, little-endian,
 * naturally aligned.
 *
 * A system call is an import of module "selkie". A pointer is a u32 offset into memory 0 of
 * the caller. A call returns >= 0, or one of the ERR_* below, and then it had no effect.
 *
 * Handles are small integers of one SIP. 0 is never one. 1 is the standard stream (interface
 * `stream`) that the parent passed, if it did. The manifest gives the numbers of the others that
 * exist from the start.
 */
#ifndef KERNEL_ABI_H
#define KERNEL_ABI_H

#include <stdint.h>

#define SELKIE_ABI 1

/* X(name, text): names become ERR_name = -1, -2, ... */
#define SELKIE_ERRORS(X) \
    X(ARGUMENT,     "argument out of range") \
    X(HANDLE,       "no such handle, or of the wrong kind") \
    X(RIGHTS,       "the handle does not allow that") \
    X(MEMORY,       "an address range is outside of the linear memory") \
    X(FULL,         "the queue is full") \
    X(EMPTY,        "nothing is waiting") \
    X(TIMEOUT,      "the deadline has passed") \
    X(PEER,         "the other end is closed or its owner has ended") \
    X(TOO_BIG,      "the message is larger than allowed, or than the buffer") \
    X(LIMIT,        "a limit of this SIP is reached") \
    X(NO_MEMORY,    "the system is out of memory") \
    X(NOT_FOUND,    "there is no such name") \
    X(DENIED,       "the policy denies it") \
    X(BUSY,         "somebody else owns it") \
    X(MODULE,       "the module is malformed, invalid or cannot be linked") \
    X(UNSUPPORTED,  "the handler does not know this message") \
    X(TOKEN,        "the answer token is used up or was never given") \
    X(EXISTS,       "it exists already") \
    X(OPERATION,    "the interface has no such operation") \
    X(WAY,          "the interface has this go another way: called, sent, or from the other end") \
    X(ORDER,        "the interface does not have this now") \
    X(SIZE,         "the message has not the size that the interface says") \
    X(HANDLE_COUNT, "the message has not the handles that the interface says") \
    X(HANDLE_KIND,  "a handle in the message is not what the interface says")
enum selkie_err {
    ERR_NONE = 0,
#define X(name, text) ERR_NUM_##name,
    SELKIE_ERRORS(X)
#undef X
};
enum selkie_err_values {
#define X(name, text) ERR_##name = -ERR_NUM_##name,
    SELKIE_ERRORS(X)
#undef X
};

#define MSG_BYTES_MAX   8192u       /* bytes in one message */
#define MSG_HANDLES_MAX 4u
#define QUEUE_MSGS      64u         /* per direction of a channel */
#define QUEUE_BYTES     65536u
#define HANDLES_MAX     256u        /* per SIP */
#define HANDLE_STDIO    1u
#define BLOCK_MIN       4096u       /* bytes of a block: a power of two from here on */
#define BLOCK_MAX       (2u << 20)
#define FOREVER         INT64_MAX   /* a deadline that never comes; 0 = do not wait */

enum msg_kind {
    MSG_DATA = 1,       /* sent with send */
    MSG_CALL = 2,       /* sent with call: answer `token` */
    MSG_CONNECT = 3,    /* on a handled interface: a client is there, handle[0] is our end */
    MSG_CLOSED = 4,     /* the peer of `from` is gone; arrives once, last */
    MSG_IRQ = 5,        /* interrupt; answer `token` to unmask it */
    MSG_EXIT = 6,       /* on a process handle: bytes are a struct exit_info */
};

/* What send, call, wait and answer read and write. */
struct msg {
    uint32_t data, len;             /* in: bytes to send */
    uint32_t buf, cap;              /* in: where to receive; cap >= the message or ERR_TOO_BIG */
    uint32_t nhandles;              /* in: handles to pass; out: handles received */
    uint32_t handle[MSG_HANDLES_MAX];
    uint32_t from;                  /* out: own handle that it arrived on */
    uint32_t kind;                  /* out: enum msg_kind */
    uint32_t token;                 /* out: to answer with; 0 if there is nothing to answer */
    uint32_t received;              /* out: bytes written to buf */
};

struct exit_info {
    int32_t status;                 /* of exit, or 128 + trap */
    uint32_t trap;                  /* enum wasm_trap; 0 = it called exit or returned */
    char text[120];                 /* of the trap, with function and offset; empty otherwise */
};

enum handle_kind {
    HANDLE_CHANNEL = 1, HANDLE_INTERFACE, HANDLE_IRQ, HANDLE_WINDOW, HANDLE_PROCESS,
    HANDLE_BLOCK,
};
struct handle_info {
    uint32_t kind;
    uint32_t offset, size;          /* window, block: where it stands in the linear memory */
    uint32_t a, b, c, d;            /* framebuffer: width, height, pitch, bits a pixel (0 = text);
                                     * mmio, dma: physical address, low and high half */
};

enum send_flags { SEND_NOWAIT = 1 };    /* ERR_FULL instead of blocking */

/*
 * X(name, result, parameters, wasm signature). One row is the import's type, the kernel's prototype
 * (sys_NAME(struct wasm_instance *, parameters)) and the SDK's stub.
 *
 * send     queues a message; blocks while the queue is full unless SEND_NOWAIT. Handles move, of
 *          kind channel, process, block and irq, else ERR_RIGHTS. ERR_BUSY: a thread waits for it;
 *          a channel's end holds handles in its own queue, or owes or awaits an answer; an
 *          interrupt's token is not answered.
 * call     sends and waits for the answer: returns the answer's length. After ERR_TIMEOUT a late
 *          answer is thrown away. ERR_TOO_BIG: the answer did not fit, and is lost.
 * wait     receives from handle h, or from any if h is 0. Returns the length. deadline: absolute,
 *          in nanoseconds of the clock; 0 polls (ERR_EMPTY); FOREVER. ERR_TOO_BIG: the message
 *          stays, `from` and `received` say where and how long. ERR_PEER: closed, and told before.
 *          Several threads may wait for any; the last one that came gets the first message. Only
 *          one may wait for a given handle: ERR_BUSY.
 * answer   answers a token once. ERR_PEER if the caller is gone, ERR_TOO_BIG if its buffer is too
 *          small: the token is used up all the same, handles stay.
 * answer_wait  both in one, switching straight back to the caller when it can; then waits as for
 *          handle 0. That nobody takes the answer does not keep it from waiting; handles in it
 *          are closed then.
 * channel  makes a channel; writes its two handles to out[2].
 * connect  opens the manifest's interface handle h anew after MSG_CLOSED or ERR_PEER.
 * channel_of  the same for a channel of interface n of the manifest (use, serve or channel): out[0]
 *          is the handler's end, out[1] the client's.
 * why      writes in words which rule of its interface the last message broke that was refused
 *          (ERR_OPERATION to ERR_HANDLE_KIND); returns their length, at most cap.
 * block    makes a block of `bytes` (rounded up to a power of two, BLOCK_MIN to BLOCK_MAX) of
 *          zeroed memory that is handed on inside messages, with what it holds, at a cost that does
 *          not depend on its size; returns its handle. Loads and stores reach it at the offset that
 *          info tells, far above the memory's size, as long as it is ours, and trap there
 *          otherwise. System calls do not reach it, nor do memory.copy and fill, except of the few
 *          bytes for which they are loads and stores: block_copy does. Block h of a program
 *          stands (h - g) * BLOCK_MAX bytes behind its block g. It counts as memory of whoever owns
 *          it, or sent it last; ERR_LIMIT, ERR_NO_MEMORY.
 * args     writes the program's arguments, NUL-terminated strings one after the other, the
 *          program's name first; returns their length in bytes, even if cap is smaller.
 * clock    nanoseconds since boot.
 * sleep    returns when the clock has reached the deadline, in nanoseconds.
 * thread   starts a thread in the export thread_start(number, arg: i32), which must be there with a
 *          shared memory 0 (else ERR_UNSUPPORTED): an instance of its own, whose mutable globals
 *          and tables are as at the start, in the same memory. Returns its number, from 1 on,
 *          which no other one has while it lives. It ends when thread_start returns; the program
 *          ends by exit, a trap, the return of _start, or the end of the last thread.
 * thread_end  ends the calling thread.
 */
#define SELKIE_CALLS(X) \
    X(exit,         void,    (uint32_t status),                                 "i:") \
    X(yield,        int32_t, (void),                                            ":i") \
    X(send,         int32_t, (uint32_t h, uint32_t msg, uint32_t flags),        "iii:i") \
    X(call,         int32_t, (uint32_t h, uint32_t msg, int64_t deadline),      "iiI:i") \
    X(wait,         int32_t, (uint32_t h, uint32_t msg, int64_t deadline),      "iiI:i") \
    X(answer,       int32_t, (uint32_t token, uint32_t msg),                    "ii:i") \
    X(answer_wait,  int32_t, (uint32_t token, uint32_t msg, int64_t deadline),  "iiI:i") \
    X(channel,      int32_t, (uint32_t out),                                    "i:i") \
    X(channel_of,   int32_t, (uint32_t n, uint32_t out),                        "ii:i") \
    X(close,        int32_t, (uint32_t h),                                      "i:i") \
    X(connect,      int32_t, (uint32_t h),                                      "i:i") \
    X(info,         int32_t, (uint32_t h, uint32_t out),                        "ii:i") \
    X(why,          int32_t, (uint32_t buf, uint32_t cap),                      "ii:i") \
    X(block,        int32_t, (uint32_t bytes),                                  "i:i") \
    X(args,         int32_t, (uint32_t buf, uint32_t cap),                      "ii:i") \
    X(clock,        int64_t, (void),                                            ":I") \
    X(sleep,        int32_t, (int64_t deadline),                                "I:i") \
    X(thread,       int32_t, (uint32_t arg),                                    "i:i") \
    X(thread_end,   void,    (void),                                            ":")

/*
 * The manifest: custom section "selkie.manifest", lines of text, `#` starts a comment:
 *   use NAME@ID = N [now]    interface NAME (hash ID: 64 hex digits); handle N: to its handler.
 *                            Where nobody handles it, messages wait; now: the channel is closed
 *   serve NAME@ID = N        handles it; handle N receives MSG_CONNECT
 *   channel NAME@ID = N      makes channels of it (channel_of); N is no handle
 *   text TEXT                the canonical text of an interface, whose SHA-256 is ID. The kernel
 *                            lets nothing else pass (sips/iface/README.md)
 *   port FIRST-LAST          I/O ports (hex), for imports of module "port": in8:0x3fd, ...
 *   irq GSI = N              legacy IRQ number; handle N receives MSG_IRQ, as does whoever it is
 *                            passed to
 *   window NAME = N          memory window: framebuffer, vga-text
 *   mmio FIRST-LAST = N      window on device memory, whole pages (hex), uncached
 *   dma BYTES = N            window on memory that devices can reach: contiguous, below 4 GiB.
 *                            There is no IOMMU: a device may then be made to write anywhere
 * N is 2..63, each once. Several sections are concatenated. What is not declared cannot be had.
 */
#define MANIFEST_SECTION "selkie.manifest"
#define MANIFEST_HANDLE_MAX 63u

#endif
