/*
 * sha256.h - SHA-256 (FIPS 180-4), freestanding: names of modules and of interfaces.
 */
#ifndef KERNEL_SHA256_H
#define KERNEL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

/* The digest of n bytes at p. */
void sha256(const void *p, size_t n, uint8_t out[SHA256_BYTES]);

#endif
