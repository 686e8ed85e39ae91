/*
 * dma.c - memory for devices: whole, zero, with a physical address below 4 GiB; ends with a number
 * that depends on it. `dma device`: a thread does what a device might.
 */
#include "sips/thread.h"
#include "tests/sips/peer.h"

DMA(40000, MEMORY, 3);

static struct thread device;

/* Answers each command by the number behind it. */
static void serve(void *at)
{
    volatile uint32_t *command = at;

    for (uint32_t i = 1; i < 5; i += 2) {
        while (*command != i)
            sys_yield();
        *command = i + 1;
    }
}

/* What was written is not what is read: it is looked at, each time. */
static int drive(volatile uint32_t *command)
{
    EXPECT(thread_create(&device, serve, (void *)(uintptr_t)command, 0) > 0);
    for (uint32_t i = 1; i < 5; i += 2) {
        *command = i;
        while (*command == i)
            ;
        EXPECT(*command == i + 1);
    }
    thread_join(&device);
    return 0;
}

int main(int argc, char **argv)
{
    struct handle_info info;

    EXPECT(sys_info(MEMORY, ADDR(&info)) == 0 && info.kind == HANDLE_WINDOW);
    EXPECT(info.size == 65536 && info.b == 0 && info.a && info.a % 65536 == 0);
    volatile uint32_t *at = (volatile uint32_t *)(uintptr_t)info.offset;
    if (argc > 1)
        return drive(at);
    for (uint32_t i = 0; i < info.size / 4; i++) {
        EXPECT(at[i] == 0);
        at[i] = i + 1;
    }
    for (uint32_t i = 0; i < info.size / 4; i++)
        EXPECT(at[i] == i + 1);
    return (int)(info.a / 65536 % 100) + 1000;
}
