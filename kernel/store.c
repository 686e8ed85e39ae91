/*
 * store.c - the boot archive: files and modules by name and by hash.
 *
 * The archive is a ustar file (POSIX.1-1988 10.1.1) that the boot loader put into memory, where it
 * stays; entries point into it. It comes from the boot medium, but is parsed as if it were hostile.
 * A file NAME.wasm is a module and goes by NAME. Hashes are computed here, before anybody runs who
 * would have to wait for it: nothing interrupts kernel text.
 */
#include "kernel/kernel.h"
#include "kernel/sha256.h"

#define BLOCK 512u
#define FILES_MAX 4096u

static struct program *files;
static uint32_t nfiles;

struct tar_header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct tar_header) == BLOCK, "a header is one block");

static bool octal(const char *s, size_t n, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < n && s[i] && s[i] != ' '; i++) {
        if (s[i] < '0' || s[i] > '7')
            return false;
        *value = *value * 8 + (uint64_t)(s[i] - '0');
    }
    return true;
}

/* The file at `at`, and where the next one is; false at the end. */
static bool next_file(const uint8_t *a, size_t size, size_t *at, struct program *p)
{
    const struct tar_header *h = (const struct tar_header *)(a + *at);
    size_t len;
    uint64_t n;

    if (*at + BLOCK > size || memcmp(h->magic, "ustar", 5) != 0
            || !octal(h->size, sizeof h->size, &n) || n > size - *at - BLOCK)
        return false;
    memset(p, 0, sizeof *p);
    len = strnlen(h->name, sizeof h->name);
    if (len > 5 && memcmp(h->name + len - 5, ".wasm", 5) == 0) {
        p->module = true;
        len -= 5;
    }
    ksnprintf(p->name, sizeof p->name, "%.*s", (int)len, h->name);
    p->bytes = a + *at + BLOCK;
    p->size = n;
    *at += BLOCK + (n + BLOCK - 1) / BLOCK * BLOCK;
    if (h->type != '0' && h->type != 0)
        p->size = 0, p->name[0] = 0;        /* a directory or the like */
    return true;
}

void store_init(void)
{
    const uint8_t *a = phys_to_virt(boot_info.archive);
    size_t size = boot_info.archive_end - boot_info.archive, at;
    struct program p;
    uint32_t n = 0;

    for (at = 0; n < FILES_MAX && next_file(a, size, &at, &p);)
        n += p.name[0] != 0;
    if (n == 0) {
        kprintf("store: no boot archive\n");
        return;
    }
    files = kmalloc(n * sizeof *files);
    assert(files, "no memory for the list of files");
    for (at = 0; nfiles < n && next_file(a, size, &at, &files[nfiles]);)
        nfiles += files[nfiles].name[0] != 0;
    for (n = 0; n < nfiles; n++)
        sha256(files[n].bytes, files[n].size, files[n].hash);
    kprintf("store: %u files, %zu KiB\n", nfiles, size / 1024);
}

uint32_t store_count(void)
{
    return nfiles;
}

const struct program *store_at(uint32_t i)
{
    return i < nfiles ? &files[i] : NULL;
}

/* CIDv1: version 1, codec raw (0x55), multihash sha2-256 (0x12) of 32 bytes; multibase 'b' =
 * base32. */
void cid_text(const uint8_t hash[32], char out[CID_TEXT])
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t raw[36] = { 0x01, 0x55, 0x12, 0x20 };
    uint32_t bits = 0, nbits = 0;
    char *to = out;

    memcpy(raw + 4, hash, 32);
    *to++ = 'b';
    for (unsigned i = 0; i < sizeof raw; i++) {
        bits = bits << 8 | raw[i];
        for (nbits += 8; nbits >= 5; nbits -= 5)
            *to++ = digits[bits >> (nbits - 5) & 31];
    }
    if (nbits)
        *to++ = digits[bits << (5 - nbits) & 31];
    *to = 0;
}

static bool prefix_matches(const struct program *p, const char *s, size_t n)
{
    char text[65];

    cid_text(p->hash, text);
    if (strncmp(text, s, n) == 0)
        return true;
    for (unsigned i = 0; i < 32; i++)
        ksnprintf(text + 2 * i, 3, "%02x", p->hash[i]);
    return n <= 64 && strncmp(text, s, n) == 0;
}

err_t store_find(const char *name, const struct program **out)
{
    const struct program *found = NULL;
    size_t n = strlen(name);

    for (uint32_t i = 0; i < nfiles; i++)
        if (files[i].name[0] == name[0] && strcmp(files[i].name, name) == 0) {
            *out = &files[i];
            return 0;
        }
    for (uint32_t i = 0; n >= 4 && i < nfiles; i++) {
        if (!prefix_matches(&files[i], name, n))
            continue;
        if (found && memcmp(found->hash, files[i].hash, 32) != 0)
            return ERR_EXISTS;
        found = &files[i];
    }
    *out = found;
    return found ? 0 : ERR_NOT_FOUND;
}

err_t store_look_up(const char *name, const struct program **out, char *reason, size_t n)
{
    err_t e = store_find(name, out);

    if (e < 0)
        ksnprintf(reason, n, e == ERR_EXISTS ? "%.64s: more than one program begins so"
                  : "%.64s: no such program", name);
    return e;
}
