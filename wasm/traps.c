/* traps.c - the names of traps: the specification's words (core 2.0, appendix of test scripts). */
#include "wasm/wasm.h"

const char *wasm_trap_text(int trap)
{
    static const char *const texts[] = {
#define X(name, text) text,
        WASM_TRAPS(X)
#undef X
    };

    if (trap < 0 || trap >= (int)(sizeof texts / sizeof *texts))
        return "unknown trap";
    return texts[trap];
}
