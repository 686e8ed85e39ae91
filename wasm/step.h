/*
 * step.h - stepping over the instructions of a body without checking them: what is malformed ends
 * at the end of the range. For looks ahead of the walk that checks everything (build_scan.c,
 * survey.c).
 */
#ifndef WASM_STEP_H
#define WASM_STEP_H

#include "wasm/opcodes.h"

struct step { const uint8_t *bytes; uint32_t pos, end; };

/* step.c: an unsigned number of up to 32 bits, at most what is left of it */
uint32_t step_leb_long(struct step *s);
void step_immediate_long(struct step *s, uint8_t imm);

static inline uint32_t step_leb(struct step *s)
{
    if (s->pos < s->end && s->bytes[s->pos] < 0x80)
        return s->bytes[s->pos++];
    return step_leb_long(s);
}

/* Goes past immediates of this kind, enum op_imm. */
static inline void step_immediate(struct step *s, uint8_t imm)
{
    const uint8_t *p = s->bytes + s->pos;
    bool two = s->end - s->pos >= 2;
    if (imm == IMM_NONE)
        return;
    if (imm == IMM_MEMARG && two && p[0] < 0x40 && p[1] < 0x80)
        s->pos += 2;
    else if ((imm == IMM_U32 || imm == IMM_I32 || imm == IMM_BLOCK) && two && p[0] < 0x80)
        s->pos++;
    else
        step_immediate_long(s, imm);
}

/* The opcode at s->pos < s->end, prefix and all. */
static inline uint32_t step_opcode(struct step *s)
{
    uint32_t op = s->bytes[s->pos++];
    if (op >= OP_PREFIX_FC && op <= OP_PREFIX_FE)
        op = op_prefixed(op, step_leb(s));
    return op;
}

#endif
