/*
 * isolation.c - what one SIP does wrong, and that it ends alone.
 */
#include "tests/kernel/sips.h"

static void expect_trap(const char *args, uint32_t want)
{
    uint32_t trap;
    int32_t status = finish(start(args, NULL), 5000, &trap);

    if (status != 128 + (int32_t)want || trap != want)
        ktest_fail("%s: status %d, trap %u (%s)", args, status, trap, wasm_trap_text((int)trap));
}

KTEST(trap_each_kind)
{
    expect_trap("trap unreachable", WASM_TRAP_UNREACHABLE);
    expect_trap("trap memory", WASM_TRAP_MEMORY);
    expect_trap("trap store", WASM_TRAP_MEMORY);
    expect_trap("trap fill", WASM_TRAP_MEMORY);
    expect_trap("trap div0", WASM_TRAP_DIV_ZERO);
    expect_trap("trap overflow", WASM_TRAP_OVERFLOW);
    expect_trap("trap conversion", WASM_TRAP_CONVERSION);
    expect_trap("trap signature", WASM_TRAP_SIGNATURE);
    expect_trap("trap element", WASM_TRAP_ELEMENT);
    expect_trap("trap uninitialized", WASM_TRAP_UNINITIALIZED);
    expect_trap("trap table", WASM_TRAP_TABLE);
    expect_trap("trap stack", WASM_TRAP_STACK);
}

/* The stack ends before what the kernel needs of it. */
KTEST(trap_stack_at_kernel_calls)
{
    expect_trap("test/deep call", WASM_TRAP_STACK);
    expect_trap("test/deep runtime", WASM_TRAP_STACK);
}

KTEST(trap_names_function_and_offset)
{
    struct process *p = start("trap div0", NULL);

    CHECK(p && process_wait(p, (int64_t)(clock_ns() + NS_PER_S)), "it did not end");
    CHECK(contains(p->info.text, "integer divide by zero in div_zero (byte "), "%s", p->info.text);
    CHECK(contains(p->info.text, " < main (byte "), "%s", p->info.text);
    object_drop(&p->o);
}

/* The last access is beyond the second one. */
KTEST(memory_imported_and_another)
{
    size_t before = settled_pages();

    CHECK_EQ(run("test/two_memories", NULL, 5000), 128 + WASM_TRAP_MEMORY);
    expect_refusal("test/many_memories", true, ERR_MODULE, "more than 16 memories");
    CHECK_EQ(settled_pages(), before);
}

KTEST(memory_grow_past_the_maximum)
{
    CHECK_EQ(run("test/grow_max", NULL, 5000), 128 + WASM_TRAP_MEMORY);
}

/* No module can make such an address. The kernel gives it one: its image ends alone, all the
 * same. */
KTEST(trap_general_protection)
{
    struct process *p = start("test/second", NULL);
    uint32_t trap;

    CHECK(p, "it did not start");
    sched_sleep(5 * NS_PER_MS);
    CHECK(alive(p), "it ended by itself");
    alive(p)->more_mem[0].base = (uint8_t *)(1ul << 63);
    CHECK_EQ(finish(p, 2000, &trap), 128 + WASM_TRAP_PROTECTION);
    CHECK_EQ(trap, WASM_TRAP_PROTECTION);
    CHECK_EQ(run("test/quit 5", NULL, 2000), 5);
}

KTEST(memory_grow_to_the_limit)
{
    size_t before = settled_pages();

    CHECK_EQ(run("test/hoard", NULL, 20000), 0);
    CHECK_EQ(settled_pages(), before);
}

/* Several that take all they get: what they got they can use, and there is enough for others. */
KTEST(memory_exhausted_by_some)
{
    struct process *p[4];

    for (unsigned i = 0; i < 4; i++)
        p[i] = start("test/hoard some", NULL);
    CHECK_EQ(run("test/dirty", NULL, 20000), 0);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(finish(p[i], 30000, NULL), 0);
    CHECK_EQ(run("test/quit 5", NULL, 2000), 5);
}

