/*
 * encoder.c - wasm/x64.c against nasm: each form with all registers and the edges of displacements
 * and immediates. Every instruction is written as text and encoded by us; nasm's bytes must be
 * ours.
 * Where nasm chooses the other of two equally long encodings (mov eax, ecx is 89 c8 or 8b c1) the
 * case carries that one as an alternative. Instructions stand 16 bytes apart, filled up with 0xcc.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "wasm/x64.h"

enum { SLOT = 16, CASES = 200000 };

struct test { uint8_t bytes[SLOT], other[SLOT]; char text[64]; };
static struct test *tests;
static int ntests, group_first, groups, failed;

static const char *const r64[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8",
    "r9",
                                   "r10", "r11", "r12", "r13", "r14", "r15" };
static const char *const r32[] = { "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d",
    "r9d",
                                   "r10d", "r11d", "r12d", "r13d", "r14d", "r15d" };
static const char *const r16[] = { "ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w",
    "r10w",
                                   "r11w", "r12w", "r13w", "r14w", "r15w" };
static const char *const r8[] = { "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b",
    "r10b",
                                  "r11b", "r12b", "r13b", "r14b", "r15b" };
static const int32_t disps[] = { 0, 1, -1, 127, 128, -128, -129, 0x1234, INT32_MAX, INT32_MIN };
static const int32_t imms[] = { 0, 1, -1, 127, 128, -128, -129, 255, 256, 65535, INT32_MAX,
                                INT32_MIN };
#define N(a) ((int)(sizeof (a) / sizeof *(a)))

static const char *reg(int w, int r)
{
    return w == 8 ? r64[r] : w == 4 ? r32[r] : w == 2 ? r16[r] : r8[r];
}

static const char *xmm(int r)
{
    static char names[16][8];

    snprintf(names[r], sizeof names[r], "xmm%d", r);
    return names[r];
}

static const char *size_name(int w)
{
    return w == 16 ? "oword" : w == 8 ? "qword" : w == 4 ? "dword" : w == 2 ? "word" : "byte";
}

/* a case: what `b` holds is our encoding of the text; `alt` (or NULL) is as good */
static void add(const struct xbuf *b, const struct xbuf *alt, const char *fmt, ...)
{
    struct test *t = &tests[ntests++];
    va_list ap;

    if (ntests >= CASES || b->n > SLOT)
        abort();
    memset(t, 0xcc, sizeof *t);
    memcpy(t->bytes, b->p, b->n);
    memcpy(t->other, alt ? alt->p : b->p, alt ? alt->n : b->n);
    va_start(ap, fmt);
    vsnprintf(t->text, sizeof t->text, fmt, ap);
    va_end(ap);
}

static struct xbuf fresh(void)
{
    static uint8_t room[4][64];
    static int k;

    return (struct xbuf){ .p = room[k++ & 3], .cap = 64 };
}

static void read_back(const char *path)
{
    uint8_t *got = malloc((size_t)CASES * SLOT);
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(got, 1, (size_t)CASES * SLOT, f) : 0;
    int bad = n < (size_t)(ntests - group_first) * SLOT;

    if (f)
        fclose(f);
    for (int k = group_first; k < ntests && !bad; k++) {
        const uint8_t *g = got + (size_t)(k - group_first) * SLOT;
        if (memcmp(g, tests[k].bytes, SLOT) == 0 || memcmp(g, tests[k].other, SLOT) == 0)
            continue;
        printf("# %s: nasm", tests[k].text);
        for (int j = 0; j < SLOT && g[j] != 0xcc; j++)
            printf(" %02x", g[j]);
        printf(", ours");
        for (int j = 0; j < SLOT && tests[k].bytes[j] != 0xcc; j++)
            printf(" %02x", tests[k].bytes[j]);
        printf("\n");
        bad = 1;
    }
    failed += bad;
    printf("%sok %d - ", bad ? "not " : "", ++groups);
    free(got);
}

