/*
 * contracts.c - what an interface does not allow is refused before the receiver sees it; who
 * handles an interface, and what a client sees of that.
 */
#include "tests/kernel/sips.h"
#include "kernel/sha256.h"

/* ---- manifests ------------------------------------------------------------------------------- */

/* An id, as 64 digits, and how many that are. */
static size_t print_id(char *to, size_t n, const uint8_t id[32])
{
    size_t len = 0;

    for (unsigned i = 0; i < 32; i++)
        len += (size_t)ksnprintf(to + len, n - len, "%02x", id[i]);
    return len;
}

/* A module of nothing but a manifest: `use NAME@ID = 2` and a text, of which ID is the hash with
 * `change` added to its first byte. */
static struct manifest *parse(const char *name, const char *text, uint8_t change, err_t *e,
                              char reason[200])
{
    static const uint8_t magic[9] = { 0, 'a', 's', 'm', 1, 0, 0, 0, 0 };
    static uint8_t m[1024];
    char line[600];
    size_t n = sizeof magic, len, name_len = strlen(MANIFEST_SECTION);
    uint8_t id[32];

    sha256(text, strlen(text), id);
    id[0] = (uint8_t)(id[0] + change);
    len = (size_t)ksnprintf(line, sizeof line, "use %s@", name);
    len += print_id(line + len, sizeof line - len, id);
    len += (size_t)ksnprintf(line + len, sizeof line - len, " = 2\n text %s\n", text);
    memcpy(m, magic, n);
    m[n++] = (uint8_t)((1 + name_len + len) % 128 | 128);
    m[n++] = (uint8_t)((1 + name_len + len) / 128);
    m[n++] = (uint8_t)name_len;
    memcpy(m + n, MANIFEST_SECTION, name_len);
    memcpy(m + n + name_len, line, len);
    reason[0] = 0;
    *e = 0;
    return manifest_parse(m, n + name_len + len, e, reason, 200);
}

/* What stands in a module about its interfaces is believed only if the hash says so. */
KTEST(contract_hostile_text)
{
    static const struct { const char *name, *text; uint8_t change; const char *words; } rows[] = {
        { "x", "interface x { }", 0, NULL },
        { "x", "interface x { f : func ( ) ; }", 0, NULL },
        { "x", "interface x { f : func ( ) ; }", 1, "text that its id is the hash of is missing" },
        { "serial", "interface x { f : func ( ) ; }", 0, "interface serial has another name: x" },
        { "x", "interface x { f : func ( a : u33 ) ; }", 0, "byte 29 of its text: unknown type" },
        { "x", "interface x { /* */ }", 0, "byte 14 of its text: unexpected character '/'" },
        { "x", "interface x { f : func ( a : own < y > ) ; }", 0, "without the interface's id" },
        { "x", "interface x { f : func ( a : own < y@0 > ) ; }", 0, "of its text: " },
        { "x", "", 0, "byte 0 of its text: expected 'interface', found the end" },
        { "x", "\x01\xff", 0, "byte 0 of its text: unexpected character" },
    };
    char reason[200];

    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        err_t e;
        struct manifest *m = parse(rows[i].name, rows[i].text, rows[i].change, &e, reason);
        CHECK((m != NULL) == !rows[i].words && (m || (e == ERR_MODULE
                                                      && contains(reason, rows[i].words))),
              "%s: %s: %s", rows[i].text, m ? "accepted" : err_text(e), reason);
        manifest_free(m);
    }
}

/* Contracts go with the last who has them. */
KTEST(contract_memory_comes_back)
{
    size_t before = 0;
    char text[64], reason[200];

    for (unsigned i = 0; i < 6000; i++) {
        struct manifest *m;
        err_t e;
        if (i == 100)
            before = settled_pages();
        ksnprintf(text, sizeof text, "interface x { f%u : func ( ) ; }", i);
        m = parse("x", text, 0, &e, reason);
        CHECK(m, "%s", reason);
        CHECK_EQ(m->res[0].contract->refs, 1);
        manifest_free(m);
    }
    CHECK_EQ(settled_pages(), before);
}

/* ---- messages -------------------------------------------------------------------------------- */

KTEST(contract_each_rule)
{
    struct process *h = start("test/strict", NULL), *c = start("test/breach", NULL);

    CHECK_EQ(finish(c, 5000, NULL), 0);
    CHECK_EQ(finish(h, 1000, NULL), 0);
}

