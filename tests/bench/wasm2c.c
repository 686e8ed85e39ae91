/* wasm2c.c - like native.c, for a kernel that wabt's wasm2c turned into C (module name "bench"). */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include "bench_w2c.h"

static uint64_t cpu_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int main(void)
{
    static Z_bench_instance_t in;
    uint32_t n;

    wasm_rt_init();
    Z_bench_init_module();
    Z_bench_instantiate(&in);
    while (scanf("%" SCNu32, &n) == 1) {
        uint64_t from = cpu_ns();
        uint32_t r = Z_benchZ_run(&in, n);
        printf("%" PRIu64 " %" PRIu32 "\n", cpu_ns() - from, r);
        fflush(stdout);
    }
    return 0;
}
