#include "index/load.h"

#include <string.h>

#include "base/mem.h"
#include "index/morton.h"

#define DIGIT_BITS 8
#define DIGITS (64 / DIGIT_BITS)

static void count_digits(const struct load_key *keys, size_t count,
                         uint32_t counts[DIGITS][1 << DIGIT_BITS]);

uint64_t load_morton(const struct index_box *box) {
    return morton_of(morton_bias(box->min_lon), morton_bias(box->min_lat));
}

enum status load_sort(const struct index_box *boxes, size_t count, load_curve_fn *curve,
                      struct load_key **out) {
    if (count >= UINT32_MAX) return STATUS_TOO_LARGE;
    struct load_key *keys = mem_alloc(count * sizeof *keys);
    struct load_key *other = mem_alloc(count * sizeof *other);
    uint32_t(*counts)[1 << DIGIT_BITS] = mem_zalloc(DIGITS, sizeof *counts);
    if (!keys || !other || !counts) {
        mem_free(keys);
        mem_free(other);
        mem_free(counts);
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++)
        keys[i] = (struct load_key){curve(&boxes[i]), (uint32_t)i};

    count_digits(keys, count, counts);
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        uint32_t *starts = counts[digit];
        unsigned shift = digit * DIGIT_BITS;
        if (count && starts[keys[0].key >> shift & 255] == count) continue; // all the same
        uint32_t next = 0;
        for (unsigned value = 0; value < 1 << DIGIT_BITS; value++) {
            uint32_t here = starts[value];
            starts[value] = next;
            next += here;
        }
        for (size_t i = 0; i < count; i++)
            other[starts[keys[i].key >> shift & 255]++] = keys[i];
        struct load_key *swapped = keys;
        keys = other;
        other = swapped;
    }
    mem_free(other);
    mem_free(counts);
    *out = keys;
    return STATUS_OK;
}

enum status load_one_by_one(struct index *ix, const struct index_box *boxes, const uint32_t *items,
                            size_t count) {
    for (size_t i = 0; i < count; i++) {
        enum status st = index_insert(ix, &boxes[i], items[i]);
        if (st == STATUS_OK) continue;
        while (i-- > 0)
            index_remove(ix, &boxes[i], items[i]);
        return st;
    }
    return STATUS_OK;
}

static void count_digits(const struct load_key *keys, size_t count,
                         uint32_t counts[DIGITS][1 << DIGIT_BITS]) {
    for (size_t i = 0; i < count; i++)
        for (unsigned digit = 0; digit < DIGITS; digit++)
            counts[digit][keys[i].key >> (digit * DIGIT_BITS) & 255]++;
}
