/*
 * display.c - the screen as a text terminal. Handles `display`.
 *
 * Where there is no screen it takes what comes and shows nothing. Drawing is put off while more
 * output is waiting, at most DRAW_EVERY: a long output scrolls in memory.
 */
#include "sips/sip.h"
#include "iface/display.h"
#include "terminal.h"
#include "screen.h"

SERVE(IFACE_DISPLAY, CLIENTS, 2);
WINDOW("framebuffer", FRAMEBUFFER, 3);
WINDOW("vga-text", VGA_TEXT, 4);

#define DRAW_EVERY (30 * MS)

static struct { uint32_t op; char bytes[MSG_BYTES_MAX - 4]; } in;
static struct terminal terminal;
static struct screen screen;
static bool visible, changed;

static bool init(void)
{
    struct handle_info window;
    struct cell *cells;

    if ((sys_info(FRAMEBUFFER, ADDR(&window)) < 0 || !screen_init(&screen, &window))
        && (sys_info(VGA_TEXT, ADDR(&window)) < 0 || !screen_init(&screen, &window)))
        return false;
    cells = calloc(screen.columns * screen.rows, sizeof *cells);
    if (!cells)
        return false;
    terminal_init(&terminal, cells, screen.columns, screen.rows);
    screen_draw(&screen, &terminal);
    return true;
}

static void draw(void)
{
    if (changed)
        screen_draw(&screen, &terminal);
    changed = false;
}

static void request(const struct msg *m, uint32_t n)
{
    if (in.op == DISPLAY_PUT) {
        if (visible)
            terminal_put(&terminal, in.bytes, n - 4);
        changed = visible;
    } else if (in.op == DISPLAY_SIZE) {
        struct display_size_ans a = { .columns = (uint16_t)screen.columns,
                                      .rows = (uint16_t)screen.rows };
        chan_answer(m, &a, sizeof a, NULL, 0);
    } else {
        draw();
        chan_answer_status(m, 0);       /* flush */
    }
}

int main(int argc, char **argv)
{
    struct display_ready_req ready = { DISPLAY_READY };
    struct msg m = { 0 };
    int64_t drawn = 0;

    visible = init();
    for (;;) {
        int32_t n = chan_serve(&m, &in, sizeof in, changed ? 0 : FOREVER);
        if (n >= 0 && m.kind == MSG_CLOSED)
            sys_close(m.from);
        else if (n >= 0 && m.kind == MSG_CONNECT)
            chan_send(m.handle[0], &ready, sizeof ready, SEND_NOWAIT);
        else if (n >= 0)
            request(&m, (uint32_t)n);
        if (n < 0 || sys_clock() - drawn > DRAW_EVERY) {
            draw();
            drawn = sys_clock();
        }
    }
}
