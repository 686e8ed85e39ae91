/* convolve.c - 5x5 filter over an image of floats. */
#include "../bench.h"

enum { W = 80, H = 60, R = 2 };

static float in[H][W], out[H][W], k[2 * R + 1][2 * R + 1];

static NOINLINE void convolve(int w, int h)
{
    for (int y = R; y < h - R; y++)
        for (int x = R; x < w - R; x++) {
            float s = 0;
            for (int j = -R; j <= R; j++)
                for (int i = -R; i <= R; i++)
                    s += in[y + j][x + i] * k[j + R][i + R];
            out[y][x] = s;
        }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            in[y][x] = (float)((x * y) % 255);
    for (int j = 0; j <= 2 * R; j++)
        for (int i = 0; i <= 2 * R; i++)
            k[j][i] = 1.0f / (float)(2 + (i - R) * (i - R) + (j - R) * (j - R));
    for (uint32_t t = 0; t < n; t++) {
        convolve(W, H);
        in[R + t % (H - 2 * R)][W / 2] = out[H / 2][R + t % (W - 2 * R)] * 0.1f;
        h = mix_f32(h, out[R + t % (H - 2 * R)][W / 3]);
    }
    return h;
}
