/*
 * mutate.c - compile_fuzz.c without libFuzzer: modules cut at every byte, and random changes of
 * bytes.
 *
 *   mutate COUNT SEED FILE.wasm...     COUNT changed modules of each file, after all its
 * truncations
 *
 * Built with -fsanitize=address,undefined; a finding ends it, with the input in /tmp/mutate.wasm.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static unsigned long long state;

static unsigned rnd(unsigned n)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(state >> 33) % n;
}

static void one(const unsigned char *data, size_t size)
{
    FILE *f = fopen("/tmp/mutate.wasm", "wb");

    if (f) {
        fwrite(data + 1, 1, size - 1, f);
        fclose(f);
    }
    LLVMFuzzerTestOneInput(data, size);
}

static void change(unsigned char *b, size_t size)
{
    static const unsigned char edges[] = { 0, 1, 0x7f, 0x80, 0xff, 0x40, 0x0b, 0x6a };

    for (unsigned n = 1 + (rnd(4) == 0) * rnd(4); n; n--) {
        size_t at = 9 + rnd((unsigned)size - 9);
        if (rnd(2))
            b[at] = (unsigned char)rnd(256);
        else
            b[at] = edges[rnd(sizeof edges)];
    }
}

static void file(const char *path, unsigned count)
{
    FILE *f = fopen(path, "rb");
    static unsigned char in[1 << 20];
    size_t n = f ? fread(in + 1, 1, sizeof in - 1, f) : 0;

    if (f)
        fclose(f);
    if (n < 9)
        return;
    for (size_t cut = 0; cut <= n; cut++) {     /* in a block of its own: ASan sees a read beyond */
        unsigned char *b = malloc(cut + 1);
        memcpy(b, in, cut + 1);
        b[0] = (unsigned char)rnd(64);
        LLVMFuzzerTestOneInput(b, cut + 1);
        free(b);
    }
    for (unsigned k = 0; k < count; k++) {
        unsigned char *b = malloc(n + 1);
        memcpy(b, in, n + 1);
        b[0] = (unsigned char)rnd(64);
        change(b, n + 1);
        one(b, n + 1);
        free(b);
    }
    printf("%s: %zu cuts, %u changes\n", path, n + 1, count);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: mutate COUNT SEED FILE.wasm...\n");
        return 2;
    }
    state = strtoull(argv[2], NULL, 0);
    for (int k = 3; k < argc; k++)
        file(argv[k], (unsigned)strtoul(argv[1], NULL, 0));
    return 0;
}