/* assembles the cases since the last call and compares */
static void check(const char *name)
{
    char dir[] = "/tmp/encoder-XXXXXX", path[64], out[64], cmd[256];
    FILE *f;

    if (!mkdtemp(dir))
        exit(1);
    snprintf(path, sizeof path, "%s/a.asm", dir);
    snprintf(out, sizeof out, "%s/a.bin", dir);
    f = fopen(path, "w");
    fprintf(f, "bits 64\n");
    for (int k = group_first; k < ntests; k++)
        fprintf(f, "c_%d: %s\ntimes c_%d+16-$ db 0xcc\n", k, tests[k].text, k);
    fclose(f);
    snprintf(cmd, sizeof cmd, "nasm -w-all -f bin -o %s %s 2>&1 | head -3 | sed 's/^/# /'", out,
             path);
    fflush(stdout);
    if (system(cmd))
        exit(1);
    read_back(out);
    printf("%s: %d cases\n", name, ntests - group_first);
    group_first = ntests;
    unlink(path);
    unlink(out);
    rmdir(dir);
}

/* ---- forms ----------------------------------------------------------------------------------- */

static void mem_text(char *s, size_t n, struct xmem m)
{
    int at = snprintf(s, n, "[%s", m.base == 0xff ? "nosplit " : r64[m.base]);

    if (m.index != 0xff)
        at += snprintf(s + at, n - (size_t)at, "%s%s*%d", m.base == 0xff ? "" : "+", r64[m.index],
                       m.scale);
    snprintf(s + at, n - (size_t)at, "%s%d]", m.disp < 0 ? "" : "+", m.disp);
}

static void alu(void)
{
    static const char *const names[] = { "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp" };

    for (int n = 0; n < 8; n++)
        for (int w = 4; w <= 8; w += 4)
            for (int r = 0; r < 16; r++) {
                for (int s = 0; s < 16; s++) {
                    struct xbuf b = fresh(), c = fresh();
                    x_rr(&b, (uint32_t)n << 3 | 3, w, r, s);
                    x_rr(&c, (uint32_t)n << 3 | 1, w, s, r);
                    add(&b, &c, "%s %s, %s", names[n], reg(w, r), reg(w, s));
                }
                for (int i = 0; i < N(imms); i++) {
                    struct xbuf b = fresh();
                    x_alu_ri(&b, n, w, r, imms[i]);
                    add(&b, NULL, "%s %s, %d", names[n], reg(w, r), imms[i]);
                }
            }
    check("arithmetic, registers and immediates");
}

static void alu_memory(void)
{
    static const char *const names[] = { "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp" };
    char text[40];

    for (int n = 0; n < 8; n++)
        for (int w = 1; w <= 8; w *= 2)
            for (int r = 0; r < 16; r++)
                for (int i = 0; i < N(imms); i++) {
                    struct xmem m = { (uint8_t)r, 0xff, 1, 0, disps[(r + i) % N(disps)] };
                    struct xbuf b = fresh();
                    if ((w == 1 && imms[i] != (int8_t)imms[i])
                        || (w == 2 && imms[i] != (int16_t)imms[i]))
                        continue;
                    mem_text(text, sizeof text, m);
                    x_alu_mi(&b, n, w, m, imms[i]);
                    add(&b, NULL, "%s %s %s, %d", names[n], size_name(w), text, imms[i]);
                }
    check("arithmetic, memory and immediates");
}

