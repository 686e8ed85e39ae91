/*
 * keymap.h - scan codes of set 1 to the bytes that a terminal would send.
 */
#ifndef KEYBOARD_KEYMAP_H
#define KEYBOARD_KEYMAP_H

#include <stdbool.h>
#include <stdint.h>

struct keymap {
    bool shift[2], ctrl[2], alt[2];     /* left, right: held down */
    bool caps, num;                     /* locked */
    bool extended;                      /* 0xe0 came before */
    uint8_t skip;                       /* bytes of 0xe1 (Pause) still to come */
};

#define KEY_BYTES 8

/* Takes one scan code; writes what it means to out and returns its length, 0 for nothing. */
uint32_t keymap_code(struct keymap *k, uint8_t code, char out[KEY_BYTES]);

#endif
