/*
 * runtime.c - the instructions that compiled code leaves to C: growing, copying, filling and
 * initialising memories and tables (wasm 4.4.6, 4.4.7).
 *
 * Every range is checked with 64-bit arithmetic before the first effect: an operation that traps
 * has written nothing. Arguments are 32-bit as wasm has them. Linear memory is reached through
 * host.h alone; traps leave through wasm_host_trap and do not return.
 */
#include "wasm/decode.h"
#include "wasm/instance.h"

/* a table of 10 million entries takes 320 MB: more is refused as a limit of ours (wasm A.2) */
#define TABLE_LIMIT 10000000u

static bool fits(uint64_t at, uint64_t n, uint64_t size)
{
    return at + n <= size;      /* both are below 2^32: no wrap */
}

static uint64_t eval_list(struct wasm_instance *in, const struct wasm_constexpr *c)
{
    uint64_t stack[WASM_CONST_DEPTH];
    uint32_t n = 0;

    for (uint32_t i = 0; i < c->index; i++) {
        const struct wasm_constexpr *x = &c->list[i];
        if (x->op == WASM_C_OPERATOR) {
            n--;
            stack[n - 1] = constexpr_operate(x->index, stack[n - 1], stack[n]);
        } else {
            stack[n++] = x->op == WASM_C_GLOBAL ? inst_global(in, x->index)->i64 : x->bits[0];
        }
    }
    return stack[0];
}

union wasm_value inst_eval(struct wasm_instance *in, const struct wasm_constexpr *c)
{
    union wasm_value v;

    memset(&v, 0, sizeof v);
    switch (c->op) {
    case WASM_C_VALUE:
        memcpy(&v, c->bits, sizeof v);
        break;
    case WASM_C_GLOBAL:
        v = *inst_global(in, c->index);
        break;
    case WASM_C_REFFUNC:
        v.ref = inst_funcrefs(in) + c->index;
        break;
    case WASM_C_LIST:
        v.i64 = eval_list(in, c);
        break;
    default:
        break;                  /* WASM_C_REFNULL */
    }
    return v;
}

/* ---- memories ------------------------------------------------------------------------------ */

static struct wasm_memory *mem_of(struct wasm_instance *in, uint32_t mem)
{
    return inst_mems(in)[mem];
}

static uint64_t mem_bytes(const struct wasm_memory *m)
{
    return (uint64_t)__atomic_load_n(&m->pages, __ATOMIC_RELAXED) * WASM_PAGE;
}

static uint32_t rt_memory_grow(struct wasm_instance *in, uint32_t mem, uint32_t delta)
{
    struct wasm_memory *m = mem_of(in, mem);
    uint32_t old;
    uint64_t pages;

    do {
        old = __atomic_load_n(&m->pages, __ATOMIC_RELAXED);
        pages = (uint64_t)old + delta;
        if (pages > m->max || pages > WASM_TOP_PAGES)
            return UINT32_MAX;
        if (!delta || wasm_host_memory_grow(m, old, (uint32_t)pages))
            return old;
    } while (old != __atomic_load_n(&m->pages, __ATOMIC_RELAXED));
    return UINT32_MAX;
}

static void rt_memory_copy(struct wasm_instance *in, uint32_t to, uint32_t from, uint32_t n,
                           uint32_t mems)
{
    struct wasm_memory *d = mem_of(in, mems & 0xffff), *s = mem_of(in, mems >> 16);

    if (!fits(to, n, mem_bytes(d)) || !fits(from, n, mem_bytes(s)))
        wasm_host_trap(in, WASM_TRAP_MEMORY);
    if (n)
        wasm_host_memory_move(d, to, s, from, n);
}

static void rt_memory_fill(struct wasm_instance *in, uint32_t to, uint32_t byte, uint32_t n,
                           uint32_t mem)
{
    struct wasm_memory *m = mem_of(in, mem);

    if (!fits(to, n, mem_bytes(m)))
        wasm_host_trap(in, WASM_TRAP_MEMORY);
    if (n)
        wasm_host_memory_fill(m, to, (uint8_t)byte, n);
}