static void addresses(void)
{
    static const uint8_t scales[] = { 1, 2, 4, 8 };
    char text[40];

    for (int base = 0; base <= 16; base++)
        for (int index = 0; index <= 16; index++) {
            if (index == 4 || (base == 16 && index == 16))
                continue;       /* rsp is no index */
            for (int s = 0; s < 4; s++)
                for (int d = 0; d < N(disps); d++) {
                    struct xmem m = { base == 16 ? 0xff : (uint8_t)base, index == 16 ? 0xff
                        : (uint8_t)index,
                                      scales[s], 0, disps[d] };
                    struct xbuf b = fresh();
                    int r = (base * 7 + index * 3 + s + d) & 15;
                    if ((index == 16 && s) || (base == 16 && !s))
                        continue;
                    mem_text(text, sizeof text, m);
                    x_rm(&b, 0x8b, d & 1 ? 8 : 4, r, m);
                    add(&b, NULL, "mov %s, %s", reg(d & 1 ? 8 : 4, r), text);
                }
        }
    for (int r = 0; r < 16; r++) {
        struct xbuf b = fresh();
        x_rm(&b, 0x8d, 8, r, (struct xmem){ 0xff, 0xff, 1, 1, 0x1000 });
        add(&b, NULL, "lea %s, [rel $+%d]", r64[r], (int)b.n + 0x1000);
    }
    check("addresses");
}

/* two registers of the widths wr and wm; `swap`: opcode of the form that nasm prefers, operands
   exchanged */
static void two(const char *name, uint32_t op, uint32_t swap, int w, int wr, int wm)
{
    char text[40];

    for (int r = 0; r < 16; r++)
        for (int s = 0; s < 16; s++) {
            struct xbuf b = fresh(), c = fresh();
            struct xmem m = { (uint8_t)s, 0xff, 1, 0, disps[(r + s) % N(disps)] };
            const char *left = wr == 16 ? xmm(r) : reg(wr, r);
            x_rr(&b, op, w, r, s);
            x_rr(&c, swap ? swap : op, w, swap ? s : r, swap ? r : s);
            add(&b, &c, "%s %s, %s", name, left, wm == 16 ? xmm(s) : reg(wm, s));
            b = fresh();
            mem_text(text, sizeof text, m);
            x_rm(&b, op & 0xffff, w, r, m);
            if (strcmp(name, "movd") && strcmp(name, "movq"))
                add(&b, NULL, "%s %s, %s%s", name, left, wm != wr && wm != 16 ? size_name(wm) : "",
                    text);
        }
}

static void moves(void)
{
    two("mov", 0x8b, 0x89, 4, 4, 4);
    two("mov", 0x8b, 0x89, 8, 8, 8);
    two("imul", XOP(X_P0, X_0F, 0xaf), 0, 4, 4, 4);
    two("imul", XOP(X_P0, X_0F, 0xaf), 0, 8, 8, 8);
    two("movzx", XOP(X_P0, X_0F, 0xb6) | X_R8, 0, 4, 4, 1);
    two("movzx", XOP(X_P0, X_0F, 0xb7), 0, 4, 4, 2);
    two("movsx", XOP(X_P0, X_0F, 0xbe) | X_R8, 0, 4, 4, 1);
    two("movsx", XOP(X_P0, X_0F, 0xbe) | X_R8, 0, 8, 8, 1);
    two("movsx", XOP(X_P0, X_0F, 0xbf), 0, 8, 8, 2);
    two("movsxd", 0x63, 0, 8, 8, 4);
    two("cmovl", XOP(X_P0, X_0F, 0x4c), 0, 4, 4, 4);
    two("cmova", XOP(X_P0, X_0F, 0x47), 0, 8, 8, 8);
    two("popcnt", XOP(X_F3, X_0F, 0xb8), 0, 8, 8, 8);
    two("lzcnt", XOP(X_F3, X_0F, 0xbd), 0, 4, 4, 4);
    two("tzcnt", XOP(X_F3, X_0F, 0xbc), 0, 8, 8, 8);
    two("bsr", XOP(X_P0, X_0F, 0xbd), 0, 8, 8, 8);
    check("moves and counts");
}

