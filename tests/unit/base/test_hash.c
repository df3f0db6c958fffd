// test_hash.c - avalanche and collisions of hash_bytes, RFC 3720 vectors of CRC-32C.

#include "support/support.h"

#include <math.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const size_t sizes[] = {1,  2,  3,  4,  5,  7,  8,  9,  12, 15,
                               16, 17, 24, 31, 32, 33, 48, 64, 65, 100};

// Each input or seed bit must turn each output bit in half of all cases.
static void every_bit_turns_half_of_the_hash(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    enum { ROUNDS = 2000 };
    for (size_t s = 0; s < COUNT(sizes); s++) {
        size_t len = sizes[s];
        for (size_t round = 0; round < 6; round++) {
            size_t bit = rand_below(&r, len * 8 + 64); // the last 64 are the seed's
            unsigned turned[64] = {0};
            for (int i = 0; i < ROUNDS; i++) {
                unsigned char key[128];
                for (size_t k = 0; k < len; k++) {
                    key[k] = (unsigned char)rand_u64(&r);
                }
                uint64_t seed = rand_u64(&r);
                uint64_t before = hash_bytes(key, len, seed);
                if (bit < len * 8) {
                    key[bit / 8] ^= (unsigned char)(1 << bit % 8);
                } else {
                    seed ^= (uint64_t)1 << (bit - len * 8);
                }
                uint64_t difference = before ^ hash_bytes(key, len, seed);
                for (int k = 0; k < 64; k++) {
                    turned[k] += (unsigned)(difference >> k & 1);
                }
            }
            // 7 standard deviations: one false alarm in 10^10 bits looked at.
            double slack = 7 * sqrt(ROUNDS / 4.0);
            for (int k = 0; k < 64; k++) {
                if (fabs(turned[k] - ROUNDS / 2.0) > slack) {
                    fail_msg("len %zu input bit %zu output bit %d: %u of %d", len, bit, k,
                             turned[k], ROUNDS);
                }
            }
        }
    }
}

