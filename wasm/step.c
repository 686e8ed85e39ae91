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

void step_immediate(struct step *s, uint8_t imm)
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

/* What most instructions have behind their first byte. OTHER, 0: anything, or no such opcode. */
enum { OTHER, NOTHING, NUMBER, ACCESS };
enum {
    KIND_NONE = NOTHING, KIND_U32 = NUMBER, KIND_I32 = NUMBER, KIND_I64 = NUMBER,
    KIND_BLOCK = NUMBER, KIND_MEMARG = ACCESS, KIND_TRYTABLE = OTHER, KIND_U32U32 = OTHER,
    KIND_BRTABLE = OTHER, KIND_SELECT = OTHER, KIND_MEMORY = OTHER, KIND_MEMMEM = OTHER,
    KIND_DATAMEM = OTHER, KIND_F32 = OTHER, KIND_F64 = OTHER, KIND_REFTYPE = OTHER,
    KIND_V128 = OTHER, KIND_SHUFFLE = OTHER, KIND_LANE = OTHER, KIND_MEMLANE = OTHER,
};
static const uint8_t kinds[OP_COUNT] = {
#define X(code, id, name, sig, imm, ir, arg) [code] = KIND_##imm,
    WASM_OPS(X)
#undef X
};

bool step_to(struct step *s, const uint8_t stop[256])
{
    const uint8_t *p = s->bytes + s->pos, *end = s->bytes + s->end;
    while (p < end && !stop[*p]) {
        uint8_t kind = kinds[*p];
        if (kind == ACCESS && end - p > 2 && p[1] < 0x40 && p[2] < 0x80) {
            p += 3;
        } else if (kind == NOTHING) {
            p++;
        } else if (kind == NUMBER) {
            for (p++; p < end && *p >= 0x80; p++)
                ;
            p += p < end;
        } else {
            s->pos = (uint32_t)(p - s->bytes);
            const struct op_info *info = op_info(step_opcode(s));
            if (!info)
                return false;
            step_immediate(s, info->imm);
            p = s->bytes + s->pos;
        }
    }
    s->pos = (uint32_t)(p - s->bytes);
    return p < end;
}
