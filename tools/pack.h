/* pack.h - the specification's scripts, from JSON to packs (tests/spec/script.h). */
#ifndef TOOLS_PACK_H
#define TOOLS_PACK_H

#include <stddef.h>
#include <stdint.h>

struct pack { uint8_t *bytes; size_t size, capacity; };

/* Begins with the magic. Ends the program when memory does. */
void pack_begin(struct pack *p);
/* Appends the script at `path`, with modules beside it, under this name: NULL, or what is wrong. */
const char *pack_script(struct pack *p, const char *path, const char *name, uint32_t features);

#endif
