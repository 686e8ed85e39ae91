/*
 * range.h - what is known of the size of i32 values (range.c).
 */
#ifndef WASM_RANGE_H
#define WASM_RANGE_H

#include "wasm/ir.h"

/*
 * The value, as a number of 32 bits, is congruent modulo 2^32 to some integer of lo..hi, where
 * -2^31 <= lo <= hi < 2^32 and hi - lo < 2^32. So if lo >= 0 it is that integer when read as
 * unsigned, and if hi < 2^31 when read as signed. All that is known of any value is 0..2^32-1.
 */
struct range { int64_t lo, hi; };

/* Of an induction variable: bounds, and how many low bits are zero. */
struct ir_range { struct range r; uint32_t zeros; };

/* Finds the ranges of induction variables: f->ranges, f->range_at. Once, when loops are final. */
void range_loops(struct ir_func *f);
struct range range_of(const struct ir_func *f, uint32_t v);
/* The value read as unsigned. */
struct range range_unsigned(struct range r);
uint64_t range_upper(const struct ir_func *f, uint32_t v);

/* Of a loop of one block: how often it runs, if that is a constant. Before range_loops, too. */
bool range_rounds(const struct ir_func *f, uint32_t block, uint64_t *rounds);

#endif
