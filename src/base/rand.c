// rand.c - xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators",
// 2018), seeded by splitmix64, and the kernel's generator.

#include "base/rand.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/hash.h"

static inline uint64_t rotate(uint64_t v, int n) {
    return v << n | v >> (64 - n);
}

void rand_init(struct rand *r, uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        r->s[i] = hash_mix(seed);
    }
}

uint64_t rand_u64(struct rand *r) {
    uint64_t *s = r->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

// Lemire, "Fast random integer generation in an interval" (2019).
uint64_t rand_below(struct rand *r, uint64_t n) {
    assert(n > 0);
    unsigned __int128 product = (unsigned __int128)rand_u64(r) * n;
    if ((uint64_t)product < n) {
        uint64_t biased = (0 - n) % n;
        while ((uint64_t)product < biased) {
            product = (unsigned __int128)rand_u64(r) * n;
        }
    }
    return (uint64_t)(product >> 64);
}

double rand_unit(struct rand *r) {
    return (double)(rand_u64(r) >> 11) * 0x1p-53;
}

double rand_range(struct rand *r, double from, double to) {
    return from + rand_unit(r) * (to - from);
}

enum status rand_secure(void *out, size_t len) {
    char *p = out;
    while (len) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return STATUS_UNAVAILABLE;
        }
        p += n;
        len -= (size_t)n;
    }
    return STATUS_OK;
}

enum status rand_uuid7(char out[37]) {
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[16];
    enum status st = rand_secure(bytes, sizeof bytes);
    if (st != STATUS_OK) {
        return st;
    }
    uint64_t ms = (uint64_t)clock_wall_ms();
    for (int i = 0; i < 6; i++) {
        bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
    }
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x70); // version 7
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80); // variant 10
    char *p = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *p++ = '-';
        }
        *p++ = hex[bytes[i] >> 4];
        *p++ = hex[bytes[i] & 15];
    }
    *p = '\0';
    return STATUS_OK;
}
