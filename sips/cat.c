/*
 * cat.c - files of the store as they are, one after the other; with none named, the lines that it
 * reads, until the end of input.
 */
#include "sips/sip.h"
#include "iface/kernel_store.h"

USE(IFACE_KERNEL_STORE, STORE, 2);

static int show(const char *name)
{
    struct { struct kernel_store_read_req q; char name[64]; } q = { .q.op = KERNEL_STORE_READ };
    static struct { struct kernel_store_read_ans a; char bytes[MSG_BYTES_MAX]; } a;
    uint32_t len = (uint32_t)copy_text(q.name, sizeof q.name, name);
    int32_t n;

    while ((n = chan_call(STORE, &q, sizeof q.q + len, &a, sizeof a)) > (int32_t)sizeof a.a) {
        put(a.bytes, (uint32_t)n - sizeof a.a);
        q.q.offset += (uint32_t)n - sizeof a.a;
    }
    if (n < 0)
        printf(n == ERR_NOT_FOUND ? "cat: there is no file %s\n" : "cat: %s: %s\n", name,
               error_text(n));
    return n < 0;
}

int main(int argc, char **argv)
{
    static char line[1024];
    int status = 0;

    for (int i = 1; i < argc; i++)
        status |= show(argv[i]);
    while (argc < 2 && read_line(line, sizeof line) >= 0)
        puts(line);
    return status;
}
