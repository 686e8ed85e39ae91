/*
 * kserve_system.c - interface kernel-system: memory, log, power, the kernel's own tests.
 */
#include "kernel/kernel.h"
#include "iface/kernel_system.h"

#define VERSION "Selkie 0.1"

static void memory(struct kcall *k)
{
    struct kernel_system_memory_ans *a = kserve_reply(k, sizeof *a);
    uint64_t used;

    a->total = page_count_total() * PAGE_SIZE;
    a->free = page_count_free() * PAGE_SIZE;
    a->sips = sip_pages() * PAGE_SIZE;
    a->images = image_bytes();
    used = a->total - a->free;
    a->kernel = used > a->sips + a->images ? used - a->sips - a->images : 0;
}

static void log_from(struct kcall *k)
{
    const struct kernel_system_log_read_req *q = kserve_request(k, sizeof *q);
    struct kernel_system_log_read_ans *a;
    uint64_t from;

    if (!q)
        return;
    from = q->from;
    a = kserve_reply(k, sizeof *a);
    k->answer_len += (uint32_t)log_read(&from, (char *)(a + 1), MSG_BYTES_MAX - sizeof *a);
    a->next = from;
}

/* One SIP's words, marked as such, line by line. */
static void log_text(struct kcall *k)
{
    const char *s = (const char *)k->request + 4, *end = (const char *)k->request + k->len;

    while (s < end) {
        const char *line = s;
        while (s < end && *s != '\n')
            s++;
        kprintf("%s: %.*s\n", k->sip->name, (int)(s - line), line);
        s += s < end;
    }
}

static void uptime(struct kcall *k)
{
    struct kernel_system_uptime_ans *a = kserve_reply(k, sizeof *a);

    a->ns = clock_ns();
}

static void test_list(struct kcall *k)
{
    const struct kernel_system_test_list_req *q = kserve_request(k, sizeof *q);
    struct kernel_system_test t;
    uint32_t i;

    if (!q)
        return;
    i = q->first;
    kserve_reply(k, sizeof(struct kernel_system_test_list_ans));
    for (; i < ktest_count() && k->answer_len + sizeof t <= MSG_BYTES_MAX; i++) {
        memset(&t, 0, sizeof t);
        ksnprintf((char *)t.name, sizeof t.name, "%s", ktest_name(i));
        memcpy(k->answer + k->answer_len, &t, sizeof t);
        k->answer_len += sizeof t;
    }
}

static void test_run(struct kcall *k)
{
    const struct kernel_system_test_run_req *q = kserve_request(k, sizeof *q);
    err_t e;

    if (!q)
        return;
    if (!k->token || (e = ktest_request(q->index, k->token, k->sip->pid)) < 0)
        kserve_status(k, k->token ? e : ERR_ARGUMENT);
    else
        k->later = true;
}

static void call(struct kcall *k)
{
    switch (*(const uint32_t *)k->request) {
    case KERNEL_SYSTEM_MEMORY:
        memory(k);
        break;
    case KERNEL_SYSTEM_LOG_READ:
        log_from(k);
        break;
    case KERNEL_SYSTEM_LOG_WRITE:
        log_text(k);
        kserve_status(k, 0);
        break;
    case KERNEL_SYSTEM_REBOOT:
        machine_reboot();
    case KERNEL_SYSTEM_POWEROFF:
        machine_poweroff();
    case KERNEL_SYSTEM_VERSION:
        kserve_status(k, 0);
        kserve_text(k, VERSION);
        break;
    case KERNEL_SYSTEM_UPTIME:
        uptime(k);
        break;
    case KERNEL_SYSTEM_TEST_LIST:
        test_list(k);
        break;
    case KERNEL_SYSTEM_TEST_RUN:
        test_run(k);
        break;
    default:
        kserve_status(k, ERR_UNSUPPORTED);
    }
}

const struct kserve kserve_system = {
    IFACE_KERNEL_SYSTEM, IFACE_KERNEL_SYSTEM_TEXT, call,
};
