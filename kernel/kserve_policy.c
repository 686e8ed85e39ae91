/*
 * kserve_policy.c - interface kernel-policy: rules as text.
 */
#include "kernel/kernel.h"
#include "iface/kernel_policy.h"

#define RULE_TEXT 256u

static void change(struct kcall *k, bool grant)
{
    char rule[RULE_TEXT], reason[160];
    int n = (int)(k->len - sizeof(uint32_t));
    err_t e = ERR_TOO_BIG;

    ksnprintf(reason, sizeof reason, "%s", err_text(e));
    if (ksnprintf(rule, sizeof rule, "%.*s", n, (const char *)k->request + 4) < (int)RULE_TEXT)
        e = policy_change(rule, grant, reason, sizeof reason);
    kserve_status(k, e);
    if (e < 0)
        kserve_text(k, reason);
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
        change(k, true);
        break;
    case KERNEL_POLICY_DENY:
        change(k, false);
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