int data_apply(struct wasm_instance *in, uint32_t seg, uint32_t mem, uint32_t to, uint32_t from,
               uint32_t n)
{
    const struct wasm_module *mod = in->module;
    const struct wasm_data *d = &mod->datas[seg];
    struct wasm_memory *m = mem_of(in, mem);
    uint32_t size = inst_dropped(in)[mod->nelems + seg] ? 0 : d->size;

    if (!fits(from, n, size) || !fits(to, n, mem_bytes(m)))
        return WASM_TRAP_MEMORY;
    if (n)
        wasm_host_memory_write(m, to, mod->bytes + d->at + from, n);
    return WASM_TRAP_NONE;
}

static void rt_memory_init(struct wasm_instance *in, uint32_t to, uint32_t from, uint32_t n,
                           uint32_t seg_mem)
{
    int trap = data_apply(in, seg_mem & 0xffff, seg_mem >> 16, to, from, n);

    if (trap)
        wasm_host_trap(in, trap);
}

static void rt_data_drop(struct wasm_instance *in, uint32_t seg)
{
    inst_dropped(in)[in->module->nelems + seg] = 1;
}

/* The memory, if the place is in it and aligned (threads proposal: wait, notify). */
static struct wasm_memory *atomic_place(struct wasm_instance *in, uint64_t at, uint32_t bytes,
                                        uint32_t mem)
{
    struct wasm_memory *m = mem_of(in, mem);

    if (at & (bytes - 1))
        wasm_host_trap(in, WASM_TRAP_UNALIGNED);
    if (at + bytes > mem_bytes(m))
        wasm_host_trap(in, WASM_TRAP_MEMORY);
    return m;
}

static uint32_t rt_atomic_notify(struct wasm_instance *in, uint64_t at, uint32_t count,
                                 uint32_t mem)
{
    struct wasm_memory *m = atomic_place(in, at, 4, mem);

    return m->shared ? wasm_host_notify(in, m, at, count) : 0;
}

static uint32_t wait(struct wasm_instance *in, uint64_t at, uint64_t expected, uint32_t bytes,
                     int64_t ns, uint32_t mem)
{
    struct wasm_memory *m = atomic_place(in, at, bytes, mem);

    if (!m->shared)
        wasm_host_trap(in, WASM_TRAP_UNSHARED);
    return wasm_host_wait(in, m, at, expected, bytes, ns);
}

static uint32_t rt_atomic_wait32(struct wasm_instance *in, uint64_t at, uint32_t expected,
                                 int64_t ns, uint32_t mem)
{
    return wait(in, at, expected, 4, ns, mem);
}

static uint32_t rt_atomic_wait64(struct wasm_instance *in, uint64_t at, uint64_t expected,
                                 int64_t ns, uint32_t mem)
{
    return wait(in, at, expected, 8, ns, mem);
}

/* ---- tables -------------------------------------------------------------------------------- */

static struct wasm_entry entry_of(const struct wasm_table *t, void *ref)
{
    struct wasm_entry e;

    memset(&e, 0, sizeof e);
    e.ref = ref;
    if (ref && t->type == WASM_FUNCREF) {
        const struct wasm_funcref *r = ref;
        e.code = r->code;
        e.in = r->in;
        e.type_id = r->type_id;
        e.tail = (uint32_t)r->tail;
    }
    return e;
}

bool table_resize(struct wasm_instance *in, struct wasm_table *t, uint64_t size)
{
    struct wasm_entry *entries;
    uint64_t cap = t->capacity;

    if (size > t->max || size > TABLE_LIMIT)
        return false;
    if (size > cap) {
        cap = size > 2 * cap ? size : 2 * cap;
        if (!(entries = wasm_host_alloc(in, cap * sizeof *entries)))
            return false;
        if (t->size)
            memcpy(entries, t->entries, (size_t)t->size * sizeof *entries);
        if (t->entries)
            wasm_host_free(in, t->entries, (size_t)t->capacity * sizeof *entries);
        t->entries = entries;
        t->capacity = (uint32_t)cap;
    }
    t->size = (uint32_t)size;   /* entries past the size have never been written */
    return true;
}

void table_fill(struct wasm_table *t, uint32_t at, void *ref, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        t->entries[at + i] = entry_of(t, ref);
}

