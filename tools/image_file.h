/*
 * image_file.h - a module and its compiled image in a file, which loads without compiling.
 *
 * What is loaded is native code and is trusted as such: load only files that this user's own
 * wasmc wrote. A file is refused that others may write, that came of another build of the
 * compiler, or that needs features which this CPU lacks; that somebody changed it is not noticed.
 */
#ifndef TOOLS_IMAGE_FILE_H
#define TOOLS_IMAGE_FILE_H

#include "tools/host.h"

/* Does the file begin as an image does? */
bool image_file_is(const char *path);
/* Writes it beside `path` first and then in its place; false with errno set. */
bool image_file_save(const char *path, const struct wasm_image *img, uint32_t cpu);
/*
 * Maps a file and decodes its module again; free with host_module_free. With `bytes` not NULL the
 * image must be of a module of exactly these. NULL with *err filled.
 */
struct host_module *image_file_load(const char *path, const uint8_t *bytes, size_t size,
                                    struct wasm_error *err);

#endif
