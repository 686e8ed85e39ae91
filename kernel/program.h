/*
 * program.h - what a SIP is started from: the store, manifests, policy, images.
 */
#ifndef KERNEL_PROGRAM_H
#define KERNEL_PROGRAM_H

#include "kernel/object.h"

/* ---- programs: store, manifest, policy, images */

/* A module's bytes; they stay for as long as an image of it lives. */
struct program {
    char name[32];
    const uint8_t *bytes;
    size_t size;
    uint8_t hash[32];
    bool module;                /* name ended with .wasm */
};
void store_init(void);
uint32_t store_count(void);
const struct program *store_at(uint32_t i);
/* By name, or a prefix (4 characters and more) of the CID or of the hash in hex: ERR_NOT_FOUND,
 * ERR_EXISTS (ambiguous). */
err_t store_find(const char *name, const struct program **out);
/* The same for a person: with a reason. */
err_t store_look_up(const char *name, const struct program **out, char *reason, size_t n);
#define CID_TEXT 60u
void cid_text(const uint8_t hash[32], char out[CID_TEXT]);

enum resource_kind {
    RES_USE, RES_SERVE, RES_CHANNEL, RES_PORT, RES_IRQ, RES_WINDOW, RES_MMIO, RES_DMA,
};
struct resource {
    uint8_t kind, handle;
    bool now;                   /* RES_USE: without a handler the channel is closed, not waiting */
    char name[32];              /* of interfaces and windows */
    uint8_t id[32];             /* of interfaces */
    struct contract *contract;  /* the same; in a parsed manifest never NULL */
    uint64_t first, last;       /* ports, physical addresses; irq in first, bytes of DMA in last */
};
struct manifest { uint32_t count; struct resource res[]; };
#define MANIFEST_RESOURCES_MAX 64u
/* Finds and parses the manifest sections of a module; an empty manifest if there are none. NULL
 * with a reason and *e. Every interface has its contract then, and the name in its text. */
struct manifest *manifest_parse(const uint8_t *bytes, size_t size, err_t *e, char *reason,
                                size_t n);
void manifest_free(struct manifest *m);     /* m may be NULL */
/* One line of a manifest (contract left NULL). 0: it says nothing about resources, 1: a resource,
 * -1: it cannot be read. */
int resource_parse(const char *text, size_t n, struct resource *r);
/* The WHAT of a rule about a device: "irq", "4". */
bool resource_device(const char *verb, const char *rest, struct resource *r);
/* "serial", "serve serial", "port 0x3f8-0x3ff", "irq 4", "window framebuffer" */
void resource_text(const struct resource *r, char *to, size_t n);

/* May p, started by the SIP `asker`, have all that m asks for? Uses up what was granted for one
 * start by it. */
err_t policy_check(const struct program *p, const struct manifest *m, uint32_t asker, char *reason,
                   size_t n);
/* Adds or takes back. once: a pid, for one start by that SIP; 0: for good. */
err_t policy_change(const char *rule, bool grant, uint32_t once, char *reason, size_t n);
/* What a program asks for and has not been granted: lines; on errors, the reason. */
err_t policy_wants(const char *program, uint32_t asker, char *to, size_t n);
void policy_forget(uint32_t asker);     /* that SIP has ended */
/* Lines from rule `first` on; returns the next one. */
uint32_t policy_list(uint32_t first, char *to, size_t n, size_t *len);

/* What the first instance of an image was like (link.c). */
struct model {
    wasm_invoke_fn *start, *main, *thread_main;
    bool light;                 /* there is little to do */
    uint64_t id;                /* no other's, ever */
    uint64_t from;              /* in memory 0, `size` bytes at `data` */
    size_t size;
    void *data;
    uint8_t in[] __attribute__((aligned(16)));  /* its block */
};

/* A compiled module; shared by its instances. lock: the cache's */
struct image {
    struct link all;
    uint8_t hash[32];
    uint32_t refs;
    bool cached;
    struct wasm_host host;
    size_t heap;                /* bytes that the compiler holds */
    struct wasm_module *module;
    struct wasm_image *compiled;
    struct manifest *manifest;  /* of the program; NULL: made by image_compile */
    struct model *model;        /* NULL: none yet; atomic */
    struct code code;
};
/* Compiles bytes that stay, and shares the result with nobody; one reference. NULL with *err. In a
 * kernel thread with a big stack. */
struct image *image_compile(const uint8_t *bytes, size_t size, const struct wasm_options *o,
                            struct wasm_error *err);
/* That of a program with this hash, with a reference; NULL: it is not there. */
struct image *image_find(const uint8_t hash[32]);
void model_free(struct model *m);       /* m may be NULL */
/* Compiles, with one reference; the image takes m. NULL with *e and a reason. In a kernel thread
 * with a big stack. */
struct image *image_make(const struct program *p, struct manifest *m, bool cache, err_t *e,
                         char *reason, size_t n);
void image_put(struct image *im);
struct image *image_at(const struct sip *s, uintptr_t pc);     /* where s may be running */
size_t image_trim(size_t keep);     /* frees unused ones down to `keep` bytes; bytes in use after */
size_t image_bytes(void);
uint32_t image_count(void);     /* modules that were compiled for programs since the boot */

#endif
