// morton.h - int32 coordinates as biased uint32, and their bits interleaved (Z order), latitude first.

#ifndef INDEX_MORTON_H
#define INDEX_MORTON_H

#include <stdint.h>

/// Order-preserving: INT32_MIN -> 0.
static inline uint32_t morton_bias(int32_t v) {
    return (uint32_t)v ^ 0x80000000u;
}
static inline int32_t morton_unbias(uint32_t v) {
    return (int32_t)(v ^ 0x80000000u);
}

static inline uint64_t morton_spread(uint32_t v) {
    uint64_t x = v;
    x = (x | x << 16) & 0x0000ffff0000ffffu;
    x = (x | x << 8) & 0x00ff00ff00ff00ffu;
    x = (x | x << 4) & 0x0f0f0f0f0f0f0f0fu;
    x = (x | x << 2) & 0x3333333333333333u;
    return (x | x << 1) & 0x5555555555555555u;
}
static inline uint32_t morton_squeeze(uint64_t x) {
    x &= 0x5555555555555555u;
    x = (x | x >> 1) & 0x3333333333333333u;
    x = (x | x >> 2) & 0x0f0f0f0f0f0f0f0fu;
    x = (x | x >> 4) & 0x00ff00ff00ff00ffu;
    x = (x | x >> 8) & 0x0000ffff0000ffffu;
    return (uint32_t)(x | x >> 16);
}

/// From biased coordinates: bit 63 is the top bit of y.
static inline uint64_t morton_of(uint32_t x, uint32_t y) {
    return morton_spread(x) | morton_spread(y) << 1;
}
static inline uint32_t morton_x(uint64_t m) {
    return morton_squeeze(m);
}
static inline uint32_t morton_y(uint64_t m) {
    return morton_squeeze(m >> 1);
}

#endif
