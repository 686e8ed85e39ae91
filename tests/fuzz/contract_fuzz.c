/*
 * contract_fuzz.c - texts of interfaces that libFuzzer invents.
 */
#include <stdio.h>
#include "tests/fuzz/contract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    bool taken;
    const char *wrong = text_problem((const char *)data, n, &taken);

    if (wrong) {
        fprintf(stderr, "%s\n", wrong);
        abort();
    }
    return 0;
}
