/*
 * sips_test.c - the pure parts of SIPs, natively: the line editor, the shell's words, the
 * keyboard's map, the display's terminal, names of modules, init.conf and restarts.
 */
#include <stdio.h>
#include "drivers/display/terminal.h"
#include "drivers/keyboard/keymap.h"
#include "sips/init/config.h"
#include "sips/shell/shell.h"

static int passed, failed;

static void check(int ok, const char *what, int line)
{
    if (ok) {
        passed++;
    } else {
        failed++;
        printf("sips_test.c:%d: not ok: %s\n", line, what);
    }
}
#define CHECK(cond) check(cond, #cond, __LINE__)
#define CHECK_TEXT(a, b) check_text(a, b, __LINE__)

static void check_text(const char *got, const char *expected, int line)
{
    check(!strcmp(got, expected), got, line);
}

/* the runtime's, which the tested files call */
size_t copy_text(char *to, size_t cap, const char *s)
{
    size_t n = strlen(s) < cap - 1 ? strlen(s) : cap - 1;

    memcpy(to, s, n);
    to[n] = 0;
    return n;
}

/* ---- a terminal of one row, to see what the editor shows ----------------------------------- */

#define COLUMNS 40
#define ROWS 3
static struct cell cells[ROWS * COLUMNS];
static struct terminal term;

static void to_terminal(void *ctx, const char *s, uint32_t n)
{
    terminal_put(&term, s, n);
}

static const char *row(uint32_t y)
{
    static char s[COLUMNS + 1];
    uint32_t n = COLUMNS;

    for (uint32_t x = 0; x < COLUMNS; x++)
        s[x] = (char)cells[y * COLUMNS + x].ch;
    while (n && s[n - 1] == ' ')
        n--;
    s[n] = 0;
    return s;
}

static void new_screen(void)
{
    terminal_init(&term, cells, COLUMNS, ROWS);
}

static enum line_event keys(struct line *l, const char *s)
{
    enum line_event e = LINE_MORE;

    while (*s)
        e = line_key(l, *s++);
    return e;
}

static void start(struct line *l)
{
    memset(l, 0, sizeof *l);
    l->out = to_terminal;
    new_screen();
    terminal_put(&term, "> ", 2);
    line_start(l, 2, COLUMNS);
}

static void test_line(void)
{
    struct line l;

    start(&l);
    keys(&l, "hello");
    CHECK_TEXT(row(0), "> hello");
    keys(&l, "\033[D\033[DXY");
    CHECK_TEXT(l.text, "helXYlo");
    CHECK_TEXT(row(0), "> helXYlo");
    keys(&l, "\001A\005B");
    CHECK_TEXT(row(0), "> AhelXYloB");
    keys(&l, "\177\033[H\033[3~");
    CHECK_TEXT(l.text, "helXYlo");
    keys(&l, "\005 two words\027");
    CHECK_TEXT(l.text, "helXYlo two ");
    keys(&l, "\025");
    CHECK_TEXT(row(0), ">");
    keys(&l, "\031");
    CHECK_TEXT(l.text, "helXYlo two ");
    keys(&l, "\033b\013");
    CHECK_TEXT(row(0), "> helXYlo");
    CHECK(keys(&l, "\t") == LINE_COMPLETE && keys(&l, "\033[A") == LINE_UP);
    CHECK(keys(&l, "\003") == LINE_BREAK && keys(&l, "\r") == LINE_DONE);
    line_replace(&l, "other");
    CHECK_TEXT(row(0), "> other");
    CHECK(term.x == 7);
}

