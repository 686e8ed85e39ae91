/*
 * step.c - see step.h.
 */
#include "wasm/step.h"

static void skip(struct step *s, uint32_t n)
{
    s->pos = n > s->end - s->pos ? s->end : s->pos + n;
}

uint32_t step_leb_long(struct step *s)
{
    uint32_t v = 0;
    for (unsigned shift = 0; s->pos < s->end; shift += 7) {
        uint8_t byte = s->bytes[s->pos++];
        if (shift < 32)
            v |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return v;
}

void step_immediate_long(struct step *s, uint8_t imm)
{
    switch (imm) {
    case IMM_NONE:
        break;
    case IMM_BLOCK: case IMM_U32: case IMM_I32: case IMM_I64: case IMM_MEMORY: case IMM_REFTYPE:
        step_leb(s);
        break;
    case IMM_U32U32: case IMM_MEMMEM: case IMM_DATAMEM:
        step_leb(s);
        step_leb(s);
        break;
    case IMM_MEMARG: case IMM_MEMLANE:
        if (step_leb(s) & 0x40)
            step_leb(s);
        step_leb(s);
        if (imm == IMM_MEMLANE)
            skip(s, 1);
        break;
    case IMM_LANE:
        skip(s, 1);
        break;
    case IMM_V128: case IMM_SHUFFLE:
        skip(s, 16);
        break;
    case IMM_TRYTABLE:
        step_leb(s);
        for (uint32_t n = step_leb(s); n && s->pos < s->end; n--) {
            if (step_leb(s) < 2)
                step_leb(s);
            step_leb(s);
        }
        break;
    case IMM_BRTABLE:
        for (uint32_t n = step_leb(s); n && s->pos < s->end; n--)
            step_leb(s);
        step_leb(s);
        break;
    case IMM_SELECT:
        skip(s, step_leb(s));
        break;
    case IMM_F32:
        skip(s, 4);
        break;
    case IMM_F64:
        skip(s, 8);
        break;
    }
}
