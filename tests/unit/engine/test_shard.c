// Every place on earth has one shard, each shard about the same area, and masks miss none.

#include "support/support.h"

#include "base/rand.h"
#include "engine/shard.h"

static void shares_are_even_and_connected(void **state) {
    (void)state;
    for (unsigned count = 1; count <= SHARD_MAX; count++) {
        struct shard_map m;
        assert_int_equal(shard_map_init(&m, count, 4), STATUS_OK);
        unsigned cells[SHARD_MAX] = {0};
        unsigned borders = 0;
        for (int y = 0; y < 64; y++) {
            for (int x = 0; x < 64; x++) {
                struct point p = {(x + 0.5) * 5.625 - 180, (y + 0.5) * 2.8125 - 90};
                struct point right = {p.lon + 5.625, p.lat};
                unsigned s = shard_of_point(&m, p);
                assert_true(s < count);
                cells[s]++;
                borders += x < 63 && shard_of_point(&m, right) != s;
            }
        }
        for (unsigned s = 0; s < count; s++) {
            assert_true(cells[s] >= SHARD_CELLS / count && cells[s] <= SHARD_CELLS / count + 1);
        }
        // Runs of a Hilbert curve are compact: far fewer borders than in rows of cells.
        assert_true(borders <= 64 * 2 * 8);
        shard_map_deinit(&m);
    }
}

static void masks_hold_every_point(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    struct shard_map m;
    assert_int_equal(shard_map_init(&m, 13, 4), STATUS_OK);
    for (int i = 0; i < 5000; i++) {
        double size = rand_below(&r, 2) ? 1 : 120;
        struct bbox b;
        b.min_lon = rand_range(&r, -180, 180);
        b.min_lat = rand_range(&r, -90, 90);
        b.max_lon = fmin(180, b.min_lon + rand_unit(&r) * size);
        b.max_lat = fmin(90, b.min_lat + rand_unit(&r) * size);
        uint64_t mask = shard_mask(&m, &b), seen = 0;
        for (int j = 0; j < 200; j++) {
            struct point p = {rand_range(&r, b.min_lon, b.max_lon),
                              rand_range(&r, b.min_lat, b.max_lat)};
            seen |= (uint64_t)1 << shard_of_point(&m, p);
        }
        struct point corner = {b.max_lon, b.max_lat};
        seen |= (uint64_t)1 << shard_of_point(&m, corner);
        assert_int_equal(seen & ~mask, 0);
        assert_true(size > 1 || __builtin_popcountll(mask) <= 4);
    }
    assert_int_equal(shard_mask(&m, &BBOX_WORLD), (1u << 13) - 1);
    shard_map_deinit(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_even_and_connected),
        cmocka_unit_test(masks_hold_every_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
