/*
 * contract.c - what an interface's table lets pass, against a plain statement of it for every
 * operation, way, state, size and number of handles; and texts that are cut and changed in a
 * million ways.
 */
#include <stdio.h>
#include "tests/fuzz/contract.h"

enum { CHANGED = 300000 };

static const char text[] =
    "package selkie : t ; @states a b c ; interface t { record r { x : u64 , y : u8 } "
    "enum e { one , two } flags f { x , y } "
    "@state a -> b -> c | a ; open : func ( n : u16 , k : e ) -> ( w : u8 ) ; "
    "@state b , c -> a ; end : func ( ) ; "
    "@max l 3 ; list : func ( p : u32 , l : list < r > ) -> ( l : list < u16 > ) ; "
    "@event ; @state c ; tell : func ( bits : f , s : string ) ; "
    "move : func ( m : list < u8 , 5 > , h : own < process > , i : option < own < channel > > ) "
    "-> ( h : own < t > ) ; }";

/* The same interface once more: what is allowed, by hand. */
struct rule {
    unsigned way, states, min, most, unit, handles, more;       /* request */
    unsigned ans_min, ans_most, ans_unit, ans_handles;
};
static const struct rule rules[] = {
    { WAY_CALL, 1, 12, 12, 1, 0, 0, 8, 8, 1, 0 },
    { WAY_SEND, 6, 4, 4, 1, 0, 0, 0, 0, 1, 0 },
    { WAY_CALL, 7, 8, 56, 16, 0, 0, 4, 8192, 2, 0 },
    { WAY_EVENT, 4, 8, 8192, 1, 0, 0, 0, 0, 1, 0 },
    { WAY_CALL, 7, 12, 12, 1, 1, 1, 4, 4, 1, 1 },
};
#define OPS (sizeof rules / sizeof *rules)

static unsigned number, failed;

static void result(const char *what, bool ok)
{
    printf("%sok %u - %s\n", ok ? "" : "not ", ++number, what);
    failed += !ok;
}

static bool size_good(unsigned bytes, unsigned min, unsigned most, unsigned unit)
{
    return bytes >= min && bytes <= most && (bytes - min) % unit == 0;
}

static int32_t expected(unsigned op, unsigned way, unsigned state, unsigned bytes, unsigned handles)
{
    const struct rule *r = &rules[op - 1];

    if (op < 1 || op > OPS)
        return ERR_OPERATION;
    if (r->way != way)
        return ERR_WAY;
    if (!(r->states >> state & 1))
        return ERR_ORDER;
    if (!size_good(bytes, r->min, r->most, r->unit))
        return ERR_SIZE;
    return handles < r->handles || handles > r->handles + r->more ? ERR_HANDLE_COUNT : 0;
}

static int32_t expected_answer(unsigned op, int32_t status, unsigned bytes, unsigned handles)
{
    const struct rule *r = &rules[op - 1];
    bool good = size_good(bytes, r->ans_min, r->ans_most, r->ans_unit);

    if (status < 0 && handles)
        return ERR_HANDLE_COUNT;
    if (!good && !(status < 0 && bytes == 4))
        return ERR_SIZE;
    return status >= 0 && handles != r->ans_handles ? ERR_HANDLE_COUNT : 0;
}

static unsigned bytes_of(unsigned i)
{
    return i < 80 ? i : i < 90 ? MSG_BYTES_MAX - 85 + i : UINT32_MAX - 95 + i;
}

static bool requests(const struct contract *c)
{
    for (unsigned op = 0; op <= OPS + 2; op++)
        for (unsigned way = 0; way < 4; way++)
            for (unsigned state = 0; state < 3; state++)
                for (unsigned i = 0; i < 96; i++)
                    for (unsigned h = 0; h <= 5; h++) {
                        int32_t got = contract_check(c, (uint8_t)state, way, op, bytes_of(i), h);
                        int32_t want = expected(op, way, state, bytes_of(i), h);
                        if (got == want)
                            continue;
                        printf("# op %u way %u state %u bytes %u handles %u: %d, not %d\n", op, way,
                               state, bytes_of(i), h, got, want);
                        return false;
                    }
    return contract_check(c, 0, WAY_CALL, UINT32_MAX, 4, 0) == ERR_OPERATION;
}

