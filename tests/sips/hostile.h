/*
 * hostile.h - a program that makes every system call there is with random arguments:
 * `NAME SEED CALLS THREADS`. Its status is the number of calls made; -100 - I: it cannot make call
 * I of the table.
 *
 * The table of calls is abi.h's own, so a new call is in it by itself: its arguments are chosen by
 * their names. What they point at is written over by all threads at the same time, so the kernel
 * may find a message changed between two looks at it. Numbers of calls stand in what no message
 * can reach.
 */
#include "sips/thread.h"
#include "tests/sips/peer.h"

#define THREADS_MOST 16u
#define SPARES 4u
#define ARENA 131072u           /* where pointers point: longer than any message */
#define PARAMS_MOST 4u

enum role { ROLE_ANY, ROLE_HANDLE, ROLE_POINTER, ROLE_TOKEN, ROLE_LENGTH, ROLE_THREAD };

struct row {
    const char *name, *params, *sig;
    void (*fn)(void);
    uint8_t role[PARAMS_MOST];
};
static struct row rows[] = {
#define X(name, result, params, sig) { #name, #params, sig, (void (*)(void))sys_##name, { 0 } },
    SELKIE_CALLS(X)
#undef X
};

static uint8_t arena[ARENA + 65536];
static uint32_t done[THREADS_MOST];     /* calls of each thread */
static uint32_t calls_each, seed;
static struct thread threads[THREADS_MOST], spares[SPARES];
static uint8_t spare_stack[SPARES][2048] __attribute__((aligned(16)));
static uint32_t spare_busy[SPARES];

struct dice { uint64_t x; uint32_t token[4]; uint32_t *done, *spare; };

static uint32_t roll(struct dice *d)
{
    d->x ^= d->x << 13;
    d->x ^= d->x >> 7;
    d->x ^= d->x << 17;
    return (uint32_t)(d->x >> 32);
}

static bool one_in(struct dice *d, uint32_t n)
{
    return roll(d) % n == 0;
}

/* ---- arguments ------------------------------------------------------------------------------- */

static uint32_t edge(struct dice *d)
{
    static const uint32_t edges[] = { 0, 1, 4, 63, 64, 255, 256, 257, 8191, 8192, 8193, 65535,
                                      65536, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff };

    return one_in(d, 2) ? edges[roll(d) % COUNT(edges)] : roll(d) | 0x80000000u;
}

static uint32_t handle(struct dice *d)
{
    return one_in(d, 16) ? edge(d) : roll(d) % (one_in(d, 8) ? 256 : 16);
}

/* Into the arena, or where nothing is, or across the end of the memory. */
static uint32_t pointer(struct dice *d)
{
    uint32_t end = (uint32_t)__builtin_wasm_memory_size(0) * 65536u;

    if (one_in(d, 16))
        return one_in(d, 2) ? edge(d) | 0x80000000u : end - roll(d) % 128;
    return ADDR(arena) + (one_in(d, 8) ? roll(d) % ARENA : roll(d) % 256 * 64);
}

static uint32_t length(struct dice *d)
{
    return one_in(d, 16) ? edge(d) : roll(d) % (one_in(d, 8) ? MSG_BYTES_MAX + 1 : 80);
}

static uint32_t token(struct dice *d)
{
    uint32_t t = d->token[roll(d) % 4];

    return !one_in(d, 4) ? t : one_in(d, 2) ? t ^ 1u << roll(d) % 32 : roll(d);
}

static int64_t deadline(struct dice *d)
{
    int64_t now = sys_clock();

    switch (roll(d) % 16) {
    case 0:     return now + 1 + roll(d) % 50000;
    case 1:     return now + 1000;
    case 2:     return one_in(d, 512) ? FOREVER : now + roll(d) % 1000000;
    case 3:     return (int64_t)roll(d) - 0x40000000;
    case 4:     return INT64_MIN;
    case 5:     return now;
    default:    return 0;
    }
}

