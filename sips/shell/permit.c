/*
 * permit.c - asks whoever sits at the terminal what a program may have that it was not granted.
 */
#include "shell.h"
#include "iface/kernel_policy.h"

enum { MESSAGE = 4096 };

static struct { uint32_t op; char text[LINE_MAX]; } q;
static struct { int32_t status; char text[MESSAGE + 1]; } a;

/* Asks the kernel's policy: op about `program` and, if there is one, a line of n bytes. */
static int32_t policy(uint32_t op, const char *program, const char *line, uint32_t n)
{
    uint32_t len;

    q.op = op;
    len = line ? (uint32_t)snprintf(q.text, sizeof q.text, "%s %.*s", program, (int)n, line)
               : (uint32_t)copy_text(q.text, sizeof q.text, program);
    memset(&a, 0, sizeof a);
    return chan_call(POLICY, &q, 4 + len, &a, sizeof a - 1);
}

static uint32_t line_length(const char *s)
{
    uint32_t n = 0;

    while (s[n] && s[n] != '\n')
        n++;
    return n;
}

/* The thing that a rule's WHAT means, in words. */
static void describe(const char *what, uint32_t n)
{
    static const struct { const char *verb, *words; } table[] = {
        { "serve ", "to handle interface " }, { "port ", "the I/O ports " },
        { "irq ", "interrupt " }, { "window ", "the memory window " },
        { "mmio ", "device memory " },
        { "dma ", "memory for a device, which then can reach all memory; bytes: " },
    };

    for (uint32_t i = 0; i < COUNT(table); i++) {
        uint32_t len = (uint32_t)strlen(table[i].verb);
        if (n > len && !strncmp(what, table[i].verb, len)) {
            printf("  %s%.*s\n", table[i].words, (int)(n - len), what + len);
            return;
        }
    }
    printf("  interface %.*s\n", (int)n, what);
}

/* 'o', 'a' or 'd': what is typed. */
static char choice(void)
{
    char c;

    for (;;) {
        printf("allow once (o), always (a), or deny (d)? ");
        if (read_key(&c) <= 0)
            return 'd';
        if (c == 3 || c == 4 || c == '\r' || c == '\n')      /* ctrl-C, ctrl-D .. */
            c = 'd';
        printf("%c\n", is_print(c) ? c : '?');
        if (c == 'o' || c == 'a' || c == 'd')
            return c;
    }
}

bool permit(const char *program)
{
    static char lines[MESSAGE + 1];
    uint32_t n;
    char c;

    if (policy(KERNEL_POLICY_WANTS, program, NULL, 0) < 0 || !a.text[0])
        return false;
    memcpy(lines, a.text, sizeof lines);
    printf("%s has not been allowed:\n", program);
    for (const char *s = lines; (n = line_length(s)); s += n + (s[n] == '\n'))
        describe(s, n);
    if ((c = choice()) == 'd')
        return false;
    for (const char *s = lines; (n = line_length(s)); s += n + (s[n] == '\n')) {
        int32_t r = policy(c == 'o' ? KERNEL_POLICY_GRANT_ONCE : KERNEL_POLICY_GRANT, program, s,
                           n);
        if (r < 0) {
            printf("%s: %s\n", program, a.text[0] ? a.text : error_text(r));
            return false;
        }
    }
    return true;
}