KTEST(slot_reused_is_zero)
{
    for (unsigned i = 0; i < 300; i++) {
        int32_t status = run("test/dirty", NULL, 2000);
        CHECK(status == 0, "round %u: %d", i, status);
    }
}

/* Small ones, whose slots are kept: each finds its data, and zeroes; so does another image. */
KTEST(slot_kept_is_as_new)
{
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQ(run("test/marks", NULL, 2000), 0);
        CHECK_EQ(run(i % 3 ? "test/marks" : "test/looks", NULL, 2000), 0);
        CHECK_EQ(run(i % 5 ? "test/looks" : "test/quit 0", NULL, 2000), 0);
    }
}

KTEST(killed_while_spinning)
{
    struct process *p = start("test/forever", NULL);

    CHECK_EQ(run("test/ticker 10 5", NULL, 5000) < 250, 1);
    CHECK(alive(p), "it ended by itself");
    CHECK_EQ(finish(p, 0, NULL), TIMED_OUT);
}

/* ---- devices, manifests and policy ----------------------------------------------------------- */

KTEST(device_port_outside_manifest)
{
    expect_refusal("test/sneak", true, ERR_DENIED, "port");
}

/* An interrupt and a physical range, as port_outside: what the manifest does not name is not
 * there. */
KTEST(device_irq_and_range_outside_manifest)
{
    CHECK_EQ(run("test/outside", NULL, 2000), 0);
    expect_trap("test/outside below", WASM_TRAP_MEMORY);
    expect_trap("test/outside above", WASM_TRAP_MEMORY);
}

KTEST(device_two_owners)
{
    struct endpoint *end[2];
    struct process *p;

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    p = start("test/devices", end[0]);
    sched_sleep(10 * NS_PER_MS);
    expect_refusal("test/devices", true, ERR_BUSY,
                   "busy: port 0x2e8-0x2ef is owned by test/devices (pid");
    object_drop(&end[1]->o);
    CHECK_EQ(finish(p, 1000, NULL), 0);
    /* all free again */
    CHECK(chan_create(NULL, end) >= 0, "no channel");
    p = start("test/devices", end[0]);
    object_drop(&end[1]->o);
    CHECK_EQ(finish(p, 1000, NULL), 0);
}

/* Waits until n messages have come to p. */
static bool received(const struct process *p, uint64_t n)
{
    struct sip *s;

    for (unsigned ms = 0; p && (s = alive(p)) && glance(s->messages) < n && ms < 2000; ms++)
        sched_sleep(NS_PER_MS);
    return p && (s = alive(p)) && glance(s->messages) >= n;
}

/* Interrupts are messages; those that come before the answer are one more after it. */
KTEST(device_interrupts)
{
    struct process *p = start("test/irqs 12", NULL);

    for (unsigned i = 1; i <= 11; i++) {
        irq_fired(5);
        CHECK(received(p, i), "interrupt %u did not arrive", i);
    }
    irq_fired(5);
    irq_fired(5);
    CHECK_EQ(finish(p, 2000, NULL), 0);
    irq_fired(5);       /* nobody's */
}

/* A line that goes from handle to handle loses nothing, and is free when it ends in a message. */
KTEST(device_interrupts_move)
{
    struct process *p = start("test/irqs 8 pass", NULL);

    for (unsigned ms = 0; p && alive(p) && ms < 2000; ms++) {
        irq_fired(5);
        sched_sleep(NS_PER_MS);
    }
    CHECK_EQ(finish(p, 2000, NULL), 0);
    irq_fired(5);
    p = start("test/irqs 1", NULL);
    CHECK(received(p, 0), "the line is not free");
    irq_fired(5);
    CHECK_EQ(finish(p, 2000, NULL), 0);
}