/* What was checked is what arrives, whatever the sender's other threads write meanwhile. */
KTEST(contract_message_changed_meanwhile)
{
    struct process *h = start("test/strict", NULL);
    int32_t status;

    quiet(true);
    status = run("test/flip", NULL, 60000);
    quiet(false);
    CHECK_EQ(status, 0);
    CHECK_EQ(finish(h, 1000, NULL), 0);
}

/* ---- handlers -------------------------------------------------------------------------------- */

KTEST(iface_two_of_one_handler)
{
    struct process *h = start("test/both", NULL);

    CHECK_EQ(run("test/uses", NULL, 2000), 0);
    CHECK_EQ(finish(h, 1000, NULL), 0);
}

/* A client that wants to be told: before there is a handler, with one, after its end. */
KTEST(iface_told_without_handler)
{
    struct process *h;

    CHECK_EQ(run("test/now 0", NULL, 2000), 0);
    h = start("test/handler", NULL);
    CHECK_EQ(run("test/now 1", NULL, 2000), 0);
    CHECK_EQ(finish(h, 0, NULL), TIMED_OUT);
    CHECK_EQ(run("test/now 0", NULL, 2000), 0);
}

/* The new handler takes the old one's place, what it owned is free, and its clients find the new
 * one. */
KTEST(iface_replaced)
{
    struct process *old = start("test/handler", NULL), *c, *new = NULL;
    struct spawn sp = { .args = "test/handler", .args_len = 13, .trusted = true, .replace = true };
    struct sip *s;
    uint32_t trap = 0;
    char reason[160];

    c = start("test/client 200000", NULL);
    CHECK(old && c, "not started");
    while ((s = alive(c)) && glance(s->messages) < 50)
        sched_sleep(NS_PER_MS / 10);
    CHECK_EQ(store_find("test/handler", &sp.program), 0);
    CHECK_EQ(sip_spawn(&sp, &new, reason, sizeof reason), 0);
    finish(old, 1000, &trap);
    CHECK_EQ(trap, WASM_TRAP_KILLED);
    CHECK_EQ(finish(c, 60000, NULL), 1);
    finish(new, 0, NULL);
}

/* ---- handles that go meanwhile --------------------------------------------------------------- */

static struct contract *contract_of(const char *text, uint8_t id[32])
{
    char reason[200];
    err_t e;

    sha256(text, strlen(text), id);
    return contract_add(text, strlen(text), id, &e, reason, sizeof reason);
}

/* The client's end of a new channel with this contract. */
static struct endpoint *client_of(struct contract *c, struct endpoint *both[2])
{
    if (chan_create(NULL, both) < 0)
        return NULL;
    chan_bind(both[0], both[1], c);
    return both[0];
}

/* Of an end that another thread has closed since it was looked up, nobody asks what contract it
 * has: that may have gone with it. */
KTEST(contract_of_a_closed_handle)
{
    static const uint32_t op = 1;
    struct endpoint *way[2], *given[2];
    struct contract *inner, *outer;
    struct parcel p = { .data = (const uint8_t *)&op, .len = sizeof op, .nobj = 1 };
    struct sip *s = sip_make(0);
    uint8_t id[32], outer_id[32];
    char text[200];
    size_t n;

    CHECK(s && (inner = contract_of("interface y { f : func ( ) ; }", id)), "no contract");
    n = (size_t)ksnprintf(text, sizeof text, "interface x { f : func ( a : own < y@");
    n += print_id(text + n, sizeof text - n, id);
    ksnprintf(text + n, sizeof text - n, " > ) ; }");
    CHECK((outer = contract_of(text, outer_id)), "no contract of %s", text);
    CHECK(client_of(outer, way) && client_of(inner, given), "no channels");
    CHECK_EQ(handle_reserve(s, 1, p.handle), 0);
    handle_put(s, p.handle[0], &given[0]->o);
    p.obj[0] = &given[0]->o;
    CHECK_EQ(session_check(s, way[0], &p, false), 0);
    handle_take(p.obj[0]);
    CHECK_EQ(session_check(s, way[0], &p, false), ERR_HANDLE);
    for (unsigned i = 0; i < 2; i++) {
        object_drop(&way[i]->o);
        object_drop(&given[i]->o);
    }
    contract_put(inner);
    contract_put(outer);
    sip_free(s);
}
