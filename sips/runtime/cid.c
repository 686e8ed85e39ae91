/*
 * cid.c - the name of a module as text: CIDv1, raw codec, SHA-256, multibase base32 (RFC 4648,
 * lower case, no padding).
 */
#include "sips/sip.h"

void cid_text(const uint8_t hash[32], char out[CID_CHARS])
{
    uint8_t b[36] = { 0x01, 0x55, 0x12, 0x20 };    /* version, raw, sha2-256, 32 bytes */
    uint32_t bits = 0, nbits = 0, n = 0;

    memcpy(b + 4, hash, 32);
    out[n++] = 'b';
    for (uint32_t i = 0; i < sizeof b; i++) {
        bits = bits << 8 | b[i];
        for (nbits += 8; nbits >= 5; nbits -= 5)
            out[n++] = "abcdefghijklmnopqrstuvwxyz234567"[bits >> (nbits - 5) & 31];
    }
    if (nbits)
        out[n++] = "abcdefghijklmnopqrstuvwxyz234567"[bits << (5 - nbits) & 31];
    out[n] = 0;
}
