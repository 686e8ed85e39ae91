/*
 * call.c - `call N SIZE`: N calls of SIZE bytes on handle 1, whose answers must be the complement
 * of what was asked. The other end is `answer`. `call N SIZE ROUNDS` computes so long before each.
 */
#include "tests/sips/peer.h"

static uint32_t out[MSG_BYTES_MAX / 4], in[MSG_BYTES_MAX / 4];

int main(int argc, char **argv)
{
    uint32_t n = number_arg(argc, argv, 1, 1000), size = number_arg(argc, argv, 2, 64) / 4;
    uint32_t rounds = number_arg(argc, argv, 3, 0);

    for (uint32_t i = 0; i < n; i++) {
        struct msg m = { .data = ADDR(out), .len = size * 4, .buf = ADDR(in), .cap = sizeof in };
        for (uint32_t k = 0; k < size; k++)
            out[k] = mix(i + k);
        for (volatile uint32_t k = 0; k < rounds; k++)
            ;
        EXPECT(sys_call(HANDLE_STDIO, ADDR(&m), FOREVER) == (int32_t)(size * 4));
        EXPECT(m.received == size * 4 && m.nhandles == 0);
        for (uint32_t k = 0; k < size; k++)
            EXPECT(in[k] == ~out[k]);
    }
    return 0;
}
