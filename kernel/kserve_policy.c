/*
 * kserve_policy.c - interface kernel-policy: rules as text.
 */
#include "kernel/kernel.h"
#include "iface/kernel_policy.h"

#define RULE_TEXT 256u

/* The request's text, terminated; false if it is too long. */
static bool text_of(const struct kcall *k, char rule[RULE_TEXT])
{
    int n = (int)(k->len - sizeof(uint32_t));

    return ksnprintf(rule, RULE_TEXT, "%.*s", n, (const char *)k->request + 4) < (int)RULE_TEXT;
}

static void change(struct kcall *k, bool grant, uint32_t once)
{
    char rule[RULE_TEXT], reason[160];
    err_t e = ERR_TOO_BIG;

    ksnprintf(reason, sizeof reason, "%s", err_text(e));
    if (text_of(k, rule))
        e = policy_change(rule, grant, once, reason, sizeof reason);
    kserve_status(k, e);
    if (e < 0)
        kserve_text(k, reason);
}

static void wants(struct kcall *k)
{
    char program[RULE_TEXT];
    char *lines = kmalloc(MSG_BYTES_MAX - 4);
    err_t e = lines ? ERR_TOO_BIG : ERR_NO_MEMORY;

    if (lines)
        lines[0] = 0;
    if (lines && text_of(k, program))
        e = policy_wants(program, k->sip->pid, lines, MSG_BYTES_MAX - 4);
    kserve_status(k, e);
    if (lines)
        kserve_text(k, lines);
    kfree(lines);
}

static void list(struct kcall *k)
{
    const struct kernel_policy_list_req *q = kserve_request(k, sizeof *q);
    struct kernel_policy_list_ans *a;
    uint32_t first;
    size_t n;

    if (!q)
        return;
    first = q->first;
    a = kserve_reply(k, sizeof *a);
    a->next = policy_list(first, (char *)(a + 1), MSG_BYTES_MAX - sizeof *a, &n);
    k->answer_len += (uint32_t)n;
}

static void call(struct kcall *k)
{
    switch (*(const uint32_t *)k->request) {
    case KERNEL_POLICY_GRANT:
        change(k, true, 0);
        break;
    case KERNEL_POLICY_DENY:
        change(k, false, 0);
        break;
    case KERNEL_POLICY_GRANT_ONCE:
        change(k, true, k->sip->pid);
        break;
    case KERNEL_POLICY_WANTS:
        wants(k);
        break;
    case KERNEL_POLICY_LIST:
        list(k);
        break;
    default:
        kserve_status(k, ERR_UNSUPPORTED);
    }
}

const struct kserve kserve_policy = {
    IFACE_KERNEL_POLICY, IFACE_KERNEL_POLICY_TEXT, call,
};
