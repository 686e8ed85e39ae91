/*
 * hexdump.c - the bytes of a file of the store, or of what it reads, in hexadecimal and ASCII.
 */
#include "sips/sip.h"
#include "iface/kernel_store.h"

USE(IFACE_KERNEL_STORE, STORE, 2);

#define ROW 16u

static uint8_t row[ROW];
static uint32_t nrow;
static uint64_t offset, limit = UINT64_MAX;

static void print_row(void)
{
    printf("%08llx ", (unsigned long long)offset);
    for (uint32_t i = 0; i < ROW; i++) {
        if (i < nrow)
            printf("%s%02x", i == 8 ? "  " : " ", row[i]);
        else
            printf("%s", i == 8 ? "    " : "   ");
    }
    printf("  |");
    for (uint32_t i = 0; i < nrow; i++)
        putchar(is_print(row[i]) ? row[i] : '.');
    puts("|");
    offset += nrow;
    nrow = 0;
}

static void dump(const uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n && offset + nrow < limit; i++) {
        row[nrow++] = p[i];
        if (nrow == ROW)
            print_row();
    }
}

static int dump_file(const char *name)
{
    struct { struct kernel_store_read_req q; char name[64]; } q = { .q.op = KERNEL_STORE_READ };
    static struct { struct kernel_store_read_ans a; uint8_t bytes[MSG_BYTES_MAX]; } a;
    uint32_t len = (uint32_t)copy_text(q.name, sizeof q.name, name);

    while (q.q.offset < limit) {
        int32_t n = chan_call(STORE, &q, sizeof q.q + len, &a, sizeof a);
        if (n < (int32_t)sizeof a.a) {
            printf(n == ERR_NOT_FOUND ? "hexdump: there is no file %s\n" : "hexdump: %s: %s\n",
                   name, error_text(n));
            return 1;
        }
        n -= (int32_t)sizeof a.a;
        if (!n)
            return 0;
        dump(a.bytes, (uint32_t)n);
        q.q.offset += (uint32_t)n;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static char line[1024];
    int status = 0, n;

    if (argc > 2)
        limit = strtoull(argv[2], NULL, 0);
    if (argc > 1)
        status = dump_file(argv[1]);
    while (argc == 1 && (n = read_bytes(line, sizeof line)) > 0)
        dump((uint8_t *)line, (uint32_t)n);
    if (nrow)
        print_row();
    return status;
}
