/*
 * x64.h - encoder of x86-64 instructions, named by operand form.
 * An opcode is one constant: byte, map, mandatory prefix. References: Intel SDM vol. 2, chapter 2.
 */
#ifndef WASM_X64_H
#define WASM_X64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xbuf { uint8_t *p; size_t n, cap; };  /* the caller keeps 32 bytes of room for each call */

/* registers 0-15 or 0xff; scale 1 2 4 8 */
struct xmem { uint8_t base, index, scale, rip; int32_t disp; };

#define XOP(pfx, map, op) ((uint32_t)(op) | (map) << 8 | (pfx) << 12)
#define X_R8 0x10000u   /* rm is a byte register (movzx, setcc): spl..dil need a REX prefix */
enum { X_P0 = 0, X_66 = 1, X_F3 = 2, X_F2 = 3 };         /* mandatory prefix */
enum { X_M0 = 0, X_0F = 1, X_38 = 2, X_3A = 3 };         /* opcode map */

static inline void x_byte(struct xbuf *b, uint8_t v)
{
    b->p[b->n++] = v;
}

static inline void x_u32(struct xbuf *b, uint32_t v)
{
    __builtin_memcpy(b->p + b->n, &v, 4);
    b->n += 4;
}

static inline void x_u64(struct xbuf *b, uint64_t v)
{
    __builtin_memcpy(b->p + b->n, &v, 8);
    b->n += 8;
}

static inline void x_patch32(struct xbuf *b, size_t at, uint32_t v)
{
    __builtin_memcpy(b->p + at, &v, 4);
}

/* op reg, rm / op reg, [mem]; w = 8: REX.W; w = 1: byte registers (REX for spl..dil) */
void x_rr(struct xbuf *b, uint32_t op, int w, int reg, int rm);
void x_rm(struct xbuf *b, uint32_t op, int w, int reg, struct xmem m);
/* VEX.128 op reg, vvvv, rm */
void v_rr(struct xbuf *b, uint32_t op, int w, int reg, int vvvv, int rm);
void v_rm(struct xbuf *b, uint32_t op, int w, int reg, int vvvv, struct xmem m);
/* ALU group 1 (n = 0 add .. 7 cmp); the memory form also with w = 1 and 2 */
void x_alu_ri(struct xbuf *b, int n, int w, int rm, int32_t imm);
void x_alu_mi(struct xbuf *b, int n, int w, struct xmem m, int32_t imm);
/* shifts group 2 by immediate (n = 0 rol 1 ror 4 shl 5 shr 7 sar) */
void x_shift_ri(struct xbuf *b, int n, int w, int rm, uint8_t imm);
void x_mov_ri(struct xbuf *b, int rd, uint64_t v);  /* shortest form; leaves the flags alone */
void x_bswap(struct xbuf *b, int w, int r);
void x_push(struct xbuf *b, int r);
void x_pop(struct xbuf *b, int r);

#endif
