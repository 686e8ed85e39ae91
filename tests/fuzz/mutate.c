/*
 * mutate.c - compile_fuzz.c without libFuzzer: inputs cut at every byte, and random changes of
 * bytes.
 *
 *   mutate COUNT SEED DIR FILE...     COUNT changed copies of each file, after all its cuts
 *
 * Files are as compile_fuzz.c wants them: two bytes of configuration, then a module. Built with
 * -fsanitize=address,undefined; a finding ends it, with the input in DIR/crash-mutate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sanitizer/common_interface_defs.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { HEAD = 2 + 8, MOST = 1 << 20 };

static unsigned long long state;
static const unsigned char *now;        /* the input being tried */
static size_t now_size;
static const char *folder;

static unsigned rnd(unsigned n)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(state >> 33) % n;
}

static void write_finding(void)
{
    char path[1024];
    FILE *f;

    snprintf(path, sizeof path, "%s/crash-mutate", folder);
    if ((f = fopen(path, "wb"))) {
        fwrite(now, 1, now_size, f);
        fclose(f);
    }
}

static void change(unsigned char *b, size_t size)
{
    static const unsigned char edges[] = { 0, 1, 0x7f, 0x80, 0xff, 0x40, 0x0b, 0x6a };

    for (unsigned n = 1 + (rnd(4) == 0) * rnd(4); n; n--) {
        size_t at = HEAD + rnd((unsigned)size - HEAD);
        b[at] = rnd(2) ? (unsigned char)rnd(256) : edges[rnd(sizeof edges)];
    }
}

/* In a block of its own: AddressSanitizer sees a read beyond it. */
static void one(const unsigned char *data, size_t size, int changed)
{
    unsigned char *b = malloc(size);

    memcpy(b, data, size);
    b[0] = (unsigned char)rnd(256);
    b[1] = (unsigned char)rnd(256);
    if (changed)
        change(b, size);
    now = b;
    now_size = size;
    LLVMFuzzerTestOneInput(b, size);
    free(b);
}

static void file(const char *path, unsigned count)
{
    static unsigned char in[MOST];
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(in, 1, sizeof in, f) : 0;

    if (f)
        fclose(f);
    if (n <= HEAD) {
        fprintf(stderr, "mutate: %s: no input\n", path);
        exit(2);
    }
    for (size_t cut = 2; cut <= n; cut++)
        one(in, cut, 0);
    for (unsigned k = 0; k < count; k++)
        one(in, n, 1);
    printf("%s: %zu cuts, %u changes\n", path, n - 1, count);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: mutate COUNT SEED DIR FILE...\n");
        return 2;
    }
    state = strtoull(argv[2], NULL, 0);
    folder = argv[3];
    __sanitizer_set_death_callback(write_finding);
    for (int k = 4; k < argc; k++)
        file(argv[k], (unsigned)strtoul(argv[1], NULL, 0));
    return 0;
}