static void vectors(void)
{
    two("movaps", XOP(X_P0, X_0F, 0x28), 0, 4, 16, 16);
    two("addss", XOP(X_F3, X_0F, 0x58), 0, 4, 16, 16);
    two("mulsd", XOP(X_F2, X_0F, 0x59), 0, 4, 16, 16);
    two("ucomisd", XOP(X_66, X_0F, 0x2e), 0, 4, 16, 16);
    two("ucomiss", XOP(X_P0, X_0F, 0x2e), 0, 4, 16, 16);
    two("pshufb", XOP(X_66, X_38, 0x00), 0, 4, 16, 16);
    two("cvttsd2si", XOP(X_F2, X_0F, 0x2c), 0, 8, 8, 16);
    two("cvtsi2ss", XOP(X_F3, X_0F, 0x2a), 0, 8, 16, 8);
    two("movd", XOP(X_66, X_0F, 0x6e), 0, 4, 16, 4);
    two("movq", XOP(X_66, X_0F, 0x6e), 0, 8, 16, 8);
    check("vectors, SSE");
}

static void vex(void)
{
    static const struct { const char *name; uint32_t op; } ops[] = {
        { "vaddss", XOP(X_F3, X_0F, 0x58) }, { "vdivsd", XOP(X_F2, X_0F, 0x5e) }, { "vxorps",
            XOP(X_P0, X_0F, 0x57) },
        { "vpaddd", XOP(X_66, X_0F, 0xfe) }, { "vpshufb", XOP(X_66, X_38, 0x00) }, { "vpminud",
            XOP(X_66, X_38, 0x3b) },
    };
    char text[40];

    for (int o = 0; o < N(ops); o++)
        for (int r = 0; r < 16; r++)
            for (int v = 0; v < 16; v++)
                for (int s = 0; s < 16; s++) {
                    struct xbuf b = fresh();
                    v_rr(&b, ops[o].op, 4, r, v, s);
                    add(&b, NULL, "%s xmm%d, xmm%d, xmm%d", ops[o].name, r, v, s);
                    if ((r + v + s) % 5)
                        continue;
                    struct xmem m = { (uint8_t)s, v == 4 ? 0xff : (uint8_t)v, 4, 0,
                        disps[(r + s) % N(disps)] };
                    b = fresh();
                    mem_text(text, sizeof text, m);
                    if (m.index == 0xff)
                        m.scale = 1;
                    v_rm(&b, ops[o].op, 4, r, v, m);
                    add(&b, NULL, "%s xmm%d, xmm%d, %s", ops[o].name, r, v, text);
                }
    check("vectors, VEX");
    for (int r = 0; r < 16; r++)
        for (int v = 0; v < 16; v++)
            for (int s = 0; s < 16; s++)
                for (int w = 4; w <= 8; w += 4) {
                    struct xbuf b = fresh();
                    v_rr(&b, XOP(X_66, X_38, 0xf7), w, r, v, s);
                    add(&b, NULL, "shlx %s, %s, %s", reg(w, r), reg(w, s), reg(w, v));
                }
}