static void *rt_table_get(struct wasm_instance *in, uint32_t i, uint32_t table)
{
    struct wasm_table *t = inst_tables(in)[table];

    if (i >= t->size)
        wasm_host_trap(in, WASM_TRAP_TABLE);
    return t->entries[i].ref;
}

static void rt_table_set(struct wasm_instance *in, uint32_t i, void *ref, uint32_t table)
{
    struct wasm_table *t = inst_tables(in)[table];

    if (i >= t->size)
        wasm_host_trap(in, WASM_TRAP_TABLE);
    t->entries[i] = entry_of(t, ref);
}

static uint32_t rt_table_size(struct wasm_instance *in, uint32_t table)
{
    return inst_tables(in)[table]->size;
}

static uint32_t rt_table_grow(struct wasm_instance *in, void *ref, uint32_t n, uint32_t table)
{
    struct wasm_table *t = inst_tables(in)[table];
    uint32_t old = t->size;

    if (!table_resize(in, t, (uint64_t)old + n))
        return UINT32_MAX;
    table_fill(t, old, ref, n);
    return old;
}

static void rt_table_fill(struct wasm_instance *in, uint32_t at, void *ref, uint32_t n,
                          uint32_t table)
{
    struct wasm_table *t = inst_tables(in)[table];

    if (!fits(at, n, t->size))
        wasm_host_trap(in, WASM_TRAP_TABLE);
    table_fill(t, at, ref, n);
}

static void rt_table_copy(struct wasm_instance *in, uint32_t to, uint32_t from, uint32_t n,
                          uint32_t tables)
{
    struct wasm_table *d = inst_tables(in)[tables & 0xffff], *s = inst_tables(in)[tables >> 16];

    if (!fits(to, n, d->size) || !fits(from, n, s->size))
        wasm_host_trap(in, WASM_TRAP_TABLE);
    if (n)
        memmove(d->entries + to, s->entries + from, (size_t)n * sizeof *d->entries);
}

int elem_apply(struct wasm_instance *in, uint32_t seg, uint32_t table, uint32_t to, uint32_t from,
               uint32_t n)
{
    const struct wasm_elem *e = &in->module->elems[seg];
    struct wasm_table *t = inst_tables(in)[table];
    uint32_t count = inst_dropped(in)[seg] ? 0 : e->count;

    if (!fits(from, n, count) || !fits(to, n, t->size))
        return WASM_TRAP_TABLE;
    for (uint32_t i = 0; i < n; i++)
        t->entries[to + i] = entry_of(t, inst_eval(in, &e->init[from + i]).ref);
    return WASM_TRAP_NONE;
}

static void rt_table_init(struct wasm_instance *in, uint32_t to, uint32_t from, uint32_t n,
                          uint32_t seg_table)
{
    int trap = elem_apply(in, seg_table & 0xffff, seg_table >> 16, to, from, n);

    if (trap)
        wasm_host_trap(in, trap);
}

static void rt_elem_drop(struct wasm_instance *in, uint32_t seg)
{
    inst_dropped(in)[seg] = 1;
}

const struct wasm_runtime wasm_runtime = {
    .memory_grow = rt_memory_grow,
    .memory_copy = rt_memory_copy,
    .memory_fill = rt_memory_fill,
    .memory_init = rt_memory_init,
    .data_drop = rt_data_drop,
    .table_get = rt_table_get,
    .table_set = rt_table_set,
    .table_grow = rt_table_grow,
    .table_size = rt_table_size,
    .table_fill = rt_table_fill,
    .table_copy = rt_table_copy,
    .table_init = rt_table_init,
    .elem_drop = rt_elem_drop,
    .atomic_notify = rt_atomic_notify,
    .atomic_wait32 = rt_atomic_wait32,
    .atomic_wait64 = rt_atomic_wait64,
    .exn_new = rt_exn_new,
    .exn_set_int = rt_exn_set_int,
    .exn_set_float = rt_exn_set_float,
    .exn_set_vec = rt_exn_set_vec,
    .exn_get_int = rt_exn_get_int,
    .exn_get_float = rt_exn_get_float,
    .exn_get_vec = rt_exn_get_vec,
    .exn_match = rt_exn_match,
    .exn_keep = rt_exn_keep,
    .throw_ = rt_throw,
};