/* A message in words: where to send from and receive, and handles. */
static uint32_t message(struct dice *d)
{
    struct msg m = { .data = pointer(d), .len = length(d), .buf = pointer(d), .cap = length(d),
                     .nhandles = one_in(d, 4) ? roll(d) % 6 : 0, .token = roll(d) };
    uint32_t at = pointer(d);

    if (one_in(d, 64))
        m.nhandles = edge(d);
    for (uint32_t i = 0; i < MSG_HANDLES_MAX; i++)
        m.handle[i] = handle(d);
    if (at - ADDR(arena) < ARENA) {
        memcpy((void *)(uintptr_t)at, &m, sizeof m);
        if (m.data - ADDR(arena) < ARENA && one_in(d, 2))
            *(uint32_t *)(uintptr_t)(m.data & ~3u) = roll(d) % 12;     /* an operation */
    }
    return at;
}

/* A thread that is at rest, or an argument for none at all. */
static uint32_t thread_arg(struct dice *d)
{
    uint32_t i = roll(d) % SPARES;

    if (__atomic_exchange_n(&spare_busy[i], 1, __ATOMIC_SEQ_CST))
        return 0;
    return ADDR(&spares[i]);
}

static int64_t argument(struct dice *d, const struct row *r, uint32_t i)
{
    if (r->sig[i] == 'I')
        return deadline(d);
    switch (r->role[i] != ROLE_THREAD && one_in(d, 32) ? roll(d) % ROLE_THREAD : r->role[i]) {
    case ROLE_HANDLE:   return handle(d);
    case ROLE_POINTER:  return message(d);
    case ROLE_TOKEN:    return token(d);
    case ROLE_LENGTH:   return length(d);
    case ROLE_THREAD:   return thread_arg(d);
    default:            return one_in(d, 2) ? roll(d) % 4 : edge(d);
    }
}

/* What the names of a call's parameters say: "(uint32_t h, uint32_t msg, int64_t deadline)". */
static void read_roles(struct row *r)
{
    static const struct { const char *name; uint8_t role; } known[] = {
        { "h", ROLE_HANDLE }, { "msg", ROLE_POINTER }, { "out", ROLE_POINTER },
        { "buf", ROLE_POINTER }, { "token", ROLE_TOKEN }, { "cap", ROLE_LENGTH },
        { "len", ROLE_LENGTH }, { "n", ROLE_HANDLE }, { "arg", ROLE_THREAD },
    };
    const char *s = r->params, *end;

    for (uint32_t i = 0; i < PARAMS_MOST && *s; i++, s = end + 1) {
        for (end = s; *end != ',' && *end != ')'; end++)
            ;
        for (s = end; s[-1] != ' ' && s[-1] != '('; s--)
            ;
        for (uint32_t k = 0; k < COUNT(known); k++)
            if (strlen(known[k].name) == (size_t)(end - s) &&
                    !strncmp(known[k].name, s, (size_t)(end - s)))
                r->role[i] = known[k].role;
        if (*end == ')')
            break;
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

static uint32_t all_done(void)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < THREADS_MOST; i++)
        n += *(volatile uint32_t *)&done[i];
    return n;
}

#define SIGNATURES(X) \
    X(":i",     int32_t (*)(void)) \
    X("i:i",    int32_t (*)(uint32_t), a) \
    X("ii:i",   int32_t (*)(uint32_t, uint32_t), a, b) \
    X("iii:i",  int32_t (*)(uint32_t, uint32_t, uint32_t), a, b, c) \
    X("iiii:i", int32_t (*)(uint32_t, uint32_t, uint32_t, uint32_t), a, b, c, e) \
    X("I:i",    int32_t (*)(int64_t), v[0]) \
    X("iI:i",   int32_t (*)(uint32_t, int64_t), a, v[1]) \
    X("iiI:i",  int32_t (*)(uint32_t, uint32_t, int64_t), a, b, v[2]) \
    X("iiiI:i", int32_t (*)(uint32_t, uint32_t, uint32_t, int64_t), a, b, c, v[3]) \
    X(":I",     int64_t (*)(void))

static bool is_known(const char *sig)
{
#define X(text, ...) if (!strcmp(sig, text)) return true;
    SIGNATURES(X)
#undef X
    return false;
}

