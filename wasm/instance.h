/*
 * instance.h - the inside of an instance block, shared by instance.c and runtime.c.
 * Indices come from validated modules, so the accessors check nothing.
 */
#ifndef WASM_INSTANCE_H
#define WASM_INSTANCE_H

#include "wasm/wasm.h"

static inline void *inst_at(struct wasm_instance *in, uint32_t offset)
{
    return (uint8_t *)in + offset;
}
static inline struct wasm_import_slot *inst_imports(struct wasm_instance *in)
{
    return inst_at(in, in->module->off_imports);
}
static inline uint32_t *inst_types(struct wasm_instance *in)
{
    return inst_at(in, in->module->off_types);
}
static inline struct wasm_table **inst_tables(struct wasm_instance *in)
{
    return inst_at(in, in->module->off_tables);
}
static inline struct wasm_memory **inst_mems(struct wasm_instance *in)
{
    return inst_at(in, in->module->off_mems);
}
static inline struct wasm_funcref *inst_funcrefs(struct wasm_instance *in)
{
    return inst_at(in, in->module->off_funcrefs);
}
/* one byte a segment: elements, then data */
static inline uint8_t *inst_dropped(struct wasm_instance *in)
{
    return inst_at(in, in->module->off_dropped);
}
static inline struct wasm_tag_slot *inst_tags(struct wasm_instance *in)
{
    return inst_at(in, in->module->off_tags);
}
/* of an imported global: where the pointer to its value stands */
static inline union wasm_value **inst_global_slot(struct wasm_instance *in, uint32_t g)
{
    return inst_at(in, in->module->off_globals + 16 * g);
}
static inline union wasm_value *inst_global(struct wasm_instance *in, uint32_t g)
{
    union wasm_value **slot = inst_global_slot(in, g);
    return in->module->globals[g].imported ? *slot : (union wasm_value *)slot;
}

extern const struct wasm_runtime wasm_runtime;

/* Value of a constant expression; what it needs has been linked. */
union wasm_value inst_eval(struct wasm_instance *in, const struct wasm_constexpr *c);

/* Gives a table `size` entries, new ones null; false: out of memory or past the limit. */
void table_fill(struct wasm_table *t, uint32_t at, void *ref, uint32_t n);
bool table_resize(struct wasm_instance *in, struct wasm_table *t, uint64_t size);

/* table.init and memory.init: a trap code, with nothing written, or WASM_TRAP_NONE. */
int elem_apply(struct wasm_instance *in, uint32_t seg, uint32_t table, uint32_t to, uint32_t from,
               uint32_t n);
int data_apply(struct wasm_instance *in, uint32_t seg, uint32_t mem, uint32_t to, uint32_t from,
               uint32_t n);

/* exception.c */
typedef float exn_vec __attribute__((vector_size(16)));
void *rt_exn_new(struct wasm_instance *in, uint32_t tag);
void rt_exn_set_int(struct wasm_instance *in, void *exn, uint64_t v, uint32_t i);
void rt_exn_set_float(struct wasm_instance *in, void *exn, double v, uint32_t i);
void rt_exn_set_vec(struct wasm_instance *in, void *exn, exn_vec v, uint32_t i);
uint64_t rt_exn_get_int(struct wasm_instance *in, void *exn, uint32_t i);
double rt_exn_get_float(struct wasm_instance *in, void *exn, uint32_t i);
exn_vec rt_exn_get_vec(struct wasm_instance *in, void *exn, uint32_t i);
uint32_t rt_exn_match(struct wasm_instance *in, void *exn, uint32_t tag);
void rt_exn_keep(struct wasm_instance *in, void *exn, uint32_t unused);
void rt_throw(struct wasm_instance *in, void *exn, uint32_t unused);
void exn_free_all(struct wasm_instance *in);

#endif
