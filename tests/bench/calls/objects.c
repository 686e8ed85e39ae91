/* objects.c - virtual methods: an array of shapes of three kinds, tables of functions per kind. */
#include "../bench.h"

enum { N = 1024 };

struct shape;
struct methods {
    double (*area)(const struct shape *);
    void (*grow)(struct shape *, double);
    uint32_t (*corners)(const struct shape *);
};
struct shape { const struct methods *m; double a, b; };

static double rect_area(const struct shape *s) { return s->a * s->b; }
static void rect_grow(struct shape *s, double f) { s->a *= f; s->b *= f; }
static uint32_t rect_corners(const struct shape *s) { return 4; }
static double disc_area(const struct shape *s) { return 3.14159265 * s->a * s->a; }
static void disc_grow(struct shape *s, double f) { s->a *= f; }
static uint32_t disc_corners(const struct shape *s) { return 0; }
static double tri_area(const struct shape *s) { return 0.5 * s->a * s->b; }
static void tri_grow(struct shape *s, double f) { s->b *= f; }
static uint32_t tri_corners(const struct shape *s) { return 3; }

static const struct methods kind[3] = {
    { rect_area, rect_grow, rect_corners },
    { disc_area, disc_grow, disc_corners },
    { tri_area, tri_grow, tri_corners },
};
static struct shape shapes[N];

static NOINLINE double total(uint32_t *corners)
{
    double a = 0;

    for (int i = 0; i < N; i++) {
        a += shapes[i].m->area(&shapes[i]);
        *corners += shapes[i].m->corners(&shapes[i]);
    }
    return a;
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1, corners = 0;

    for (int i = 0; i < N; i++)
        shapes[i] = (struct shape){ &kind[i / 5 % 3], 1 + i % 9, 2 + i % 4 };
    for (uint32_t t = 0; t < n; t++) {
        h = mix_f64(h, total(&corners));
        for (int i = 0; i < N; i++)
            shapes[i].m->grow(&shapes[i], t & 1 ? 0.5 : 2.0);
    }
    return mix(h, corners);
}