/* Calls fn, of that signature; false: there is no such one. */
static bool invoke(const struct row *r, const int64_t v[], int64_t *result)
{
    const uint32_t a = (uint32_t)v[0], b = (uint32_t)v[1], c = (uint32_t)v[2];
    const uint32_t e = (uint32_t)v[3];

#define X(text, type, ...) \
    if (!strcmp(r->sig, text)) { *result = ((type)r->fn)(__VA_ARGS__); return true; }
    SIGNATURES(X)
#undef X
    return false;
}

/* Of the calls that do not return; true: it was one, and was left out. */
static bool last_call(struct dice *d, const struct row *r)
{
    if (!strcmp(r->name, "exit")) {
        if (one_in(d, 2048))
            sys_exit(all_done());
        return true;
    }
    if (!strcmp(r->name, "thread_end")) {
        if (one_in(d, d->spare ? 8 : 4096)) {
            if (d->spare)
                *d->spare = 0;
            sys_thread_end();
        }
        return true;
    }
    return false;
}

/* All can be made. It is looked at before the first call: pointers lead anywhere in this memory,
 * now and then to a row, which is not the kernel's fault then. */
static void check_rows(void)
{
    for (uint32_t i = 0; i < COUNT(rows); i++)
        if (!is_known(rows[i].sig) && strcmp(rows[i].name, "exit")
                && strcmp(rows[i].name, "thread_end"))
            sys_exit((uint32_t)-100 - i);
}

static void one_call(struct dice *d)
{
    const struct row *r = &rows[roll(d) % COUNT(rows)];
    int64_t v[PARAMS_MOST] = { 0 }, result;

    if (last_call(d, r))
        return;
    for (uint32_t i = 0; i < PARAMS_MOST && r->sig[i] != ':'; i++)
        v[i] = argument(d, r, i);
    if (!strcmp(r->name, "thread") && !v[0])
        return;
    if (!invoke(r, v, &result))
        return;                 /* a call before has written over the row: `check_rows` */
    ++*d->done;
    for (uint32_t i = 0; i < PARAMS_MOST && r->sig[i] != ':'; i++)
        if (result >= 0 && r->role[i] == ROLE_POINTER && (uint32_t)v[i] - ADDR(arena) < ARENA)
            d->token[roll(d) % 4] = ((struct msg *)(uintptr_t)(v[i] & ~3u))->token;
}

static void attack(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg;
    struct dice d = { .x = ((uint64_t)mix(seed + me) << 32 | mix(me ^ ~seed)) | 1,
                      .done = &done[me] };

    while (*d.done < calls_each)
        one_call(&d);
}

/* Of a thread that a random call starts: a few calls. */
static void attack_shortly(void *arg)
{
    uint32_t me = (uint32_t)(uintptr_t)arg, n = 0;
    struct dice d = { .x = mix(seed + me) | 1, .done = &n, .spare = &spare_busy[me] };

    for (uint32_t i = 0; i < 20; i++)
        one_call(&d);
    spare_busy[me] = 0;
}

/* Until all is done, or nothing goes on any more: some may wait for ever. */
static void watch(uint32_t all)
{
    for (uint32_t idle = 0, before = 0, now; idle < 20; before = now) {
        sleep_ns(2 * MS);
        if ((now = all_done()) >= all)
            break;
        idle = now == before ? idle + 1 : 0;
    }
}

int main(int argc, char **argv)
{
    uint32_t n = number_arg(argc, argv, 3, 1);

    seed = number_arg(argc, argv, 1, 1);
    n = n > THREADS_MOST ? THREADS_MOST : n;
    calls_each = number_arg(argc, argv, 2, 1000) / n;
    check_rows();
    for (uint32_t i = 0; i < COUNT(rows); i++)
        read_roles(&rows[i]);
    for (uint32_t i = 0; i < SPARES; i++)
        spares[i] = (struct thread){ .stack_top = ADDR(spare_stack[i]) + sizeof spare_stack[i] - 64,
                                     .fn = attack_shortly, .arg = (void *)(uintptr_t)i };
    for (uint32_t i = 0; i < n; i++)
        thread_create(&threads[i], attack, (void *)(uintptr_t)i, 0);
    watch(n * calls_each);
    sys_exit(all_done());
}