static bool answers(const struct contract *c)
{
    static const int32_t statuses[] = { 0, 1, -1, ERR_PEER, INT32_MIN, INT32_MAX };

    for (unsigned op = 1; op <= OPS; op++)
        for (unsigned s = 0; s < 6 && rules[op - 1].way == WAY_CALL; s++)
            for (unsigned i = 0; i < 96; i++)
                for (unsigned h = 0; h <= 5; h++) {
                    int32_t got = contract_check_answer(c, op, statuses[s], bytes_of(i), h);
                    int32_t want = expected_answer(op, statuses[s], bytes_of(i), h);
                    if (got == want)
                        continue;
                    printf("# answer to %u, status %d, bytes %u handles %u: %d, not %d\n", op,
                           statuses[s], bytes_of(i), h, got, want);
                    return false;
                }
    return true;
}

/* open: a -> b -> c, back to a after an error; end: b or c -> a; list: stays. */
static bool states(const struct contract *c)
{
    return contract_next(c, 0, 1) == 1 && contract_next_answer(c, 1, 1, 0) == 2
        && contract_next_answer(c, 1, 1, -3) == 0 && contract_next(c, 1, 2) == 0
        && contract_next(c, 2, 2) == 0 && contract_next(c, 2, 3) == 2
        && contract_next_answer(c, 2, 3, 0) == 2 && contract_next_answer(c, 1, 3, -1) == 1
        && contract_next(c, 2, 4) == 2;
}

static bool kinds(const struct contract *c)
{
    const struct contract_part *request = &c->op[4].request, *answer = &c->op[4].answer;
    uint8_t other[32] = { 9 };

    return contract_check_handle(c, request, 0, HANDLE_PROCESS, NULL) == 0
        && contract_check_handle(c, request, 0, HANDLE_CHANNEL, c->id) == ERR_HANDLE_KIND
        && contract_check_handle(c, request, 1, HANDLE_CHANNEL, NULL) == 0
        && contract_check_handle(c, request, 1, HANDLE_CHANNEL, other) == 0
        && contract_check_handle(c, request, 1, HANDLE_PROCESS, NULL) == ERR_HANDLE_KIND
        && contract_check_handle(c, answer, 0, HANDLE_CHANNEL, c->id) == 0
        && contract_check_handle(c, answer, 0, HANDLE_CHANNEL, other) == ERR_HANDLE_KIND
        && contract_check_handle(c, answer, 0, HANDLE_CHANNEL, NULL) == ERR_HANDLE_KIND
        && contract_check_handle(c, answer, 0, HANDLE_IRQ, c->id) == ERR_HANDLE_KIND;
}

static void table(void)
{
    static struct wit w;
    struct contract *c = NULL;
    const char *wrong;

    if (!wit_parse(&w, text, sizeof text - 1, NULL)) {
        printf("# byte %zu: %s\n", w.error_at, w.error);
        result("a text is taken apart", false);
        return;
    }
    wrong = table_problem(&w, text, sizeof text - 1, &c);
    result("a text becomes a table", !wrong && c->nops == OPS && c->nstates == 3);
    result("every request is judged by the rules", requests(c));
    result("every answer is judged by the rules", answers(c));
    result("states follow", states(c));
    result("kinds of handles", kinds(c));
    free(c);
}

/* ---- hostile texts --------------------------------------------------------------------------- */

static uint32_t seed = 1;