KTEST(policy_denies_by_default)
{
    char reason[160];

    expect_refusal("test/client", false, ERR_DENIED,
                   "denied: interface test-a (grant it with: grant test/client test-a)");
    CHECK_EQ(policy_change("test/client test-a", true, 0, reason, sizeof reason), 0);
    CHECK_EQ(policy_change("test/client nothing", true, 0, reason, sizeof reason), ERR_NOT_FOUND);
    CHECK_EQ(policy_change("no-such-program test-a", true, 0, reason, sizeof reason),
             ERR_NOT_FOUND);
    CHECK_EQ(policy_change("test/devices port 2e8-2ef", true, 0, reason, sizeof reason), 0);
    expect_refusal("test/devices", false, ERR_DENIED, "denied: irq 5");
    CHECK_EQ(policy_change("test/devices port 2e8-2ef", false, 0, reason, sizeof reason), 0);
    expect_refusal("test/devices", false, ERR_DENIED, "denied: port 0x2e8-0x2ef");
    CHECK_EQ(policy_change("test/client test-a", false, 0, reason, sizeof reason), 0);
    expect_refusal("test/client", false, ERR_DENIED, "denied: interface test-a");
}

/* Rules for one start belong to one SIP, and are used up by its start alone. */
KTEST(policy_once)
{
    enum { ONE = 1000000, OTHER };
    const struct program *p;
    struct manifest *m;
    char reason[400];
    err_t e = 0;

    CHECK_EQ(store_find("test/devices", &p), 0);
    CHECK_EQ(policy_wants("test/devices", ONE, reason, sizeof reason), 0);
    CHECK(strcmp(reason, "port 0x2e8-0x2ef\nirq 5\n") == 0, "%s", reason);
    m = manifest_parse(p->bytes, p->size, &e, reason, sizeof reason);
    CHECK(m, "%s", reason);
    for (unsigned round = 0; round < 2; round++) {
        CHECK_EQ(policy_change("test/devices irq 5", true, ONE, reason, sizeof reason), 0);
        CHECK_EQ(policy_check(p, m, ONE, reason, sizeof reason), ERR_DENIED);
        CHECK_EQ(policy_change("test/devices port 2e8-2ef", true, ONE, reason, sizeof reason), 0);
        CHECK_EQ(policy_wants("test/devices", ONE, reason, sizeof reason), 0);
        CHECK(!reason[0], "%s", reason);
        CHECK_EQ(policy_check(p, m, OTHER, reason, sizeof reason), ERR_DENIED);
        CHECK_EQ(policy_check(p, m, 0, reason, sizeof reason), ERR_DENIED);
        if (round == 0)
            CHECK_EQ(policy_check(p, m, ONE, reason, sizeof reason), 0);
        else
            policy_forget(ONE);
        CHECK_EQ(policy_check(p, m, ONE, reason, sizeof reason), ERR_DENIED);
    }
    CHECK_EQ(policy_wants("no-such-program", ONE, reason, sizeof reason), ERR_NOT_FOUND);
    CHECK(contains(reason, "no such program"), "%s", reason);
    manifest_free(m);
}

/* Claims device memory for a program that is only looked at: it gets nothing but the reason. */
static void expect_no_mmio(uint64_t first, uint64_t last, err_t want)
{
    struct resource r = { .kind = RES_MMIO, .handle = 3, .first = first, .last = last };
    struct process *p = start("test/forever", NULL);
    struct sip *owner;
    err_t e = p ? window_claim(alive(p), &r, &owner) : ERR_NOT_FOUND;

    finish(p, 0, NULL);
    CHECK(e == want || e == ERR_NOT_FOUND, "0x%lx-0x%lx: %s", first, last, err_text(e));
}

/* RAM, the kernel's image, interrupt controllers, what is beyond the CPU's reach. */
KTEST(device_memory_of_the_kernel)
{
    expect_no_mmio(0x1000, 0x1fff, ERR_BUSY);
    expect_no_mmio(0x100000, 0x1fffff, ERR_BUSY);
    expect_no_mmio(0xb8000, 0x1fffff, ERR_BUSY);
    expect_no_mmio(0, 0xffffffff, ERR_BUSY);
    expect_no_mmio(0xfec00000, 0xfec00fff, ERR_BUSY);
    expect_no_mmio(0xfee00000, 0xfee00fff, ERR_BUSY);
    expect_no_mmio(0xfeeff000, 0xfeefffff, ERR_BUSY);
    expect_no_mmio(1ul << 52, (1ul << 52) + 4095, ERR_NOT_FOUND);
    expect_no_mmio(UINT64_MAX - 4095, UINT64_MAX, ERR_NOT_FOUND);
}

