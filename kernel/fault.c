/*
 * fault.c - what a SIP does wrong: hardware faults in image code, and traps that the runtime
 * raises. Ends that SIP alone, with one line in the log and the same words for whoever started it.
 *
 * A stack is walked by the compiler's own tables: the site of a return address tells how large the
 * frame is. Between a trap raised in C and the image's frames lie C frames, which are linked by
 * rbp. Everything else that faults is our bug, and panics.
 */
#include "kernel/kernel.h"

#define FRAMES_MAX 12u

struct text { char *to; size_t n, len; };

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    int k;

    va_start(ap, fmt);
    k = kvsnprintf(t->to + t->len, t->n - t->len, fmt, ap);
    va_end(ap);
    t->len += (size_t)k < t->n - t->len ? (size_t)k : t->n - t->len - 1;
}

/* A function's name, from the name section or the exports; printable characters only. */
static void function_name(const struct wasm_module *m, uint32_t func, char *to, size_t n)
{
    struct wasm_name name = { NULL, 0 };
    size_t len;

    if (m->func_names && func < m->nfuncs)
        name = m->func_names[func];
    for (uint32_t i = 0; !name.len && i < m->nexports; i++)
        if (m->exports[i].kind == WASM_FUNC && m->exports[i].index == func)
            name = m->exports[i].name;
    if (!name.len) {
        ksnprintf(to, n, "function %u", func);
        return;
    }
    len = name.len < n - 1 ? name.len : n - 1;
    for (size_t i = 0; i < len; i++)
        to[i] = name.s[i] > ' ' && name.s[i] < 0x7f ? name.s[i] : '?';
    to[len] = 0;
}

/* Of the current thread. */
static bool on_stack(uintptr_t sp)
{
    const struct thread *t = this_thread();

    return sp % 8 == 0 && sp >= t->stack_bottom && sp + 8 <= t->stack_top;
}

/* As many whole frames of a backtrace as there is room for. */
static void cut(char *to, size_t n, const char *line)
{
    ksnprintf(to, n, "%s", line);
    if (strlen(line) < n)
        return;
    for (size_t i = n - 1; i-- > 0;)
        if (strncmp(to + i, " < ", 3) == 0) {
            to[i] = 0;
            return;
        }
}

/* "NAME (byte N)" of the frames from (pc, sp) upwards. exact: pc is an instruction, not a return
 * address. */
static void walk(struct sip *s, struct text *t, uintptr_t pc, uintptr_t sp, bool exact)
{
    struct wasm_site site;
    uint32_t inner = UINT32_MAX;
    char name[48];

    for (unsigned i = 0; i < FRAMES_MAX; i++, exact = false) {
        struct image *im = image_at(s, pc);
        if (!im || !wasm_image_site(im->compiled, (uint32_t)(pc - (uintptr_t)im->code.rx), !exact,
                                    &site))
            return;
        /* the stub that outside calls enter through is no frame of the program's */
        bool stub = site.func == inner && site.offset == im->module->funcs[site.func].body;
        for (bool more = !stub; more; more = wasm_image_outer(im->compiled, &site)) {
            function_name(im->module, site.func, name, sizeof name);
            add(t, "%s%s (byte %u)", inner != UINT32_MAX ? " < " : " in ", name, site.offset);
            inner = site.func;
        }
        sp += site.frame;
        if (!on_stack(sp))
            return;
        pc = *(uint64_t *)sp;
        sp += 8;
    }
}

_Noreturn void sip_trap(int trap, uintptr_t pc, uintptr_t sp, bool exact, const char *more)
{
    struct sip *s = this_thread()->sip;
    struct exit_info info = { .status = 128 + trap, .trap = (uint32_t)trap };
    char line[400];
    struct text t = { line, sizeof line, 0 };

    add(&t, "%s%s%s", wasm_trap_text(trap), *more ? ": " : "", more);
    walk(s, &t, pc, sp, exact);
    if (s->call)
        sip_call_end(s, trap);
    kprintf("sip %u %s: trap: %s\n", s->pid, s->name, line);
    cut(info.text, sizeof info.text, line);
    sip_dying(s, &info);
    sip_leave();
}