static uint32_t rnd(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

/* A copy with nothing behind it that could be read unseen. */
static bool judge(const char *s, size_t n, unsigned *taken)
{
    char *copy = malloc(n + !n);
    const char *wrong;
    bool good;

    memcpy(copy, s, n);
    wrong = text_problem(copy, n, &good);
    *taken += good;
    if (wrong)
        printf("# %s: %.*s\n", wrong, (int)n, s);
    free(copy);
    return !wrong;
}

static size_t change(char *s, size_t n)
{
    static const char *const pieces[] = {
        "own < x > ", "@state a -> b ; ", "list < r , 4096 > ", "u64 ", "{ ", "} ", ", ", "-> ",
        "@max l 8192 ; ", "/* ", "/// @event\n", "%", "@", "\n", "record z { a : r } ", "option < ",
        "func ( ) ; ", "| c ", "4096 ", "string ",
    };
    size_t at = rnd((uint32_t)n), len = 1 + rnd(12);
    const char *p = pieces[rnd(sizeof pieces / sizeof *pieces)];

    switch (rnd(5)) {
    case 0:                     /* one byte */
        s[at] = (char)rnd(256);
        return n;
    case 1:                     /* left out */
        len = len < n - at ? len : n - at;
        memmove(s + at, s + at + len, n - at - len);
        return n - len > 0 ? n - len : 1;
    case 2:                     /* cut */
        return at + 1;
    case 3:                     /* a part of itself */
        len = 1 + rnd((uint32_t)(n - at));
        p = s + at;
        at = rnd((uint32_t)n);
        memmove(s + at + len, s + at, n - at);
        memmove(s + at, p, len);
        return n + len;
    default:
        memmove(s + at + strlen(p), s + at, n - at);
        memcpy(s + at, p, strlen(p));
        return n + strlen(p);
    }
}

static void hostile(void)
{
    static char s[1 << 16];
    unsigned taken = 0, bad = 0;

    for (size_t n = 0; n < sizeof text - 1; n++)
        bad += !judge(text, n, &taken);
    result("cut everywhere: refused with words and a place", !bad && !taken);
    for (unsigned i = 0; i < CHANGED && !bad; i++) {
        size_t n = sizeof text - 1;
        memcpy(s, text, n);
        for (unsigned k = 1 + rnd(4); k && n < sizeof s / 4; k--)
            n = change(s, n);
        bad += !judge(s, n, &taken);
    }
    printf("# %u changed texts, %u of them are interfaces\n", CHANGED, taken);
    result("changed: refused, or a table within its bounds", !bad && taken > CHANGED / 1000);
}

/* Texts at the limits of what is taken. */
static void limits(void)
{
    static char s[1 << 16];
    unsigned taken = 0;
    size_t n = (size_t)sprintf(s, "interface t { ");

    for (unsigned i = 0; i < WIT_OPS_MAX; i++)
        n += (size_t)sprintf(s + n, "o%u : func ( ) ; ", i);
    strcpy(s + n, "}");
    result("64 operations", judge(s, n + 1, &taken) && taken == 1);
    n += (size_t)sprintf(s + n, "x : func ( ) ; }");
    result("not 65", judge(s, n, &taken) && taken == 1);
    n = (size_t)sprintf(s, "@states");
    for (unsigned i = 0; i < WIT_STATES_MAX; i++)
        n += (size_t)sprintf(s + n, " s%u", i);
    n += (size_t)sprintf(s + n, " ; interface t { ");
    for (unsigned i = 0; i < WIT_STATES_MAX; i++)
        n += (size_t)sprintf(s + n, "@state s%u -> s%u ; o%u : func ( ) ; ", i,
                             (i + 1) % WIT_STATES_MAX, i);
    n += (size_t)sprintf(s + n, "}");
    result("32 states", judge(s, n, &taken) && taken == 2);
    n = (size_t)sprintf(s, "interface t { record a { x : list < u64 , 1024 > } ");
    n += (size_t)sprintf(s + n, "f : func ( a : a ) ; }");
    result("a structure that leaves no room for the operation", judge(s, n, &taken) && taken == 2);
    memset(s, ' ', sizeof s);
    memcpy(s, text, sizeof text - 1);
    result("longer than a text may be", judge(s, WIT_TEXT_MAX + 1, &taken) && taken == 2);
}

int main(void)
{
    printf("1..12\n");
    table();
    hostile();
    limits();
    return failed != 0;
}