static void bits(void)
{
    char text[40];

    for (int r = 0; r < 16; r++)
        for (int s = 0; s < 16; s++)
            for (int w = 4; w <= 8; w += 4) {
                struct xbuf b = fresh();
                v_rr(&b, XOP(X_F2, X_3A, 0xf0), w, r, 0, s);
                x_byte(&b, (uint8_t)(r + s));
                add(&b, NULL, "rorx %s, %s, %d", reg(w, r), reg(w, s), r + s);
                b = fresh();
                v_rr(&b, XOP(X_P0, X_38, 0xf3), w, 1, r, s);
                add(&b, NULL, "blsr %s, %s", reg(w, r), reg(w, s));
                b = fresh();
                v_rr(&b, XOP(X_P0, X_38, 0xf3), w, 3, r, s);
                add(&b, NULL, "blsi %s, %s", reg(w, r), reg(w, s));
                b = fresh();
                v_rr(&b, XOP(X_P0, X_38, 0xf2), w, r, s, 15 - r);
                add(&b, NULL, "andn %s, %s, %s", reg(w, r), reg(w, s), reg(w, 15 - r));
                struct xmem m = { (uint8_t)s, 0xff, 1, 0, disps[(r + s) % N(disps)] };
                b = fresh();
                mem_text(text, sizeof text, m);
                v_rm(&b, XOP(X_P0, X_38, 0xf2), w, r, 15 - r, m);
                add(&b, NULL, "andn %s, %s, %s", reg(w, r), reg(w, 15 - r), text);
                b = fresh();
                v_rm(&b, XOP(X_F2, X_3A, 0xf0), w, r, 0, m);
                x_byte(&b, 31);
                add(&b, NULL, "rorx %s, %s %s, 31", reg(w, r), size_name(w), text);
                b = fresh();
                x_rr(&b, XOP(X_P0, X_0F, 0xa3), w, r, s);
                add(&b, NULL, "bt %s, %s", reg(w, s), reg(w, r));
            }
    for (int r = 0; r < 16; r++)
        for (int w = 4; w <= 8; w += 4) {
            struct xbuf b = fresh();
            x_bswap(&b, w, r);
            add(&b, NULL, "bswap %s", reg(w, r));
            b = fresh();
            x_rr(&b, XOP(X_P0, X_0F, 0xba), w, 4, r);
            x_byte(&b, 63);
            add(&b, NULL, "bt %s, 63", reg(w, r));
        }
    check("BMI1, BMI2 and bits");
}

static void bytes(void)
{
    char text[40];

    for (int r = 0; r < 16; r++)
        for (int s = 0; s < 16; s++) {
            struct xbuf b = fresh();
            struct xmem m = { (uint8_t)s, 0xff, 1, 0, disps[(r + s) % N(disps)] };
            mem_text(text, sizeof text, m);
            x_rm(&b, 0x88, 1, r, m);
            add(&b, NULL, "mov %s, %s", text, r8[r]);
            b = fresh();
            x_rm(&b, 0x3a, 1, r, m);
            add(&b, NULL, "cmp %s, %s", r8[r], text);
        }
    for (int r = 0; r < 16; r++) {
        struct xbuf b = fresh();
        x_rr(&b, XOP(X_P0, X_0F, 0x9c) | X_R8, 4, 0, r);
        add(&b, NULL, "setl %s", r8[r]);
    }
    check("bytes");
}

static void the_rest(void)
{
    static const char *const shifts[] = { "rol", "ror", NULL, NULL, "shl", "shr", NULL, "sar" };
    static const uint64_t values[] = { 0, 1, 127, 128, INT32_MAX, 0x80000000, UINT32_MAX,
        0x100000000, INT64_MAX,
                                       1ull << 63, UINT64_MAX, (uint64_t)INT32_MIN,
                                           (uint64_t)INT32_MIN - 1 };
    for (int r = 0; r < 16; r++) {
        for (int n = 0; n < 8; n++)
            for (int w = 4; w <= 8 && shifts[n]; w += 4)
                for (int k = 0; k < w * 8; k++) {
                    struct xbuf b = fresh();
                    x_shift_ri(&b, n, w, r, (uint8_t)k);
                    add(&b, NULL, "%s %s, %d", shifts[n], reg(w, r), k);
                }
        for (int k = 0; k < N(values); k++) {
            struct xbuf b = fresh();
            x_mov_ri(&b, r, values[k]);
            add(&b, NULL, "mov %s, 0x%llx", values[k] >> 32 ? r64[r] : r32[r],
                (unsigned long long)values[k]);
        }
        struct xbuf b = fresh();
        x_push(&b, r);
        add(&b, NULL, "push %s", r64[r]);
        b = fresh();
        x_pop(&b, r);
        add(&b, NULL, "pop %s", r64[r]);
    }
    check("shifts, constants, push and pop");
}

int main(void)
{
    tests = calloc(CASES, sizeof *tests);
    alu();
    alu_memory();
    addresses();
    moves();
    vectors();
    vex();
    bits();
    bytes();
    the_rest();
    printf("1..%d\n", groups);
    return failed != 0;
}
