/* fft.c - radix-2 complex FFT and its inverse, twiddles from a table made by recurrence. */
#include "../bench.h"

enum { LOG = 10, N = 1 << LOG };

static double re[N], im[N], wr[N / 2], wi[N / 2];

static void twiddles(void)
{
    /* cos and sin of 2 pi / N for N = 1024 */
    const double c = 0.99998117528260110909, s = 0.0061358846491544753597;

    wr[0] = 1;
    wi[0] = 0;
    for (int i = 1; i < N / 2; i++) {
        wr[i] = wr[i - 1] * c - wi[i - 1] * s;
        wi[i] = wr[i - 1] * s + wi[i - 1] * c;
    }
}

static NOINLINE void reorder(void)
{
    for (uint32_t i = 0, j = 0; i < N; i++) {
        if (i < j) {
            double t = re[i];
            re[i] = re[j];
            re[j] = t;
            t = im[i];
            im[i] = im[j];
            im[j] = t;
        }
        uint32_t bit = N >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j |= bit;
    }
}

static NOINLINE void fft(double sign)
{
    reorder();
    for (int len = 2; len <= N; len <<= 1) {
        int half = len / 2, stride = N / len;
        for (int i = 0; i < N; i += len)
            for (int k = 0; k < half; k++) {
                double c = wr[k * stride], s = sign * wi[k * stride];
                double xr = re[i + k + half] * c - im[i + k + half] * s;
                double xi = re[i + k + half] * s + im[i + k + half] * c;
                re[i + k + half] = re[i + k] - xr;
                im[i + k + half] = im[i + k] - xi;
                re[i + k] += xr;
                im[i + k] += xi;
            }
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    twiddles();
    for (int i = 0; i < N; i++) {
        re[i] = i % 31 - 15;
        im[i] = i % 17 - 8;
    }
    for (uint32_t t = 0; t < n; t++) {
        fft(-1);
        h = mix_f64(h, re[t % N]);
        fft(1);
        for (int i = 0; i < N; i++) {
            re[i] *= 1.0 / N;
            im[i] *= 1.0 / N;
        }
    }
    return h;
}
