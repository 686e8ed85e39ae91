/*
 * features.c - what CPUID says: which features compiled code may use, and the processor's name.
 * The same on Linux, so that the same module compiles to the same bytes there.
 */
#include "kernel/x64/machine.h"
#include "kernel/options.h"
#include "kernel/string.h"
#include "wasm/wasm.h"

static uint32_t features;
static char brand[49];

struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
    struct cpuid r;

    __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
                     : "0"(leaf & 0xf0000000), "2"(0));
    if (r.a < leaf)
        return (struct cpuid){ 0 };
    __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "0"(leaf), "2"(sub));
    return r;
}

bool cpu_avx_usable(void)
{
    uint32_t c = cpuid(1, 0).c;

    return option_bool(OPT_AVX) && c & 1u << 26 && c & 1u << 28;     /* XSAVE, AVX */
}

/* Those that do not slow down for it (Intel: since Ice Lake). */
bool cpu_wide_usable(void)
{
    struct cpuid seven = cpuid(7, 0);

    return cpu_avx_usable() && seven.b & 1u << 16 && seven.c & 1u << 6      /* AVX512F, VBMI2 */
        && (cpuid(0xd, 0).a & XCR0_WIDE) == XCR0_WIDE;
}

void cpu_wide_detect(void)
{
    uint32_t low = 0, high;

    if (cpu_wide_usable() && cpuid(1, 0).c & 1u << 27)                      /* OSXSAVE */
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    copy_wide = (low & XCR0_WIDE) == XCR0_WIDE;
}

void cpu_features_detect(void)
{
    struct cpuid ext = cpuid(0x80000001, 0), seven = cpuid(7, 0);
    bool avx = cpu_avx_usable();
    uint32_t leaf[12];

    features = (ext.c & 1u << 5 ? WASM_CPU_LZCNT : 0) | (seven.b & 1u << 3 ? WASM_CPU_BMI1 : 0) |
               (seven.b & 1u << 8 ? WASM_CPU_BMI2 : 0) | (avx ? WASM_CPU_AVX : 0) |
               (avx && seven.b & 1u << 5 ? WASM_CPU_AVX2 : 0) |
               (avx && cpuid(1, 0).c & 1u << 12 ? WASM_CPU_FMA : 0);
    for (uint32_t i = 0; i < 3; i++) {
        struct cpuid r = cpuid(0x80000002 + i, 0);
        memcpy(leaf + i * 4, &r, sizeof r);
    }
    memcpy(brand, leaf, sizeof leaf);
}

uint32_t cpu_features(void)
{
    return features;
}

const char *cpu_brand(void)
{
    const char *s = brand;

    while (*s == ' ')
        s++;
    return *s ? s : "x86-64";
}
