/* interp.c - an interpreter of byte codes with a switch in a loop: stack machine, locals, jumps. */
#include "../bench.h"

enum op { PUSH, LOAD, STORE, ADD, SUB, MUL, XOR, SHR, LESS, JZ, JMP, DUP, DROP, SWAP, INC, PEEK,
          POKE, AND, HALT };

/* sums a scrambled counter over a loop: the argument is local 0 */
static const uint8_t code[] = {
    PUSH, 1, STORE, 1,                      /*  0 sum = 1 */
    PUSH, 0, STORE, 2,                      /*  4 i = 0 */
    LOAD, 2, LOAD, 0, LESS, JZ, 61,         /*  8 while (i < n) */
    LOAD, 1, LOAD, 2, MUL, PUSH, 7, ADD,    /* 15 sum * i + 7 */
    DUP, PUSH, 3, SHR, XOR,                 /* 23 x ^= x >> 3 */
    STORE, 1,                               /* 28 */
    LOAD, 2, PUSH, 63, AND, DUP, PEEK,      /* 30 mem[i & 63] */
    LOAD, 1, ADD, SWAP, POKE,               /* 37 += sum */
    LOAD, 2, PUSH, 1, AND, JZ, 56,          /* 42 if (i & 1) */
    LOAD, 1, PUSH, 5, SUB, STORE, 1,        /* 49 sum -= 5 */
    INC, 2, JMP, 8, HALT,                   /* 56 i++ */
    LOAD, 1, HALT,                          /* 61 */
};
static uint32_t mem[64];

static NOINLINE uint32_t interpret(const uint8_t *p, uint32_t arg)
{
    uint32_t stack[32], local[4] = { arg }, *sp = stack, pc = 0;

    for (;;) {
        switch (p[pc++]) {
        case PUSH: *sp++ = p[pc++]; break;
        case LOAD: *sp++ = local[p[pc++]]; break;
        case STORE: local[p[pc++]] = *--sp; break;
        case ADD: sp--; sp[-1] += sp[0]; break;
        case SUB: sp--; sp[-1] -= sp[0]; break;
        case MUL: sp--; sp[-1] *= sp[0]; break;
        case XOR: sp--; sp[-1] ^= sp[0]; break;
        case AND: sp--; sp[-1] &= sp[0]; break;
        case SHR: sp--; sp[-1] >>= sp[0] & 31; break;
        case LESS: sp--; sp[-1] = sp[-1] < sp[0]; break;
        case JZ: pc = *--sp ? pc + 1 : p[pc]; break;
        case JMP: pc = p[pc]; break;
        case DUP: sp[0] = sp[-1]; sp++; break;
        case DROP: sp--; break;
        case SWAP: { uint32_t t = sp[-1]; sp[-1] = sp[-2]; sp[-2] = t; break; }
        case INC: local[p[pc++]]++; break;
        case PEEK: sp[-1] = mem[sp[-1] & 63]; break;
        case POKE: sp -= 2; mem[sp[1] & 63] = sp[0]; break;
        default: return sp[-1];
        }
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    memset(mem, 0, sizeof mem);
    for (uint32_t t = 0; t < n; t++)
        h = mix(h, interpret(code, 1000 + (t & 7)));
    return mix(h, mem[5]);
}
