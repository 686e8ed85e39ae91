/*
 * value.c - does a result match? Numbers by their bits; a NaN may be asked for as canonical (the
 * quiet bit alone) or arithmetic (the quiet bit and perhaps others) (wasm 4.3.3).
 */
#include "tests/spec/script.h"

static bool nan_matches(uint64_t bits, unsigned bytes, bool canonical)
{
    uint64_t quiet = bytes == 4 ? 0x7fc00000u : 0x7ff8000000000000u;
    uint64_t magnitude = bits & (bytes == 4 ? 0x7fffffffu : 0x7fffffffffffffffu);

    return canonical ? magnitude == quiet : (magnitude & quiet) == quiet;
}

static bool bits_match(const struct script_value *want, const union wasm_value *v)
{
    unsigned n = want->lane, size = want->type == WASM_V128 ? 16 : n;

    if (n != 1 && n != 2 && n != 4 && n != 8)
        return false;
    for (unsigned i = 0; i < size / n; i++) {
        uint64_t got = 0, bits = 0;
        memcpy(&got, v->v128 + i * n, n);
        memcpy(&bits, want->bits + i * n, n);
        if ((want->canonical | want->arithmetic) >> i & 1) {
            if (!nan_matches(got, n, want->canonical >> i & 1))
                return false;
        } else if (got != bits) {
            return false;
        }
    }
    return true;
}

static bool is_ref(uint8_t type)
{
    return type == WASM_FUNCREF || type == WASM_EXTERNREF || type == WASM_EXNREF;
}

bool value_matches(const struct script_value *want, uint8_t type, const union wasm_value *v)
{
    for (;; want++) {
        bool ok = want->kind == VALUE_BITS ? want->type == type && bits_match(want, v)
                : want->kind == VALUE_NULL ? is_ref(type) && !v->ref
                : want->kind == VALUE_ANY_REF && want->type == type && v->ref;
        if (ok || !want->more)
            return ok;
    }
}
