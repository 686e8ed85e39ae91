/*
 * x64.c - encoder of x86-64 instructions. Forms and rules: Intel SDM vol. 2, 2.1 to 2.3.
 *
 * Bytes that may be absent are written all the same, and the cursor steps over them or not: no
 * branch that could be predicted wrongly.
 */
#include "wasm/x64.h"

static const uint8_t mandatory[4] = { 0, 0x66, 0xf3, 0xf2 };

/* prefix, REX and opcode bytes; r, x, i: the registers that extend reg, index and rm */
static void head(struct xbuf *b, uint32_t op, int w, int r, int x, int rm, bool rex8)
{
    uint8_t pfx = mandatory[op >> 12 & 3], map = op >> 8 & 3;
    uint8_t rex = (w == 8 ? 8 : 0) | (r & 8) >> 1 | (x & 8) >> 2 | (rm & 8) >> 3;

    uint8_t *q = b->p + b->n;

    *q = pfx;
    q += pfx != 0;
    *q = 0x40 | rex;
    q += rex || rex8;
    *q = 0x0f;
    q += map != 0;
    *q = map == X_38 ? 0x38 : 0x3a;
    q += map > X_0F;
    *q++ = (uint8_t)op;
    b->n = (size_t)(q - b->p);
}

static void vex(struct xbuf *b, uint32_t op, int w, int r, int x, int rm, int vvvv)
{
    uint8_t map = op >> 8 & 3, pp = op >> 12 & 3;
    uint8_t tail = (w == 8 ? 0x80 : 0) | (~vvvv & 15) << 3
        | (pp == X_66 ? 1 : pp == X_F3 ? 2 : pp ? 3 : 0);

    if (map == X_0F && w != 8 && !(x & 8) && !(rm & 8)) {
        x_byte(b, 0xc5);
        x_byte(b, (r & 8 ? 0 : 0x80) | tail);
    } else {
        x_byte(b, 0xc4);
        x_byte(b, (r & 8 ? 0 : 0x80) | (x & 8 ? 0 : 0x40) | (rm & 8 ? 0 : 0x20) | map);
        x_byte(b, tail);
    }
    x_byte(b, (uint8_t)op);
}

static void modrm_mem(struct xbuf *b, int reg, struct xmem m)
{
    int r = (reg & 7) << 3, ss = m.scale == 8 ? 3 : m.scale == 4 ? 2 : m.scale == 2 ? 1 : 0;

    if (m.rip) {
        x_byte(b, r | 5);
        x_u32(b, (uint32_t)m.disp);
        return;
    }
    if (m.base == 0xff) {           /* [index*scale + disp32] or [disp32] */
        x_byte(b, r | 4);
        x_byte(b, ss << 6 | (m.index == 0xff ? 4 : m.index & 7) << 3 | 5);
        x_u32(b, (uint32_t)m.disp);
        return;
    }
    static const uint8_t disp_size[3] = { 0, 1, 4 };
    bool sib = m.index != 0xff || (m.base & 7) == 4;
    int mod = m.disp == 0 && (m.base & 7) != 5 ? 0 : m.disp == (int8_t)m.disp ? 1 : 2;
    uint8_t *q = b->p + b->n;
    *q++ = (uint8_t)(mod << 6 | r | (sib ? 4 : m.base & 7));
    *q = (uint8_t)(ss << 6 | (m.index == 0xff ? 4 : m.index & 7) << 3 | (m.base & 7));
    q += sib;
    __builtin_memcpy(q, &m.disp, 4);
    b->n = (size_t)(q - b->p) + disp_size[mod];
}

/* the number of a register operand, 0 if there is none */
static int ext(uint8_t r)
{
    return r == 0xff ? 0 : r;
}

void x_rr(struct xbuf *b, uint32_t op, int w, int reg, int rm)
{
    bool rex8 = (op & X_R8) ? (rm & 15) >= 4 : w == 1 && ((reg & 15) >= 4 || (rm & 15) >= 4);

    head(b, op, w, reg, 0, rm, rex8);
    x_byte(b, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

void x_rm(struct xbuf *b, uint32_t op, int w, int reg, struct xmem m)
{
    head(b, op, w, reg, m.rip ? 0 : ext(m.index), m.rip ? 0 : ext(m.base),
         w == 1 && (reg & 15) >= 4);
    modrm_mem(b, reg, m);
}

void v_rr(struct xbuf *b, uint32_t op, int w, int reg, int vvvv, int rm)
{
    vex(b, op, w, reg, 0, rm, vvvv);
    x_byte(b, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

void v_rm(struct xbuf *b, uint32_t op, int w, int reg, int vvvv, struct xmem m)
{
    vex(b, op, w, reg, m.rip ? 0 : ext(m.index), m.rip ? 0 : ext(m.base), vvvv);
    modrm_mem(b, reg, m);
}

void x_alu_ri(struct xbuf *b, int n, int w, int rm, int32_t imm)
{
    bool small = imm == (int8_t)imm;

    if (!small && rm == 0) {        /* eAX short form */
        head(b, n << 3 | 5, w, 0, 0, 0, false);
    } else {
        x_rr(b, small ? 0x83 : 0x81, w, n, rm);
    }
    if (small)
        x_byte(b, (uint8_t)imm);
    else
        x_u32(b, (uint32_t)imm);
}

void x_alu_mi(struct xbuf *b, int n, int w, struct xmem m, int32_t imm)
{
    bool small = imm == (int8_t)imm;

    if (w == 2)
        x_byte(b, 0x66);
    x_rm(b, w == 1 ? 0x80 : small ? 0x83 : 0x81, w == 8 ? 8 : 4, n, m);
    x_byte(b, (uint8_t)imm);
    if (w == 1 || small)
        return;
    x_byte(b, (uint8_t)(imm >> 8));
    if (w == 2)
        return;
    x_byte(b, (uint8_t)(imm >> 16));
    x_byte(b, (uint8_t)(imm >> 24));
}

void x_shift_ri(struct xbuf *b, int n, int w, int rm, uint8_t imm)
{
    x_rr(b, imm == 1 ? 0xd1 : 0xc1, w, n, rm);
    if (imm != 1)
        x_byte(b, imm);
}

void x_mov_ri(struct xbuf *b, int rd, uint64_t v)
{
    if (v <= UINT32_MAX) {
        head(b, 0xb8 | (rd & 7), 4, 0, 0, rd, false);
        x_u32(b, (uint32_t)v);
    } else if ((int64_t)v == (int32_t)v) {
        x_rr(b, 0xc7, 8, 0, rd);
        x_u32(b, (uint32_t)v);
    } else {
        head(b, 0xb8 | (rd & 7), 8, 0, 0, rd, false);
        x_u64(b, v);
    }
}

void x_push(struct xbuf *b, int r)
{
    head(b, 0x50 | (r & 7), 4, 0, 0, r, false);
}

void x_pop(struct xbuf *b, int r)
{
    head(b, 0x58 | (r & 7), 4, 0, 0, r, false);
}

void x_bswap(struct xbuf *b, int w, int r)
{
    head(b, XOP(X_P0, X_0F, 0xc8 | (r & 7)), w, 0, 0, r, false);
}
