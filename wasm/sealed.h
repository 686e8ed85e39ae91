/*
 * sealed.h - tables and globals that nobody but the module's own code can reach, and that it never
 * writes: they are what their initialisers say (sealed.c).
 */
#ifndef WASM_SEALED_H
#define WASM_SEALED_H

#include "wasm/survey.h"

/* A table of functions of this module. Its calls go through a table of the image. */
struct sealed_table {
    uint32_t size;
    uint32_t *func;             /* per entry: function + 1, or 0 if it is null */
    uint32_t type;              /* canonical type of all entries; SEALED_MIXED: they differ */
};
#define SEALED_MIXED UINT32_MAX

struct sealed {
    const struct survey *survey;
    struct sealed_table **table;    /* per table, NULL: not sealed */
};

/* An entry of such a table in the image: both 0 where the table has null. */
struct sealed_entry {
    uint32_t type;              /* canonical type + 1 */
    int32_t code;               /* the body, from the start of the table */
};

struct sealed *sealed_make(const struct wasm_module *m, const struct survey *v,
                           struct wasm_arena *a);
/* NULL: not sealed; s may be NULL. */
static inline const struct sealed_table *sealed_table(const struct sealed *s, uint32_t table)
{
    return s ? s->table[table] : NULL;
}
/* The function + 1 that a call_indirect calls whose index is known at compile time; 0: it traps, or
 * the table is not sealed. */
uint32_t sealed_callee(const struct sealed *s, const struct wasm_module *m, uint32_t table,
                       uint32_t index, uint32_t type);
/* Does the global always have its initial value, which is known? */
bool sealed_global(const struct sealed *s, const struct wasm_module *m, uint32_t global);

#endif
