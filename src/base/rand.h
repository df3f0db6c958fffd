// rand.h - xoshiro256** for tests, benches and jitter; getrandom for what must not be guessed.

#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct rand {
    uint64_t s[4];
};

void rand_init(struct rand *r, uint64_t seed);
uint64_t rand_u64(struct rand *r);
/// 0 <= x < n, without bias; n > 0.
uint64_t rand_below(struct rand *r, uint64_t n);
/// [0, 1).
double rand_unit(struct rand *r);
double rand_range(struct rand *r, double from, double to);
/// Bytes of the kernel's generator.
MUST_USE enum status rand_secure(void *out, size_t len);
/// UUIDv7 (RFC 9562) as 36 characters and a NUL.
MUST_USE enum status rand_uuid7(char out[37]);

#endif