static int compare_u64(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// Keys as people write them; 2^17 of them expect 2 collisions in their low or high 32 bits.
static size_t collisions(uint64_t *hashes, size_t n) {
    qsort(hashes, n, sizeof *hashes, compare_u64);
    size_t same = 0;
    for (size_t i = 1; i < n; i++) {
        same += hashes[i] == hashes[i - 1];
    }
    return same;
}

static void similar_keys_do_not_collide(void **state) {
    (void)state;
    enum { N = 1 << 17 };
    uint64_t *low = malloc(N * sizeof *low), *high = malloc(N * sizeof *high);
    uint64_t seed = test_seed();
    for (int kind = 0; kind < 4; kind++) {
        for (uint64_t i = 0; i < N; i++) {
            char key[64] = {0};
            size_t len = 0;
            switch (kind) {
            case 0: len = (size_t)snprintf(key, sizeof key, "truck-%" PRIu64, i); break;
            case 1: len = (size_t)snprintf(key, sizeof key, "%036" PRIu64, i); break;
            case 2: memcpy(key, &i, len = 8); break;
            default:
                memcpy(key, &(uint64_t){i << 47}, 8);
                len = 24;
                break;
            }
            uint64_t h = hash_bytes(key, len, seed);
            low[i] = h & 0xffffffff;
            high[i] = h >> 32;
        }
        assert_true(collisions(low, N) < 16);
        assert_true(collisions(high, N) < 16);
    }
    free(low);
    free(high);
}

static void zeros_of_different_length_differ(void **state) {
    (void)state;
    static const char zeros[200];
    uint64_t hashes[200];
    for (size_t len = 0; len < 200; len++) {
        hashes[len] = hash_bytes(zeros, len, 0);
    }
    assert_int_equal(collisions(hashes, 200), 0);
    assert_true(hash_bytes(NULL, 0, 1) != hash_bytes(NULL, 0, 2));
}

// Blocks of exactly the length: a sanitizer sees any byte read beside them.
static void every_byte_counts_and_none_beside(void **state) {
    (void)state;
    for (size_t len = 1; len < 140; len++) {
        unsigned char *key = malloc(len);
        memset(key, 7, len);
        uint64_t before = hash_bytes(key, len, 3);
        for (size_t i = 0; i < len; i++) {
            key[i] ^= 1;
            assert_true(hash_bytes(key, len, 3) != before);
            key[i] ^= 1;
        }
        assert_true(hash_bytes(key, len, 3) == before);
        free(key);
    }
}

static void mix_is_a_bijection_that_moves_bits(void **state) {
    (void)state;
    assert_true(hash_mix(0) == 0);
    assert_true(hash_mix(0x9e3779b97f4a7c15u) == 0xe220a8397b1dcdafu); // splitmix64, seed 0
    assert_true(hash_mix(1) != hash_mix(2));
}

static void crc_vectors(void **state) {
    (void)state;
    unsigned char bytes[48];
    uint32_t (*const functions[])(uint32_t, const void *, size_t) = {hash_crc32c, hash_crc32c_soft};
    static const unsigned char read_command[48] = {
        0x01, 0xc0, 0, 0, 0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0, 0, 0x14, 0, 0, 0,   0,
        0,    0x04, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0,    0, 0, 0x02};
    for (size_t f = 0; f < COUNT(functions); f++) { // RFC 3720, B.4
        memset(bytes, 0, 32);
        assert_int_equal(functions[f](0, bytes, 32), 0x8a9136aa);
        memset(bytes, 0xff, 32);
        assert_int_equal(functions[f](0, bytes, 32), 0x62a8ab43);
        for (int i = 0; i < 32; i++) {
            bytes[i] = (unsigned char)i;
        }
        assert_int_equal(functions[f](0, bytes, 32), 0x46dd794e);
        for (int i = 0; i < 32; i++) {
            bytes[i] = (unsigned char)(31 - i);
        }
        assert_int_equal(functions[f](0, bytes, 32), 0x113fdb5c);
        assert_int_equal(functions[f](0, read_command, 48), 0xd9963a56);
        assert_int_equal(functions[f](0, "123456789", 9), 0xe3069283);
        assert_int_equal(functions[f](0, NULL, 0), 0);
    }
}

static uint32_t crc_bit_by_bit(uint32_t crc, const unsigned char *p, size_t len) {
    crc = ~crc;
    for (; len; len--, p++) {
        crc ^= *p;
        for (int i = 0; i < 8; i++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        }
    }
    return ~crc;
}

static void crc_by_tables_instruction_and_bits_agree(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    enum { N = 20000 };
    unsigned char *bytes = malloc(N);
    for (int i = 0; i < N; i++) {
        bytes[i] = (unsigned char)rand_u64(&r);
    }
    static const size_t lens[] = {0, 1, 7, 8, 9, 3071, 3072, 3073, 6144, 9215, 9216, 9217, 19000};
    for (size_t i = 0; i < 300; i++) {
        size_t len = i < COUNT(lens) ? lens[i] : rand_below(&r, N / 2);
        size_t from = rand_below(&r, N - len), cut = rand_below(&r, len + 1);
        uint32_t want = crc_bit_by_bit(0, bytes + from, len);
        assert_int_equal(hash_crc32c(0, bytes + from, len), want);
        assert_int_equal(hash_crc32c_soft(0, bytes + from, len), want);
        uint32_t part = hash_crc32c(0, bytes + from, cut);
        assert_int_equal(hash_crc32c(part, bytes + from + cut, len - cut), want);
        part = hash_crc32c_soft(0, bytes + from, cut);
        assert_int_equal(hash_crc32c_soft(part, bytes + from + cut, len - cut), want);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bit_turns_half_of_the_hash),
        cmocka_unit_test(similar_keys_do_not_collide),
        cmocka_unit_test(zeros_of_different_length_differ),
        cmocka_unit_test(every_byte_counts_and_none_beside),
        cmocka_unit_test(mix_is_a_bijection_that_moves_bits),
        cmocka_unit_test(crc_vectors),
        cmocka_unit_test(crc_by_tables_instruction_and_bits_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
