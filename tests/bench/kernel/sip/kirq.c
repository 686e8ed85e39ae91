/*
 * kirq.c - from an interrupt's entry in the kernel to its driver: one thread makes the keyboard's
 * controller say that there is a byte, which interrupts it at once; the other one's wait returns.
 * For QEMU alone, where the clock counts instructions.
 */
#include "sips/thread.h"
#include "tests/bench/kernel/sip/measure.h"

IRQ(1, LINE, 4);
PORTS(60, 60);
PORTS(64, 64);
PORT_IN8(read_data, 0x60);
PORT_OUT8(write_data, 0x60);
PORT_OUT8(write_command, 0x64);

#define AS_IF_TYPED 0xd2u           /* the next byte written comes back */

static volatile bool wanted;
static volatile int64_t raised;

static void raise(void *arg)
{
    for (;;) {
        while (!wanted)
            ;
        wanted = false;
        write_command(AS_IF_TYPED);
        raised = sys_clock();
        write_data(0);
    }
}

/* What two readings of the clock take: half of each is in what lies between them. */
static uint64_t reading(void)
{
    uint64_t best = UINT64_MAX;

    for (uint32_t i = 0; i < 100; i++) {
        int64_t first = sys_clock(), ns = sys_clock() - first;
        if ((uint64_t)ns < best)
            best = (uint64_t)ns;
    }
    return best;
}

int main(int argc, char **argv)
{
    uint64_t best = UINT64_MAX, ns;
    struct thread t;

    if (thread_create(&t, raise, NULL, 0) < 0)
        exit(1);
    for (uint32_t i = 0; i < 1000; i++) {
        struct msg m = { 0 };
        wanted = true;
        if (sys_wait(LINE, ADDR(&m), FOREVER) != 0)
            exit(2);
        ns = (uint64_t)(sys_clock() - raised);
        if (ns < best)
            best = ns;
        read_data();
        if (sys_answer(m.token, ADDR(&m)) < 0)
            exit(3);
    }
    say("interrupt_to_driver", (best - reading()) * 1000);
    power_off();
}
