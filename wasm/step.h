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
static inline uint32_t step_leb(struct step *s)
{
    if (s->pos < s->end && s->bytes[s->pos] < 0x80)
        return s->bytes[s->pos++];
    return step_leb_long(s);
}

/* Goes past immediates of this kind, enum op_imm. */
void step_immediate(struct step *s, uint8_t imm);
/* Goes to the next instruction whose first byte has a mark in `stop`; false: there is none. */
bool step_to(struct step *s, const uint8_t stop[256]);

/* The opcode at s->pos < s->end, prefix and all. */
static inline uint32_t step_opcode(struct step *s)
{
    uint32_t op = s->bytes[s->pos++];
    if (op >= OP_PREFIX_FC && op <= OP_PREFIX_FE)
        op = op_prefixed(op, step_leb(s));
    return op;
}

#endif
