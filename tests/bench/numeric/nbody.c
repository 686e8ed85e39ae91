/* nbody.c - five bodies under gravity, symplectic steps: square roots and divisions. */
#include "../bench.h"

struct body { double x, y, z, vx, vy, vz, mass; };

static const struct body start[5] = {
    { 0, 0, 0, 0.0004, -0.002, 0.00002, 39.4784 },
    { 4.8414, -1.1603, -0.1036, 0.6063, 2.8120, -0.0252, 0.03769 },
    { 8.3433, 4.1247, -0.4035, -1.0107, 1.8256, 0.0084, 0.01128 },
    { 12.894, -15.111, -0.2233, 1.0827, 0.8687, -0.0108, 0.00172 },
    { 15.379, -25.919, 0.1792, 0.9790, 0.5946, -0.0347, 0.00203 },
};
static struct body b[5];

static NOINLINE void advance(double dt)
{
    for (int i = 0; i < 5; i++)
        for (int j = i + 1; j < 5; j++) {
            double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
            double d2 = dx * dx + dy * dy + dz * dz;
            double mag = dt / (d2 * __builtin_sqrt(d2));
            b[i].vx -= dx * b[j].mass * mag;
            b[i].vy -= dy * b[j].mass * mag;
            b[i].vz -= dz * b[j].mass * mag;
            b[j].vx += dx * b[i].mass * mag;
            b[j].vy += dy * b[i].mass * mag;
            b[j].vz += dz * b[i].mass * mag;
        }
    for (int i = 0; i < 5; i++) {
        b[i].x += dt * b[i].vx;
        b[i].y += dt * b[i].vy;
        b[i].z += dt * b[i].vz;
    }
}

uint32_t run(uint32_t n)
{
    uint32_t h = 1;

    memcpy(b, start, sizeof b);
    for (uint32_t t = 0; t < n; t++)
        advance(0.01);
    for (int i = 0; i < 5; i++)
        h = mix_f64(mix_f64(h, b[i].x), b[i].vz);
    return h;
}
