/*
 * channel.c - the system calls for messages with C arguments.
 */
#include "sips/sip.h"

const char *error_text(int32_t err)
{
    static const char *const text[] = {
        "no error",
#define X(name, text) text,
        SELKIE_ERRORS(X)
#undef X
    };
    uint32_t i = 0u - (uint32_t)err;

    return i < COUNT(text) ? text[i] : "unknown error";
}

int32_t chan_send(uint32_t h, const void *p, uint32_t n, uint32_t flags)
{
    struct msg m = { .data = ADDR(p), .len = n };

    return sys_send(h, ADDR(&m), flags);
}

int32_t chan_call_msg(uint32_t h, struct msg *m, const void *req, uint32_t n, void *ans,
                      uint32_t cap)
{
    int32_t r, status;

    m->data = ADDR(req);
    m->len = n;
    m->buf = ADDR(ans);
    m->cap = cap;
    r = sys_call(h, ADDR(m), FOREVER);
    if (r < 0)
        return r;
    if (r < 4)
        return ERR_UNSUPPORTED;
    memcpy(&status, ans, 4);
    return status < 0 ? status : r;
}

int32_t chan_call(uint32_t h, const void *req, uint32_t n, void *ans, uint32_t cap)
{
    struct msg m = { 0 };

    return chan_call_msg(h, &m, req, n, ans, cap);
}

int32_t chan_wait(uint32_t h, struct msg *m, void *buf, uint32_t cap, int64_t deadline)
{
    m->buf = ADDR(buf);
    m->cap = cap;
    return sys_wait(h, ADDR(m), deadline);
}

int32_t chan_serve(struct msg *m, void *buf, uint32_t cap, int64_t deadline)
{
    int32_t n = chan_wait(0, m, buf, cap, deadline);

    if (n >= 0 && (m->kind == MSG_DATA || m->kind == MSG_CALL))
        for (uint32_t i = 0; i < m->nhandles; i++)
            sys_close(m->handle[i]);
    return n;
}

int32_t chan_answer(const struct msg *m, const void *p, uint32_t n, const uint32_t *handles,
                    uint32_t nhandles)
{
    struct msg a = { .data = ADDR(p), .len = n, .nhandles = nhandles };

    for (uint32_t i = 0; i < nhandles; i++)
        a.handle[i] = handles[i];
    return sys_answer(m->token, ADDR(&a));
}

int32_t chan_answer_status(const struct msg *m, int32_t status)
{
    return chan_answer(m, &status, 4, NULL, 0);
}

const char *chan_why(void)
{
    static _Thread_local char text[256];
    int32_t n = sys_why(ADDR(text), sizeof text - 1);

    text[n > 0 ? n : 0] = 0;
    return text;
}
