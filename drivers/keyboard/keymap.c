/*
 * keymap.c - the US layout and the escape sequences of a VT220 and xterm. Pure: no input, no
 * output.
 */
#include "sips/sip.h"
#include "keymap.h"

/* codes 0x01-0x35; 0 = not a character */
static const char plain[] =
    "\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./";
static const char shifted[] =
    "\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?";

enum { CODE_TAB = 0x0f, CODE_ENTER = 0x1c, CODE_CTRL = 0x1d, CODE_LSHIFT = 0x2a, CODE_SLASH = 0x35,
       CODE_RSHIFT = 0x36, CODE_STAR = 0x37, CODE_ALT = 0x38, CODE_SPACE = 0x39, CODE_CAPS = 0x3a,
       CODE_F1 = 0x3b, CODE_NUM = 0x45, CODE_KEYPAD = 0x47, CODE_KEYPAD_END = 0x53,
       CODE_F11 = 0x57, CODE_F12 = 0x58 };

/* the keypad from 0x47 on: digits, and what the keys are without Num Lock (and as grey keys):
 * a letter ends ESC [ letter, a digit ESC [ digit ~ */
static const char keypad_digits[] = "789-456+1230.";
static const char keypad_moves[] = "HA5-DEC+FB623";

static uint32_t sequence(char *out, const char *s)
{
    return (uint32_t)copy_text(out, KEY_BYTES, s);
}

static uint32_t function_key(uint32_t i, char *out)
{
    static const char *const f[12] = {
        "\033OP", "\033OQ", "\033OR", "\033OS", "\033[15~", "\033[17~", "\033[18~", "\033[19~",
        "\033[20~", "\033[21~", "\033[23~", "\033[24~",
    };
    return sequence(out, f[i]);
}

static uint32_t cursor_key(const struct keymap *k, char c, char *out)
{
    bool ctrl = k->ctrl[0] || k->ctrl[1];

    if (is_digit(c))
        return (uint32_t)snprintf(out, KEY_BYTES, "\033[%c~", c);
    return (uint32_t)snprintf(out, KEY_BYTES, ctrl ? "\033[1;5%c" : "\033[%c", c);
}

static uint32_t character(const struct keymap *k, char c, char *out)
{
    uint32_t n = 0;

    if (k->alt[0] || k->alt[1])
        out[n++] = 27;
    if (k->ctrl[0] || k->ctrl[1]) {
        if ((c >= '@' && c <= '_') || (c >= 'a' && c <= 'z'))
            c &= 31;
        else if (c == ' ' || c == '2')
            c = 0;
        else if (c == '/')
            c = 31;
    }
    out[n++] = c;
    return n;
}

/* Notes shift, ctrl, alt and the locks; true if that is what the key is. */
static bool modifier(struct keymap *k, uint8_t key, bool down, bool extended)
{
    switch (key) {
    case CODE_LSHIFT:
    case CODE_RSHIFT:
        if (!extended)              /* 0xe0 0x2a is a fake shift around grey keys */
            k->shift[key == CODE_RSHIFT] = down;
        return true;
    case CODE_CTRL: k->ctrl[extended] = down; return true;
    case CODE_ALT: k->alt[extended] = down; return true;
    case CODE_CAPS: k->caps ^= down; return true;
    case CODE_NUM: k->num ^= down; return true;
    }
    return false;
}

static uint32_t key_down(const struct keymap *k, uint8_t key, bool extended, char *out)
{
    bool shift = k->shift[0] || k->shift[1];
    char c = 0;

    if (key >= CODE_KEYPAD && key <= CODE_KEYPAD_END) {
        char digit = keypad_digits[key - CODE_KEYPAD], move = keypad_moves[key - CODE_KEYPAD];
        if (digit == move || (k->num && !extended))
            return character(k, digit, out);
        return cursor_key(k, move, out);
    }
    if (key >= CODE_F1 && key < CODE_F1 + 10)
        return function_key(key - CODE_F1, out);
    if (key == CODE_F11 || key == CODE_F12)
        return function_key(10 + key - CODE_F11, out);
    if (extended && key != CODE_ENTER && key != CODE_SLASH)
        return 0;
    if (key == CODE_TAB && shift)
        return sequence(out, "\033[Z");
    if (key == CODE_STAR)
        c = '*';
    else if (key == CODE_SPACE)
        c = ' ';
    else if (key == CODE_SLASH && extended)
        c = '/';
    else if (key < sizeof plain - 1) {
        bool letter = plain[key] >= 'a' && plain[key] <= 'z';
        c = (letter ? shift != k->caps : shift) ? shifted[key] : plain[key];
    }
    return c ? character(k, c, out) : 0;
}

uint32_t keymap_code(struct keymap *k, uint8_t code, char out[KEY_BYTES])
{
    bool extended = k->extended, down = !(code & 0x80);
    uint8_t key = code & 0x7f;

    if (k->skip) {
        k->skip--;
        return 0;
    }
    if (code == 0xe1)
        k->skip = 2;                /* Pause: e1 1d 45, and the same for its release */
    k->extended = code == 0xe0;
    if (code == 0xe0 || code == 0xe1)
        return 0;
    if (modifier(k, key, down, extended) || !down)
        return 0;
    return key_down(k, key, extended, out);
}