/* Whatever is typed, the screen shows the part of the line around the cursor. */
static void test_line_random(void)
{
    static const char *const some[] = {
        "a", "bc", " ", "\033[D", "\033[C", "\001", "\005", "\177", "\033[3~", "\027", "\031",
        "\013", "word ", "\033[1;5D", "\033[1;5C", "\025",
    };
    struct line l;
    uint32_t seed = 1, bad = 0;

    start(&l);
    for (int i = 0; i < 20000; i++) {
        char expect[COLUMNS + 1];
        uint32_t n;
        seed = seed * 1103515245 + 12345;
        keys(&l, some[(seed >> 16) % (sizeof some / sizeof *some)]);
        n = l.len - l.first < l.width ? l.len - l.first : l.width;
        snprintf(expect, sizeof expect, "> %.*s", (int)n, l.text + l.first);
        while (n && expect[n + 1] == ' ')
            expect[n-- + 1] = 0;
        if (!n)
            expect[1] = 0;
        bad += strcmp(row(0), expect) != 0 || term.x != 2 + l.pos - l.first || row(1)[0];
        bad += l.len >= LINE_MAX || l.pos > l.len || l.text[l.len];
    }
    CHECK(bad == 0);
}

static void test_words(void)
{
    const char *error = "";
    struct words w;

    CHECK(words_split(&w, "  run 'a b' \"c\\\"d\" e\\ f&", &error) && w.count == 4 && w.background);
    CHECK_TEXT(w.word[1], "a b");
    CHECK_TEXT(w.word[2], "c\"d");
    CHECK_TEXT(w.word[3], "e f");
    words_drop(&w, 1);
    CHECK(w.count == 3 && w.bytes == 12 && !w.word[3]);
    CHECK_TEXT(w.word[2], "e f");
    CHECK(words_split(&w, "", &error) && w.count == 0 && !w.word[0] && w.bytes == 0);
    CHECK(words_split(&w, "a \\&", &error) && !w.background && w.count == 2);
    CHECK(!words_split(&w, "a 'b", &error));
    CHECK(words_distance("hlep", "help", 3) == 1 && words_distance("abc", "xyz", 3) == 3);
    CHECK(words_distance("", "ab", 9) == 2 && words_distance("prime", "primes", 3) == 1);
}

static const char *scan(struct keymap *k, const char *codes)
{
    static char s[64];
    uint32_t n = 0;

    for (; *codes; codes++)
        n += keymap_code(k, (uint8_t)*codes, s + n);
    s[n] = 0;
    return s;
}

static void test_keymap(void)
{
    struct keymap k = { 0 };

    CHECK_TEXT(scan(&k, "\x1e\x9e\x2a\x1e\x9e\xaa\x1e"), "aAa");
    CHECK_TEXT(scan(&k, "\x3a\xba\x1e\x02\x2a\x1e\x02\xaa\x3a\xba"), "A1a!");
    CHECK_TEXT(scan(&k, "\x1d\x2e\xae\x9d\x2e"), "\003c");
    CHECK_TEXT(scan(&k, "\xe0\x48\xe0\xc8\xe0\x53\xe0\x47"), "\033[A\033[3~\033[H");
    CHECK_TEXT(scan(&k, "\x47\x45\xc5\x47\x4a\xe0\x35"), "\033[H7-/");
    CHECK_TEXT(scan(&k, "\x38\x30\xb8\x3b\x57\x0e\x1c\x01"), "\033b\033OP\033[23~\177\r\033");
    CHECK_TEXT(scan(&k, "\xe1\x1d\x45\xe1\x9d\xc5\x1e\x39"), "a ");
    CHECK_TEXT(scan(&k, "\xe0\x2a\xe0\x4b\xe0\xcb\xe0\xaa\x1e"), "\033[Da");
}

static void test_terminal(void)
{
    new_screen();
    terminal_put(&term, "one\r\ntwo\r\nthree\r\nfour", 21);
    CHECK_TEXT(row(0), "two");
    CHECK_TEXT(row(2), "four");
    terminal_put(&term, "\033[2;2HX\033[1;31mR\033[0m\033[K", 22);
    CHECK_TEXT(row(1), "tXR");
    CHECK(cells[COLUMNS + 2].fg == 9 && cells[COLUMNS + 1].fg == 7);
    terminal_put(&term, "\033[2J\033[H\xc3\xa9", 9);
    CHECK(cells[0].ch == 0xe9 && term.x == 1);
    terminal_put(&term, "\033[99999999999;5H\033[1000D\033[1000A", 31);
    CHECK(term.x == 0 && term.y == 0);
    terminal_put(&term, "0123456789\033[1;4H\033[2P\033[1@", 25);
    CHECK_TEXT(row(0), "012 56789");
}

