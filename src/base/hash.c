// hash.c - table hash by 128-bit multiplications; CRC-32C by instruction and by tables.

#include "base/hash.h"

#include <string.h>

#include "base/cpu.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

// Odd, half of the bits set, from the fractions of sqrt 2, sqrt 3 and sqrt 5.
#define K0 0x6a09e667f3bcc909u
#define K1 0xbb67ae8584caa73bu
#define K2 0x3c6ef372fe94f82bu

#define LANE_BYTES 1024 // crc_lane_shift below is made for it

static inline uint64_t read64(const unsigned char *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t read32(const unsigned char *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

// Both halves of the product folded onto the operands, so that a zero operand does not swallow
// the other one.
static inline uint64_t fold(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return a ^ b ^ (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t hash_bytes(const void *bytes, size_t len, uint64_t seed) {
    const unsigned char *p = bytes;
    uint64_t state = fold(seed ^ K0, (uint64_t)len ^ K1);
    uint64_t a = 0, b = 0; // the last 16 bytes, overlapping what came before
    if (len > 16) {
        uint64_t other = state ^ K2;
        size_t left = len;
        for (; left > 32; left -= 32, p += 32) {
            state = fold(read64(p) ^ state, read64(p + 8) ^ K1);
            other = fold(read64(p + 16) ^ other, read64(p + 24) ^ K2);
        }
        if (left > 16) {
            state = fold(read64(p) ^ state, read64(p + 8) ^ K0);
            p += 16;
            left -= 16;
        }
        state = fold(state ^ K0, other ^ K1);
        a = read64(p + left - 16);
        b = read64(p + left - 8);
    } else if (len >= 8) {
        a = read64(p);
        b = read64(p + len - 8);
    } else if (len >= 4) {
        a = read32(p);
        b = read32(p + len - 4);
    } else if (len) {
        a = (uint64_t)p[0] << 16 | (uint64_t)p[len / 2] << 8 | p[len - 1];
    }
    state = fold(a ^ state, b ^ K1 ^ (state >> 32 | state << 32));
    return fold(state ^ K2, seed ^ K0);
}

uint64_t hash_mix(uint64_t v) {
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9u;
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebu;
    return v ^ (v >> 31);
}

// A CRC is linear, so a table over b bits is the xor of b basis values: only those are written.
#define PICK(i, bit, basis) ((i) & (bit) ? (basis) : 0u)
#define NIBBLE(i, b0, b1, b2, b3)                                                                  \
    (PICK(i, 1, b0) ^ PICK(i, 2, b1) ^ PICK(i, 4, b2) ^ PICK(i, 8, b3))
#define NIBBLE_4(i, ...)                                                                           \
    NIBBLE(i, __VA_ARGS__), NIBBLE((i) + 1, __VA_ARGS__), NIBBLE((i) + 2, __VA_ARGS__),            \
        NIBBLE((i) + 3, __VA_ARGS__)
#define NIBBLE_ROW(...)                                                                            \
    {                                                                                              \
        NIBBLE_4(0, __VA_ARGS__), NIBBLE_4(4, __VA_ARGS__), NIBBLE_4(8, __VA_ARGS__),              \
            NIBBLE_4(12, __VA_ARGS__)                                                              \
    }

// [2k], [2k+1]: the CRC of the low and the high half of a byte with k zero bytes behind it.
static const uint32_t crc_tables[16][16] = {
    NIBBLE_ROW(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf),
    NIBBLE_ROW(0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78),
    NIBBLE_ROW(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8),
    NIBBLE_ROW(0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9),
    NIBBLE_ROW(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5),
    NIBBLE_ROW(0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743),
    NIBBLE_ROW(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6),
    NIBBLE_ROW(0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f),
    NIBBLE_ROW(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91),
    NIBBLE_ROW(0x8f2261d3, 0x1ba8b557, 0x37516aae, 0x6ea2d55c),
    NIBBLE_ROW(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f),
    NIBBLE_ROW(0xc00c303e, 0x85f4168d, 0x0e045beb, 0x1c08b7d6),
    NIBBLE_ROW(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53),
    NIBBLE_ROW(0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a, 0xf56e0ef4),
    NIBBLE_ROW(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da),
    NIBBLE_ROW(0x847609b4, 0x0d006599, 0x1a00cb32, 0x34019664),
};

static inline uint32_t crc_byte(uint64_t byte, int zeros_behind) {
    return crc_tables[2 * zeros_behind][byte & 15] ^
           crc_tables[2 * zeros_behind + 1][byte >> 4 & 15];
}

static uint32_t crc_soft(uint32_t state, const unsigned char *p, size_t len) {
    for (; len >= 8; len -= 8, p += 8) {
        uint64_t word = read64(p) ^ state;
        state = 0;
        for (int i = 0; i < 8; i++) {
            state ^= crc_byte(word >> 8 * i & 255, 7 - i);
        }
    }
    for (; len; len--, p++) {
        state = state >> 8 ^ crc_byte((state ^ *p) & 255, 0);
    }
    return state;
}

uint32_t hash_crc32c_soft(uint32_t crc, const void *bytes, size_t len) {
    return ~crc_soft(~crc, bytes, len);
}

#if defined(__x86_64__)

// What LANE_BYTES zero bytes make of each nibble of a state.
static const uint32_t crc_lane_shift[8][16] = {
    NIBBLE_ROW(0xfe314258, 0xf98ef241, 0xf6f19273, 0xe80f5217),
    NIBBLE_ROW(0xd5f2d2df, 0xae09d34f, 0x59ffd06f, 0xb3ffa0de),
    NIBBLE_ROW(0x6213374d, 0xc4266e9a, 0x8da0abc5, 0x1ead217b),
    NIBBLE_ROW(0x3d5a42f6, 0x7ab485ec, 0xf5690bd8, 0xef3e6141),
    NIBBLE_ROW(0xdb90b473, 0xb2cd1e17, 0x60764adf, 0xc0ec95be),
    NIBBLE_ROW(0x84355d8d, 0x0d86cdeb, 0x1b0d9bd6, 0x361b37ac),
    NIBBLE_ROW(0x6c366f58, 0xd86cdeb0, 0xb535cb91, 0x6f87e1d3),
    NIBBLE_ROW(0xdf0fc3a6, 0xbbf3f1bd, 0x720b958b, 0xe4172b16),
};

static uint32_t shift_lane(uint32_t state) {
    uint32_t shifted = 0;
    for (int i = 0; i < 8; i++) {
        shifted ^= crc_lane_shift[i][state >> 4 * i & 15];
    }
    return shifted;
}

// The instruction takes three cycles but a new one starts at each: long input is read in three
// lanes, whose states are joined by shifting the earlier ones over the later ones' length.
__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t crc, const unsigned char *p,
                                                            size_t len) {
    uint64_t state = crc;
    for (; len >= 3 * LANE_BYTES; len -= 3 * LANE_BYTES, p += 3 * LANE_BYTES) {
        uint64_t second = 0, third = 0;
        for (size_t i = 0; i < LANE_BYTES; i += 8) {
            state = _mm_crc32_u64(state, read64(p + i));
            second = _mm_crc32_u64(second, read64(p + LANE_BYTES + i));
            third = _mm_crc32_u64(third, read64(p + 2 * LANE_BYTES + i));
        }
        state = shift_lane((uint32_t)state) ^ second;
        state = shift_lane((uint32_t)state) ^ third;
    }
    for (; len >= 8; len -= 8, p += 8) {
        state = _mm_crc32_u64(state, read64(p));
    }
    uint32_t rest = (uint32_t)state;
    for (; len; len--, p++) {
        rest = _mm_crc32_u8(rest, *p);
    }
    return rest;
}

uint32_t hash_crc32c(uint32_t crc, const void *bytes, size_t len) {
    return ~(cpu_has_sse42() ? crc_sse42(~crc, bytes, len) : crc_soft(~crc, bytes, len));
}

#else

uint32_t hash_crc32c(uint32_t crc, const void *bytes, size_t len) {
    return hash_crc32c_soft(crc, bytes, len);
}

#endif
