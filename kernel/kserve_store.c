/*
 * kserve_store.c - interface kernel-store: the boot archive's files.
 */
#include "kernel/kernel.h"
#include "iface/kernel_store.h"

static void list(struct kcall *k)
{
    const struct kernel_store_list_req *q = kserve_request(k, sizeof *q);
    uint32_t i;

    if (!q)
        return;
    i = q->first;
    kserve_reply(k, sizeof(struct kernel_store_list_ans));
    for (; i < store_count(); i++) {
        const struct program *p;
        struct kernel_store_file f = { 0 };
        if (k->answer_len + sizeof f > MSG_BYTES_MAX)
            break;
        p = store_at(i);
        f.size = p->size;
        f.module = p->module;
        memcpy(f.hash, p->hash, sizeof f.hash);
        memcpy(f.name, p->name, sizeof f.name);
        memcpy(k->answer + k->answer_len, &f, sizeof f);
        k->answer_len += sizeof f;
    }
}

static void read(struct kcall *k)
{
    const struct kernel_store_read_req *q = kserve_request(k, sizeof *q);
    struct kernel_store_read_ans *a;
    const struct program *p;
    char name[64];
    uint64_t offset, n;
    err_t e;

    if (!q)
        return;
    ksnprintf(name, sizeof name, "%.*s", (int)(k->len - sizeof *q), (const char *)(q + 1));
    offset = q->offset;
    e = store_find(name, &p);
    a = kserve_reply(k, sizeof *a);
    a->status = e;
    if (e < 0)
        return;
    a->size = p->size;
    n = offset < p->size ? p->size - offset : 0;
    if (n > MSG_BYTES_MAX - sizeof *a)
        n = MSG_BYTES_MAX - sizeof *a;
    memcpy(a + 1, p->bytes + (offset < p->size ? offset : 0), n);
    k->answer_len += (uint32_t)n;
}

static void call(struct kcall *k)
{
    switch (*(const uint32_t *)k->request) {
    case KERNEL_STORE_LIST:
        list(k);
        break;
    case KERNEL_STORE_READ:
        read(k);
        break;
    default:
        kserve_status(k, ERR_UNSUPPORTED);
    }
}

const struct kserve kserve_store = {
    IFACE_KERNEL_STORE, IFACE_KERNEL_STORE_TEXT, call,
};
