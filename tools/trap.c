/*
 * trap.c - running compiled code on a stack of its own, and coming back from its faults.
 *
 * Compiled code faults instead of checking: an access outside the linear memory, a division, ud2, a
 * push into the guard below the stack. The handler runs on an alternate stack, finds what the
 * instruction means in the image's tables, records a backtrace, and jumps to the innermost
 * host_call. Handlers are installed with SA_NODEFER, so no signal mask has to be put back.
 *
 * Frames are walked by the images' tables. C functions between compiled code and wasm_host_trap are
 * walked by rbp: these tools and the runtime are built with -fno-omit-frame-pointer.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "tools/host.h"

#define STACK_SIZE (8u << 20)
#define STACK_GUARD (1u << 20)
#define STACK_SPARE (32u << 10)     /* for C functions that compiled code calls */
#define ALT_SIZE (64u << 10)

struct call {                       /* an entry into compiled code that is under way */
    sigjmp_buf back;
    struct call *outer;
};
static struct call *calls;
static uint8_t *stack_low;          /* the guard ends here */
static struct host_trace trace;

/* ---- backtraces ---------------------------------------------------------------------------- */

static bool site_at(uintptr_t pc, bool ret, struct host_frame *f)
{
    struct host_module *m = host_module_at((void *)pc);

    f->mod = m;
    return m && wasm_image_site(m->image, (uint32_t)(pc - (uintptr_t)m->code), ret, &f->site);
}

static bool on_stack(uintptr_t p)
{
    uintptr_t low = (uintptr_t)stack_low;

    return p >= low && p <= low + STACK_SIZE - 8 && p % 8 == 0;
}

static void add_frame(const struct host_frame *f)
{
    trace.total++;
    if (trace.n < HOST_FRAMES)
        trace.frames[trace.n++] = *f;
}

/* And the functions that it was inlined into. */
static void add_frames(const struct host_frame *f)
{
    struct host_frame outer = *f;

    do
        add_frame(&outer);
    while (wasm_image_outer(f->mod->image, &outer.site));
}

/* From a return address at *at, with callers above it. */
static void walk_up(uintptr_t at)
{
    struct host_frame f;

    while (on_stack(at) && site_at(*(uintptr_t *)at, true, &f)) {
        add_frames(&f);
        at += 8 + f.site.frame;
    }
}

/* The fault was at pc, with that stack pointer: exact where the tables know the instruction. */
static void walk_fault(uintptr_t pc, uintptr_t sp)
{
    struct host_frame f;

    trace.n = trace.total = 0;
    if (site_at(pc, false, &f)) {
        add_frames(&f);
        walk_up(sp + f.site.frame);
        return;
    }
    /* a prologue that met the guard: look for the first return address */
    if (sp < (uintptr_t)stack_low)
        sp = (uintptr_t)stack_low;
    for (sp = (sp + 7) & ~7ul; on_stack(sp); sp += 8)
        if (site_at(*(uintptr_t *)sp, true, &f))
            break;
    walk_up(sp);
}

/* From C, by frame pointers, to the return address that lies in an image. */
static void walk_c(uintptr_t rbp)
{
    struct host_frame f;

    trace.n = trace.total = 0;
    for (int i = 0; i < 16 && on_stack(rbp); i++) {
        if (site_at(((uintptr_t *)rbp)[1], true, &f)) {
            walk_up(rbp + 8);
            return;
        }
        rbp = *(uintptr_t *)rbp;
    }
}

const struct host_trace *host_last_trace(void)
{
    return &trace;
}

void host_trace_print(FILE *f, const struct host_trace *t)
{
    for (uint32_t i = 0; i < t->n; i++) {
        const struct host_frame *fr = &t->frames[i];
        const struct wasm_module *m = fr->mod->module;

        fprintf(f, "  #%-2u func %u", i, fr->site.func);
        if (m->func_names && fr->site.func < m->nfuncs && m->func_names[fr->site.func].s)
            fprintf(f, " <%.*s>", (int)m->func_names[fr->site.func].len,
                    m->func_names[fr->site.func].s);
        fprintf(f, " at 0x%x\n", fr->site.offset);
    }
    if (t->total > t->n)
        fprintf(f, "  ... and %u more\n", t->total - t->n);
}

const char *host_trap_text(int trap)
{
    return trap == HOST_EXIT ? "exit" : wasm_trap_text(trap);
}

/* ---- ways out ------------------------------------------------------------------------------ */

_Noreturn void wasm_host_trap(struct wasm_instance *in, int trap)
{
    walk_c((uintptr_t)__builtin_frame_address(0));
    siglongjmp(calls->back, trap);
}

_Noreturn void host_leave(void)
{
    siglongjmp(calls->back, HOST_EXIT);
}

