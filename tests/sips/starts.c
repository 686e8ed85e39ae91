/*
 * starts.c - `starts PROGRAM N` starts a program N times, one after the other has ended, by the
 * kernel's workers: as one that may take another's place, which nobody has. `starts PROGRAM full`
 * has no handle left for what it starts, in that way and in the short one.
 */
#include "sips/sip.h"
#include "iface/kernel_process.h"

USE(IFACE_KERNEL_PROCESS, PROCESS, 2);

static int start_full(const char *program)
{
    uint32_t n = (uint32_t)strlen(program) + 1, end[2];
    struct child c;

    while (sys_channel(ADDR(end)) == 0)
        ;
    sys_block(BLOCK_MIN);               /* the last one, of an odd number */
    return spawn(PROCESS, program, n, 0, &c) != ERR_LIMIT ? 3
        : spawn_with(PROCESS, KERNEL_PROCESS_REPLACE, NULL, program, n, 0, &c) != ERR_LIMIT ? 4 : 0;
}

int main(int argc, char **argv)
{
    uint32_t n = argc > 2 ? (uint32_t)strtoull(argv[2], NULL, 0) : 0;
    struct { struct exit_info info; char rest[64]; } info;
    struct msg m = { 0 };
    struct child c;

    if (argc > 2 && !strcmp(argv[2], "full"))
        return start_full(argv[1]);
    for (uint32_t i = 0; i < n; i++) {
        if (spawn_with(PROCESS, KERNEL_PROCESS_REPLACE, NULL, argv[1],
                       (uint32_t)strlen(argv[1]) + 1, 0, &c) < 0)
            return 1;
        if (chan_wait(c.process, &m, &info, sizeof info, FOREVER) < 0 || info.info.status)
            return 2;
        sys_close(c.process);
    }
    return 0;
}