/* A trap raised by C code that the image called: its frame is found behind the C frames. */
_Noreturn void sip_trap_here(int trap, const char *more)
{
    uintptr_t *fp = __builtin_frame_address(0);

    for (unsigned i = 0; i < 32 && on_stack((uintptr_t)fp); i++) {
        if (code_contains(fp[1]))
            sip_trap(trap, fp[1], (uintptr_t)(fp + 2), false, more);
        if (fp[0] <= (uintptr_t)fp)
            break;
        fp = (uintptr_t *)fp[0];
    }
    sip_trap(trap, 0, 0, false, more);
}

static int site_trap(const struct sip *s, const struct trap_frame *f, int otherwise)
{
    struct image *im = image_at(s, f->rip);
    struct wasm_site site;

    if (!wasm_image_site(im->compiled, (uint32_t)(f->rip - (uintptr_t)im->code.rx), false, &site)
            || !site.trap)
        return otherwise;
    return site.trap;
}

/* Asks once more for the page that was missing: there may be one by now. */
static enum slot_fault missing(const struct trap_frame *f)
{
    return f->vector == VEC_PF && !(f->error & 1) ? slot_fault(fault_address()) : SLOT_OUTSIDE;
}

static _Noreturn void page_fault(struct sip *s, const struct trap_frame *f, bool no_page)
{
    uintptr_t va = fault_address();
    struct slot *slot = slot_find(va);
    char more[48] = "";
    int trap = WASM_TRAP_MEMORY;

    if (slot_in_stack_guard(this_thread()->stack_bottom, va))
        trap = WASM_TRAP_STACK;
    else if (!slot || slot->owner != s) {
        trap = WASM_TRAP_PROTECTION;
        ksnprintf(more, sizeof more, "wild access to 0x%lx", va);
    } else if (no_page) {
        ksnprintf(more, sizeof more, "no page left");
    }
    sip_trap(trap, f->rip, f->rsp, true, more);
}

void kernel_fault(struct trap_frame *f)
{
    struct thread *t = this_core() ? this_thread() : NULL;
    struct sip *s = t ? t->sip : NULL;
    bool ours = s && image_at(s, f->rip);      /* a SIP's threads get to its own images only */
    enum slot_fault page = s ? missing(f) : SLOT_OUTSIDE;

    if (page == SLOT_PAGED)
        return;
    /* the kernel touched the SIP's stack, first thing in a system call, and there was no page */
    if (page == SLOT_NOMEM && !ours && slot_find(fault_address()) == s->slot
            && on_stack(fault_address() & ~7ul))
        sip_trap(WASM_TRAP_MEMORY, 0, 0, false, "no page left for the stack");
    if (!ours || f->vector == VEC_NMI || f->vector == VEC_DF || f->vector == VEC_MC)
        panic_frame(f, "%s", trap_name(f->vector));
    switch (f->vector) {
    case VEC_PF:
        page_fault(s, f, page == SLOT_NOMEM);
    case VEC_DE:
        sip_trap(site_trap(s, f, WASM_TRAP_DIV_ZERO), f->rip, f->rsp, true, "");
    case VEC_UD:
        sip_trap(site_trap(s, f, WASM_TRAP_ILLEGAL), f->rip, f->rsp, true, "");
    case VEC_GP:
    case VEC_SS:
        sip_trap(WASM_TRAP_PROTECTION, f->rip, f->rsp, true, "");
    default:
        sip_trap(WASM_TRAP_ILLEGAL, f->rip, f->rsp, true, trap_name(f->vector));
    }
}

void kernel_describe(char *to, unsigned long n)
{
    struct thread *t = this_core() ? this_thread() : NULL;

    if (!t)
        ksnprintf(to, n, "before the first thread");
    else if (t->sip)
        ksnprintf(to, n, "sip %u %s, thread %u", t->sip->pid, t->sip->name, t->index);
    else
        ksnprintf(to, n, "kernel thread %s", t->name);
}