static void on_fault(int sig, siginfo_t *si, void *context)
{
    ucontext_t *uc = context;
    uintptr_t pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
    uintptr_t sp = (uintptr_t)uc->uc_mcontext.gregs[REG_RSP];
    uintptr_t low = (uintptr_t)stack_low, at = (uintptr_t)si->si_addr;
    struct host_module *m = host_module_at((void *)pc);
    struct host_frame f;
    int trap;

    if (calls && sig == SIGSEGV && at >= low - STACK_GUARD && at < low) {
        trap = WASM_TRAP_STACK;
    } else if (calls && m) {
        if (site_at(pc, false, &f) && f.site.trap) {
            trap = f.site.trap;
        } else {
            fprintf(stderr, "compiler bug: signal %d (address %p) at code offset 0x%lx, which has"
                    " no trap\n", sig, si->si_addr, (unsigned long)(pc - (uintptr_t)m->code));
            trap = WASM_TRAP_PROTECTION;
        }
    } else {
        fprintf(stderr, "fault outside of compiled code: signal %d at %p, address %p\n", sig,
                (void *)pc, si->si_addr);
        signal(sig, SIG_DFL);
        return;
    }
    walk_fault(pc, sp);
    siglongjmp(calls->back, trap);
}

static void set_up(void)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
    stack_t alt = { .ss_size = ALT_SIZE };
    struct sigaction sa;
    uint8_t *p;

    p = mmap(NULL, STACK_GUARD + STACK_SIZE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    alt.ss_sp = malloc(ALT_SIZE);
    if (p == MAP_FAILED || !alt.ss_sp || mprotect(p, STACK_GUARD, PROT_NONE)
        || sigaltstack(&alt, NULL)) {
        perror("stack");
        exit(1);
    }
    stack_low = p + STACK_GUARD;
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = on_fault;
    sa.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &sa, NULL);
}

uintptr_t host_stack_limit(void)
{
    if (!stack_low)
        set_up();
    return (uintptr_t)stack_low + STACK_SPARE;
}

/* ---- the way in ---------------------------------------------------------------------------- */

/* A C function behind an import: arguments by class, as the ABI of the head of wasm.h has it. */
typedef uint64_t c_int_fn(struct wasm_instance *, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                          double, double, double, double);
typedef double c_float_fn(struct wasm_instance *, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                          double, double, double, double);

static void call_c(const struct wasm_extern *fn, union wasm_value *v)
{
    const struct wasm_functype *t = fn->type;
    uint64_t i[5] = { 0 };
    double d[4] = { 0 };
    uint32_t ni = 0, nd = 0;

    for (uint32_t p = 0; p < t->nparams; p++) {
        if ((t->params[p] == WASM_F32 || t->params[p] == WASM_F64) && nd < 4)
            d[nd++] = v[p].f64;
        else if (ni < 5)
            i[ni++] = v[p].i64;
    }
    if (t->nresults && (t->results[0] == WASM_F32 || t->results[0] == WASM_F64))
        v[0].f64 = ((c_float_fn *)fn->code)(fn->in, i[0], i[1], i[2], i[3], i[4],
                                            d[0], d[1], d[2], d[3]);
    else if (t->nresults)
        v[0].i64 = ((c_int_fn *)fn->code)(fn->in, i[0], i[1], i[2], i[3], i[4],
                                          d[0], d[1], d[2], d[3]);
    else
        ((c_int_fn *)fn->code)(fn->in, i[0], i[1], i[2], i[3], i[4], d[0], d[1], d[2], d[3]);
}

static void enter(wasm_invoke_fn *code, struct wasm_instance *in, union wasm_value *v, uint8_t *top)
{
    __asm__ volatile (
        "movq %%rsp, %%rbx\n\t"
        "movq %[top], %%rsp\n\t"
        "call *%[code]\n\t"
        "movq %%rbx, %%rsp"
        : "+D"(in), "+S"(v), [code] "+r"(code)
        : [top] "r"(top)
        : "rbx", "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc",
          "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
          "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

int host_call(const struct wasm_extern *fn, union wasm_value *v)
{
    struct wasm_instance *in = fn->in;
    uint8_t *here = __builtin_frame_address(0);
    struct call c = { .outer = calls };
    int trap;

    host_stack_limit();
    if ((trap = sigsetjmp(c.back, 0)) == 0) {
        calls = &c;
        if (!fn->ref || fn->ref->func == UINT32_MAX) {
            call_c(fn, v);
        } else {
            wasm_invoke_fn *code = (wasm_invoke_fn *)(in->code + in->image->invoke[fn->ref->func]);
            if (here >= stack_low && here < stack_low + STACK_SIZE)
                code(in, v);
            else
                enter(code, in, v, stack_low + STACK_SIZE - 64);
        }
    }
    calls = c.outer;
    return trap;
}