KTEST(device_memory_has_one_owner)
{
    struct endpoint *end[2];
    struct process *p;
    int32_t status;

    CHECK(chan_create(NULL, end) >= 0, "no channel");
    p = start("test/mmio", end[0]);
    sched_sleep(20 * NS_PER_MS);
    if (p && alive(p))            /* there is such memory */
        expect_refusal("test/mmio", true, ERR_BUSY,
                       "busy: mmio 0xb8000-0xbffff is owned by test/mmio (pid");
    object_drop(&end[1]->o);
    status = finish(p, 1000, NULL);
    CHECK(status == 0 || status == 2, "line %d", status);
    if (status == 2)
        ktest_note("this machine has no text memory");
}

/* Memory for devices is zero, is the same for the next start of the same program, and does not
 * come back into use: its device may still write. */
KTEST(device_memory_for_dma)
{
    int32_t first = run("test/dma", NULL, 2000), second;
    size_t before = settled_pages();

    CHECK(first >= 1000, "line %d", first);
    for (unsigned i = 0; i < 5; i++) {
        second = run("test/dma", NULL, 2000);
        CHECK_EQ(second, first);
    }
    CHECK_EQ(settled_pages(), before);
    expect_refusal("test/dma", false, ERR_DENIED, "denied: dma 40000");
}

/* A device writes there while the driver looks. */
KTEST(device_memory_is_looked_at)
{
    CHECK_EQ(run("test/dma device", NULL, 10000), 0);
}

KTEST(manifest_hostile_text)
{
    static const struct { const char *text; bool ok; } rows[] = {
        { "", true }, { "# only a comment", true }, { "port 3f8-3ff", true }, { "port 0x60", true },
        { "irq 4 = 5 # why", true }, { "window framebuffer = 3", true }, { "port 3ff-3f8", false },
        { "port 10000", false }, { "port", false }, { "irq 4 = 1", false }, { "irq 4 = 64", false },
        { "irq 999 = 4", false }, { "use x@12 = 3", false }, { "use = 3", false },
        { "bogus", false },
        { "irq 4 = 5\nirq 5 = 5", false }, { "port 3f8-3ff junk", false },
        { "mmio fed00000-fed00fff = 3", true }, { "mmio 0xfffffffff000-0xffffffffffff = 3", true },
        { "mmio fed00000 = 3", false }, { "mmio fed00001-fed01000 = 3", false },
        { "mmio fed01000-fed00fff = 3", false }, { "mmio fed00000-fed00fff", false },
        { "mmio 10000000000000000-10000000000000fff = 3", false },
        { "dma 65536 = 3", true }, { "dma 0 = 3", false }, { "dma 67108865 = 3", false },
        { "dma 18446744073709551617 = 3", false }, { "use x = 3", false },
        { "text anything", true }, { "channel = 3", false },
        { "window 0123456789012345678901234567890123456789 = 3", false },
    };
    uint8_t m[160] = { 0, 'a', 's', 'm', 1, 0, 0, 0, 0 };
    char reason[100];

    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t name = strlen(MANIFEST_SECTION), len = strlen(rows[i].text);
        struct manifest *got;
        err_t e = 0;
        m[9] = (uint8_t)(1 + name + len);
        m[10] = (uint8_t)name;
        memcpy(m + 11, MANIFEST_SECTION, name);
        memcpy(m + 11 + name, rows[i].text, len);
        got = manifest_parse(m, 11 + name + len, &e, reason, sizeof reason);
        CHECK((got != NULL) == rows[i].ok, "'%s': %s", rows[i].text, got ? "accepted" : reason);
        manifest_free(got);
    }
}
