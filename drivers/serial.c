/*
 * serial.c - 16550 UART at COM1, 115200 8N1, driven by interrupts. Handles `serial` for one client.
 *
 * A machine without one gets a line that swallows output. Output waits in a ring; while that
 * has no room for a whole message, no message is received, so the channel's queue fills and
 * holds the client back. Input that no client takes in time is dropped when its ring is full.
 *
 * The line's interrupt is an edge: it comes again only after every cause has been served (IIR says
 * "none"), and what happens while it is masked must be looked for after unmasking.
 * References: TL16C550C data sheet (registers in 8.6); PC16550D.
 */
#include "sips/sip.h"
#include "iface/serial.h"

SERVE(IFACE_SERIAL, CLIENTS, 2);
IRQ(4, UART_IRQ, 3);
PORTS(3f8, 3ff);

PORT_IN8(read_data, 0x3f8);
PORT_OUT8(write_data, 0x3f8);       /* with DLAB: divisor, low */
PORT_OUT8(write_ier, 0x3f9);        /* with DLAB: divisor, high */
PORT_IN8(read_iir, 0x3fa);
PORT_OUT8(write_fcr, 0x3fa);
PORT_OUT8(write_lcr, 0x3fb);
PORT_OUT8(write_mcr, 0x3fc);
PORT_IN8(read_lsr, 0x3fd);
PORT_IN8(read_msr, 0x3fe);
PORT_IN8(read_scratch, 0x3ff);
PORT_OUT8(write_scratch, 0x3ff);

enum { IER_RX = 1, IER_TX = 2, IER_LINE = 4 };
enum { IIR_NONE = 1 };
enum { LSR_DATA = 1, LSR_TX_EMPTY = 0x20 };
#define FIFO_BYTES 16
#define BURSTS 256              /* of FIFO_BYTES, before anybody else is looked at */

#define TX_BYTES 32768u         /* powers of two */
#define RX_BYTES 4096u
static char tx[TX_BYTES], rx[RX_BYTES];
static uint32_t tx_first, tx_end, rx_first, rx_end;     /* free-running */
static uint32_t client;
static bool absent;
static uint32_t ier;            /* as written last */
static struct msg flusher;      /* a flush to answer; token 0: none */
static struct { uint32_t op; char bytes[MSG_BYTES_MAX - 4]; } in;

static bool present(void)
{
    write_scratch(0x5a);
    return read_scratch() == 0x5a && read_lsr() != 0xff;
}

static void init(void)
{
    write_ier(0);
    write_lcr(0x80);            /* DLAB */
    write_data(1);              /* 115200 baud */
    write_ier(0);
    write_lcr(0x03);            /* 8 bits, no parity, 1 stop bit */
    write_fcr(0x87);            /* FIFOs on and cleared, interrupt at 8 bytes or a pause */
    write_mcr(0x0b);            /* DTR, RTS, OUT2 = interrupt line on */
    ier = IER_RX | IER_LINE;
    write_ier(ier);
}

/* Port accesses are slow: only a change is written. */
static void set_ier(uint32_t v)
{
    if (v != ier)
        write_ier(v);
    ier = v;
}

static void receive(void)
{
    for (uint32_t i = 0; i < RX_BYTES && (read_lsr() & LSR_DATA); i++) {
        char c = (char)read_data();
        if (rx_end - rx_first < RX_BYTES)
            rx[rx_end++ % RX_BYTES] = c;
    }
}

static void transmit(void)
{
    uint32_t bursts = BURSTS;

    if (absent) {
        tx_first = tx_end;
        return;
    }
    while (tx_first != tx_end && bursts-- && (read_lsr() & LSR_TX_EMPTY))
        for (uint32_t i = 0; i < FIFO_BYTES && tx_first != tx_end; i++)
            write_data((uint8_t)tx[tx_first++ % TX_BYTES]);
    set_ier(IER_RX | IER_LINE | (tx_first != tx_end ? IER_TX : 0));
}

/* Serves every cause of an interrupt. */
static void serve_uart(void)
{
    for (uint32_t i = 0; i < 64; i++) {
        receive();
        transmit();
        if (read_iir() & IIR_NONE)
            return;
        read_msr();
    }
}

static void interrupt(const struct msg *m)
{
    serve_uart();
    chan_answer(m, NULL, 0, NULL, 0);
    serve_uart();
}

/* Gives input to the client, as much as its queue takes. */
static void deliver(void)
{
    static struct { uint32_t op; char bytes[1024]; } out = { .op = SERIAL_INPUT };

    while (client && rx_first != rx_end) {
        uint32_t n = 0;
        while (n < sizeof out.bytes && rx_first + n != rx_end) {
            out.bytes[n] = rx[(rx_first + n) % RX_BYTES];
            n++;
        }
        if (chan_send(client, &out, 4 + n, SEND_NOWAIT) < 0)
            return;
        rx_first += n;
    }
}

static void hello(uint32_t h)
{
    struct serial_ready_req ready = { SERIAL_READY };

    client = h;
    chan_send(client, &ready, sizeof ready, SEND_NOWAIT);
}

static void request(const struct msg *m, uint32_t n)
{
    if (in.op == SERIAL_PUT) {
        for (uint32_t i = 0; i < n - 4; i++)
            tx[tx_end++ % TX_BYTES] = in.bytes[i];
        transmit();
    } else if (!flusher.token) {
        flusher = *m;
    } else {
        chan_answer_status(m, ERR_BUSY);
    }
}

static void event(const struct msg *m, uint32_t n)
{
    switch (m->kind) {
    case MSG_IRQ:
        interrupt(m);
        break;
    case MSG_CONNECT:
        if (client)
            sys_close(m->handle[0]);
        else
            hello(m->handle[0]);
        break;
    case MSG_CLOSED:
        sys_close(m->from);
        if (m->from == client) {
            client = 0;
            flusher.token = 0;
        }
        break;
    default:
        request(m, n);
    }
}

int main(int argc, char **argv)
{
    struct msg m = { 0 };

    absent = !present();
    if (!absent)
        init();
    for (;;) {
        bool room = TX_BYTES - (tx_end - tx_first) >= sizeof in.bytes;
        int64_t deadline = client && rx_first != rx_end ? sys_clock() + 10 * MS : FOREVER;
        int32_t n = room ? chan_serve(&m, &in, sizeof in, deadline)
                         : chan_wait(UART_IRQ, &m, &in, sizeof in, deadline);

        if (n >= 0)
            event(&m, (uint32_t)n);
        deliver();
        if (flusher.token && tx_first == tx_end) {
            chan_answer_status(&flusher, 0);
            flusher.token = 0;
        }
    }
}
