/*
 * clock.c - the time of day from the CMOS real-time clock (MC146818). Handles `clock`.
 *
 * The clock is read once; from then on the kernel's clock counts. The CMOS is taken to hold UTC.
 */
#include "sips/sip.h"
#include "iface/clock.h"

SERVE(IFACE_CLOCK, CLIENTS, 2);
PORTS(70, 71);

PORT_OUT8(select_register, 0x70);
PORT_IN8(read_register, 0x71);

/* registers; bit 7 of A: an update is going on. B: bit 2 = binary, bit 1 = 24 hours */
enum { SECOND = 0, MINUTE = 2, HOUR = 4, DAY = 7, MONTH = 8, YEAR = 9, A = 10, B = 11,
       CENTURY = 0x32 };

struct time { uint32_t second, minute, hour, day, month, year, century; };

static uint32_t cmos(uint32_t r)
{
    select_register(0x80 | r);      /* bit 7: NMI off while a register is selected */
    return read_register();
}

static struct time read_once(void)
{
    struct time t;

    for (uint32_t i = 0; i < 100000 && (cmos(A) & 0x80); i++)
        ;
    t = (struct time){ cmos(SECOND), cmos(MINUTE), cmos(HOUR), cmos(DAY), cmos(MONTH), cmos(YEAR),
                       cmos(CENTURY) };
    return t;
}

static uint32_t number(uint32_t v, bool binary)
{
    return binary ? v : (v >> 4) * 10 + (v & 15);
}

/* Days from 1970-01-01 to a day of the Gregorian calendar. */
static int64_t days(uint32_t year, uint32_t month, uint32_t day)
{
    static const uint16_t before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    uint32_t y = month > 2 ? year : year - 1;

    return 365ll * year + y / 4 - y / 100 + y / 400 + before[month - 1] + day - 1 - 719527;
}

/* Seconds since 1970, or 0 if the clock holds nonsense. */
static uint64_t unix_seconds(void)
{
    struct time t, again = read_once();
    uint32_t mode = cmos(B), hour, year, century;
    bool binary = mode & 4, pm;

    for (uint32_t i = 0; i < 10; i++) {     /* until two readings are the same */
        t = again;
        again = read_once();
        if (!memcmp(&t, &again, sizeof t))
            break;
    }
    cmos(0x0d);
    select_register(0x0d);                  /* NMI on again */
    pm = !(mode & 2) && (t.hour & 0x80);
    hour = number(t.hour & 0x7f, binary);
    if (!(mode & 2))
        hour = hour % 12 + (pm ? 12 : 0);
    century = number(t.century, binary);
    year = number(t.year, binary) + 100 * (century >= 19 && century < 30 ? century : 20);
    t.month = number(t.month, binary);
    t.day = number(t.day, binary);
    if (t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31 || year < 1970)
        return 0;
    return (uint64_t)days(year, t.month, t.day) * 86400 + hour * 3600
         + number(t.minute, binary) * 60 + number(t.second, binary);
}

int main(int argc, char **argv)
{
    static struct { uint32_t op; char rest[MSG_BYTES_MAX - 4]; } in;
    uint64_t offset = unix_seconds() * 1000000000u - (uint64_t)sys_clock();
    struct msg m = { 0 };

    for (;;) {
        int32_t n = chan_serve(&m, &in, sizeof in, FOREVER);
        if (n >= 0 && m.kind == MSG_CALL) {         /* there is only `now` */
            struct clock_now_ans a = { .unix_ns = offset + (uint64_t)sys_clock() };
            chan_answer(&m, &a, sizeof a, NULL, 0);
        } else if (m.kind == MSG_CLOSED && n >= 0) {
            sys_close(m.from);
        }
    }
}