/* Any bytes leave the terminal inside its cells. */
static void test_terminal_random(void)
{
    uint32_t seed = 7;
    int bad = 0;

    new_screen();
    for (int i = 0; i < 200000; i++) {
        static const char likely[] = "\033[;0123456789ABCDGHJKLMPSTXdmrsu@?h";
        char c;
        seed = seed * 1103515245 + 12345;
        c = seed >> 30 ? likely[(seed >> 16) % (sizeof likely - 1)] : (char)(seed >> 16);
        terminal_put(&term, &c, 1);
        bad += term.x > COLUMNS || term.y >= ROWS || term.top >= term.bottom || term.bottom > ROWS;
    }
    CHECK(bad == 0);
}

static void test_cid(void)
{
    /* SHA-256 of no bytes */
    static const uint8_t empty[32] = {
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8,
        0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
        0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    };
    char cid[CID_CHARS];

    cid_text(empty, cid);
    CHECK_TEXT(cid, "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
}

static void test_limits(void)
{
    struct limits l = { 0 };

    CHECK(limits_read(&l, "memory=8M") && l.memory == 8 << 20);
    CHECK(limits_read(&l, "memory=3G") && l.memory == 3ull << 30);
    CHECK(limits_read(&l, "queued=64K") && l.queued == 65536);
    CHECK(limits_read(&l, "handles=20") && l.handles == 20);
    CHECK(limits_read(&l, "threads=4") && l.threads == 4);
    CHECK(limits_read(&l, "cpu=12.5%") && l.cpu == 125);
    CHECK(limits_read(&l, "cpu=200") && l.cpu == 2000);
    CHECK(!limits_read(&l, "cpu=0") && !limits_read(&l, "cpu=1%%") && !limits_read(&l, "cpu="));
    CHECK(!limits_read(&l, "memory=8X") && !limits_read(&l, "memory=8MB"));
    CHECK(!limits_read(&l, "memory=0") && !limits_read(&l, "memory=99999999999999G"));
    CHECK(!limits_read(&l, "queued=4G") && !limits_read(&l, "handles") && !limits_read(&l, "x=1"));
}

/* ---- init.conf, and when a program is started again ----------------------------------------- */

static char told[1000];

static void tell(const char *text, uint32_t line, uint32_t column)
{
    size_t n = strlen(told);

    snprintf(told + n, sizeof told - n, "%u:%u: %s\n", line, column, text);
}

static void tell_grant(const char *rule, uint32_t line, uint32_t column)
{
    tell(rule, line, column);
}

static uint32_t configure(const char *text, struct service *s)
{
    static const struct config_sink sink = { tell_grant, tell };
    static char copy[2000];

    told[0] = 0;
    copy_text(copy, sizeof copy, text);
    return config_read(copy, s, &sink);
}

static void test_config(void)
{
    static struct service s[SERVICES_MAX];

    CHECK(configure("# a comment\n\n grant a serve b # why\nstart one\n"
                    "start two restart 3 in 20 wait 5-80 memory=8M cpu=10% x y\n"
                    "start three restart always $boot\nstart four -- restart\n", s) == 4);
    CHECK_TEXT(told, "3:8: a serve b \n");
    CHECK(s[0].nargs == 4 && !memcmp(s[0].args, "one", 4) && !s[0].restart.times);
    CHECK(s[1].nargs == 8 && !memcmp(s[1].args, "two\0x\0y", 8) && !s[1].boot);
    CHECK(s[1].restart.times == 3 && s[1].restart.seconds == 20 && !s[1].restart.always);
    CHECK(s[1].restart.pause_ms == 5 && s[1].restart.pause_max_ms == 80);
    CHECK(s[1].limits.memory == 8 << 20 && s[1].limits.cpu == 100 && !s[1].limits.threads);
    CHECK(s[2].restart.always && s[2].restart.times == RESTART_TIMES && s[2].boot);
    CHECK(s[2].nargs == 6 && s[3].nargs == 13 && !memcmp(s[3].args, "four\0restart", 13));
    CHECK(configure("start last", s) == 1 && !told[0]);
}

static void test_config_errors(void)
{
    static const struct { const char *text, *error; } rows[] = {
        { "strat a", "1:1: `strat` is nothing that a line begins with" },
        { "\n  start", "2:8: `start` is followed by a program's name" },
        { "start a\nstart b restart\n start a", "3:8: a is started by an earlier line already" },
        { "start a restart 0 in 5", "1:17: how often is a number from 1 to 32 here, not `0`" },
        { "start a restart 3x in 5", "1:17: how often is a number from 1 to 32 here, not `3x`" },
        { "start a restart 3", "1:18: `restart 3` is followed by `in SECONDS`" },
        { "start a restart 3 in", "1:21: within how many seconds is a number" },
        { "start a restart 99 in 5", "1:17: how often is a number from 1 to 32" },
        { "start a restart wait x", "1:22: a pause in milliseconds is a number from 1 to 3600000" },
        { "start a restart wait 9-5", "1:24: the longest pause is shorter than the first one" },
        { "start a restart wait 9-50s", "1:24: a pause is MS or MS-MS, not `50s`" },
        { "start a wait 5", "1:15: `wait` needs `restart`" },
        { "start a never restart", "1:15: `never` and `restart` contradict each other" },
        { "start a memory=8Q", "1:9: `memory=8Q` is no limit; these are: memory=8M" },
        { "start a cpu=0%", "1:9: `cpu=0%` is no limit" },
        { "start a $boot x", "1:15: nothing stands behind $boot" },
        { "start a2345678901234567890123456789012", "1:7: a program's name has at most 31" },
    };
    static struct service s[SERVICES_MAX];
    static char many[SERVICES_MAX * 16];
    size_t n = 0;

    for (uint32_t i = 0; i < COUNT(rows); i++) {
        configure(rows[i].text, s);
        check(!strncmp(told, rows[i].error, strlen(rows[i].error)) && strchr(told, '\n')[1] == 0,
              told[0] ? told : rows[i].text, __LINE__);
    }
    for (uint32_t i = 0; i <= SERVICES_MAX; i++)
        n += (size_t)snprintf(many + n, sizeof many - n, "start p%u\n", i);
    CHECK(configure(many, s) == SERVICES_MAX);
    CHECK_TEXT(told, "33:7: more than 32 programs are started\n");
}

static void test_restart(void)
{
    struct restart r = { .times = 4, .seconds = 60, .pause_ms = 10, .pause_max_ms = 30 };
    const int64_t second = 1000 * MS;
    int64_t pause, now = 5 * second;

    CHECK(restart_plan(&r, now, &pause) && pause == 10 * MS);
    CHECK(restart_plan(&r, now += second, &pause) && pause == 20 * MS);
    CHECK(restart_plan(&r, now += second, &pause) && pause == 30 * MS);
    CHECK(restart_plan(&r, now += second, &pause) && pause == 30 * MS);
    CHECK(!restart_plan(&r, now + second, &pause) && restart_count(&r, now + second) == 4);
    CHECK(restart_plan(&r, now + 58 * second, &pause) && pause == 30 * MS);
    CHECK(restart_count(&r, now + 58 * second) == 3);
    CHECK(restart_plan(&r, now + 500 * second, &pause) && pause == 10 * MS);
    r.always = true;
    for (uint32_t i = 0; i < 100; i++)
        CHECK(restart_plan(&r, now + 500 * second, &pause));
    CHECK(pause == 30 * MS);
    r.times = 0;
    CHECK(!restart_plan(&r, now + 9000 * second, &pause));
}

int main(void)
{
    test_line();
    test_line_random();
    test_words();
    test_keymap();
    test_terminal();
    test_terminal_random();
    test_cid();
    test_limits();
    test_config();
    test_config_errors();
    test_restart();
    printf("sips_test: %d passed, %d failed\n", passed, failed);
    return failed != 0;
}
