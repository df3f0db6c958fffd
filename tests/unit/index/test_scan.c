// The SIMD kernels against their plain twins, with many equal coordinates. Those for AVX-512 are also compiled
// with an emulation of the instructions, so that they are tested where the processor lacks them.

#include "unit/index/index_model.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wshadow"
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#pragma GCC diagnostic pop
#pragma GCC diagnostic ignored                                                                     \
    "-Wpsabi" // vectors wider than the machine's, passed among inline functions
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wpass-failed" // loops of the emulation
#endif

#define AVX512
#define LOADED_ONCE(vector) (void)(vector)
#include "index/scan_avx512.h"

static int32_t value(struct rand *r) {
    switch (rand_below(r, 8)) {
    case 0: return INT32_MIN;
    case 1: return INT32_MAX;
    case 2: return (int32_t)rand_u64(r);
    default: return (int32_t)rand_below(r, 12) - 6;
    }
}

static struct index_box any_box(struct rand *r) {
    struct index_box b = {value(r), value(r), value(r), value(r)};
    if (rand_below(r, 8) == 0) return b; // upside down too
    if (b.min_lon > b.max_lon) b.max_lon = b.min_lon;
    if (b.min_lat > b.max_lat) b.max_lat = b.min_lat;
    return b;
}

static void find_as_plain_ones(const struct scan_kernels *fast, const struct scan_points *points,
                               unsigned count, const struct index_box *box) {
    alignas(64) _Atomic uint32_t items[SCAN_POINTS];
    uint32_t found[SCAN_POINTS + SCAN_SLACK], wanted[SCAN_POINTS + SCAN_SLACK];
    uint64_t unsure, unsure_wanted;
    for (unsigned i = 0; i < SCAN_POINTS; i++)
        atomic_init(&items[i], 1000 + i);
    unsigned sure = scan_kernels_plain()->find(points, count, box, items, wanted, &unsure_wanted);
    assert_int_equal(fast->find(points, count, box, items, found, &unsure), sure);
    assert_int_equal(unsure, unsure_wanted);
    assert_memory_equal(found, wanted, sure * sizeof *found);
    assert_int_equal(fast->find(points, count, box, items, NULL, &unsure), sure);
    assert_int_equal(unsure, unsure_wanted);
}

static void agree_with_plain_ones(const struct scan_kernels *fast) {
    const struct scan_kernels *plain = scan_kernels_plain();
    struct rand r;
    rand_init(&r, 5);
    for (int round = 0; round < 20000; round++) {
        struct scan_points points;
        _Alignas(64) struct scan_boxes boxes;
        for (unsigned i = 0; i < SCAN_POINTS; i++)
            scan_store(&points, i, scan_pair(value(&r), value(&r)));
        for (int i = 0; i < SCAN_BOXES; i++) {
            struct index_box b = any_box(&r);
            boxes.min_lon[i] = b.min_lon;
            boxes.max_lon[i] = b.max_lon;
            boxes.min_lat[i] = b.min_lat;
            boxes.max_lat[i] = b.max_lat;
        }
        struct index_box box = any_box(&r);
        unsigned count = (unsigned)rand_below(&r, SCAN_POINTS);
        struct scan_hits a, b;
        if (box.min_lon <= box.max_lon && box.min_lat <= box.max_lat)
            find_as_plain_ones(fast, &points, count, &box);
        count = (unsigned)rand_below(&r, SCAN_BOXES + 1);
        a = fast->boxes(&boxes, count, &box);
        b = plain->boxes(&boxes, count, &box);
        assert_true(a.in == b.in && a.sure == b.sure);
        assert_int_equal(fast->holders(&boxes, count, &box), plain->holders(&boxes, count, &box));
        assert_int_equal(fast->within(&boxes, count, &box), plain->within(&boxes, count, &box));
        alignas(64) _Atomic uint32_t items[SCAN_POINTS];
        uint32_t copied[SCAN_POINTS], copied_plain[SCAN_POINTS];
        count = (unsigned)rand_below(&r, SCAN_POINTS + 1);
        for (unsigned i = 0; i < SCAN_POINTS; i++)
            atomic_init(&items[i], (uint32_t)rand_u64(&r));
        fast->copy(items, count, copied);
        plain->copy(items, count, copied_plain);
        assert_memory_equal(copied, copied_plain, count * sizeof *copied);
    }
}

static void kernels_agree_with_plain_ones(void **state) {
    (void)state;
    if (scan_kernels() == scan_kernels_plain()) skip();
    agree_with_plain_ones(scan_kernels());
}

static void avx512_kernels_agree_with_plain_ones(void **state) {
    (void)state;
    agree_with_plain_ones(&scan512_kernels);
}

static void plain_ones_say_what_the_contract_says(void **state) {
    (void)state;
    const struct scan_kernels *k = scan_kernels_plain();
    static const int32_t lon[] = {5, 0, 1, 5, 9, 10, 11}, lat[] = {5, 5, 5, 5, 5, 10, 5};
    struct scan_points p;
    for (unsigned i = 0; i < 7; i++)
        scan_store(&p, i, scan_pair(lon[i], lat[i]));
    struct index_box box = {0, 0, 10, 10};
    _Atomic uint32_t items[SCAN_POINTS];
    uint32_t found[SCAN_POINTS + SCAN_SLACK];
    uint64_t unsure;
    for (unsigned i = 0; i < SCAN_POINTS; i++)
        atomic_init(&items[i], 100 + i);
    assert_int_equal(k->find(&p, 6, &box, items, found, &unsure),
                     3);            // all but 11 and the first word
    assert_int_equal(unsure, 0x22); // on an edge
    assert_true(found[0] == 102 && found[1] == 103 && found[2] == 104);
    _Alignas(64) struct scan_boxes b = {
        {-5, 2, 10, -9, 0}, {0, 8, 20, 99, 10}, {1, 2, 1, -9, 0}, {9, 8, 9, 99, 10}};
    struct scan_hits hits = k->boxes(&b, 5, &box);
    assert_int_equal(hits.in, 0x1f);
    assert_int_equal(hits.sure, 0x1a); // the first and the third only touch an edge
    assert_int_equal(k->holders(&b, 5, &box), 0x18);
    assert_int_equal(k->within(&b, 5, &box), 0x02);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree_with_plain_ones),
        cmocka_unit_test(avx512_kernels_agree_with_plain_ones),
        cmocka_unit_test(plain_ones_say_what_the_contract_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
