/*
 * keyboard.c - PS/2 keyboard behind an 8042 controller, with its translation to scan code set 1.
 * Handles `keyboard` for one client. Keys that nobody takes in time are dropped.
 *
 * Reference: IBM PS/2 Hardware Interface Technical Reference, keyboard and auxiliary device
 * controller.
 */
#include "sips/sip.h"
#include "iface/keyboard.h"
#include "keymap.h"

SERVE(IFACE_KEYBOARD, CLIENTS, 2);
IRQ(1, KEY_IRQ, 3);
PORTS(60, 60);
PORTS(64, 64);

PORT_IN8(read_data, 0x60);
PORT_OUT8(write_data, 0x60);
PORT_IN8(read_status, 0x64);
PORT_OUT8(write_command, 0x64);

enum { STATUS_OUTPUT = 1, STATUS_INPUT = 2, STATUS_AUX = 0x20 };
enum { COMMAND_READ_CONFIG = 0x20, COMMAND_WRITE_CONFIG = 0x60, COMMAND_AUX_OFF = 0xa7,
       COMMAND_KEYBOARD_OFF = 0xad, COMMAND_KEYBOARD_ON = 0xae };
enum { CONFIG_IRQ = 1, CONFIG_AUX_IRQ = 2, CONFIG_KEYBOARD_OFF = 0x10, CONFIG_TRANSLATE = 0x40 };
enum { KEYBOARD_SCAN_ON = 0xf4, KEYBOARD_ACK = 0xfa };

#define RING 256u
static char ring[RING];
static uint32_t first, end;
static uint32_t client;
static struct keymap keymap;

/* Waits until the controller takes a byte; false if it does not within 20 ms. */
static bool ready(void)
{
    int64_t limit = sys_clock() + 20 * MS;

    while (read_status() & STATUS_INPUT)
        if (sys_clock() > limit)
            return false;
    return true;
}

/* The next byte from the controller, or -1 after 20 ms. */
static int receive(void)
{
    int64_t limit = sys_clock() + 20 * MS;

    while (!(read_status() & STATUS_OUTPUT))
        if (sys_clock() > limit)
            return -1;
    return (int)read_data();
}

static bool command(uint32_t c)
{
    if (!ready())
        return false;
    write_command(c);
    return true;
}

static void drain(void)
{
    for (uint32_t i = 0; i < 64 && (read_status() & STATUS_OUTPUT); i++)
        read_data();
}

/* Sets the controller up, if there is one. */
static void init(void)
{
    int config;

    if (read_status() == 0xff)
        return;
    command(COMMAND_KEYBOARD_OFF);
    command(COMMAND_AUX_OFF);
    drain();
    if (!command(COMMAND_READ_CONFIG) || (config = receive()) < 0)
        return;
    config |= CONFIG_IRQ | CONFIG_TRANSLATE;
    config &= ~(CONFIG_AUX_IRQ | CONFIG_KEYBOARD_OFF);
    if (!command(COMMAND_WRITE_CONFIG) || !ready())
        return;
    write_data((uint32_t)config);
    command(COMMAND_KEYBOARD_ON);
    if (ready()) {
        write_data(KEYBOARD_SCAN_ON);
        receive();
    }
    drain();
}

/* Takes every scan code that is there. */
static void scan(void)
{
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t status = read_status();
        char out[KEY_BYTES];
        uint32_t n;

        if (!(status & STATUS_OUTPUT))
            return;
        n = keymap_code(&keymap, (uint8_t)read_data(), out);
        if (status & STATUS_AUX || RING - (end - first) < n)
            continue;
        for (uint32_t j = 0; j < n; j++)
            ring[end++ % RING] = out[j];
    }
}

static void deliver(void)
{
    struct { uint32_t op; char bytes[RING]; } out = { .op = KEYBOARD_INPUT };
    uint32_t n = 0;

    while (first + n != end) {
        out.bytes[n] = ring[(first + n) % RING];
        n++;
    }
    if (client && n && chan_send(client, &out, 4 + n, SEND_NOWAIT) >= 0)
        first += n;
}

static void event(const struct msg *m)
{
    switch (m->kind) {
    case MSG_IRQ:
        scan();
        chan_answer(m, NULL, 0, NULL, 0);
        scan();                 /* what came while the interrupt was masked */
        break;
    case MSG_CONNECT:
        if (client)
            sys_close(m->handle[0]);
        else
            client = m->handle[0];
        break;
    case MSG_CLOSED:
        sys_close(m->from);
        if (m->from == client)
            client = 0;
        break;
    }
}

int main(int argc, char **argv)
{
    struct msg m = { 0 };
    static char in[MSG_BYTES_MAX];

    init();
    for (;;) {
        int64_t deadline = client && first != end ? sys_clock() + 10 * MS : FOREVER;
        if (chan_serve(&m, in, sizeof in, deadline) >= 0)
            event(&m);
        deliver();
    }
}
