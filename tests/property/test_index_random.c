// Every index against a list, on every kind of data. WARP_SEED repeats a run.

#include "unit/index/index_model.h"

static uint64_t seed;

static void run_kind(enum index_kind kind) {
    for (int data = 0; data < MODEL_DATA_COUNT; data++) {
        printf("%s data %d seed %llu\n", index_kind_name(kind), data, (unsigned long long)seed);
        struct model m;
        model_init(&m, kind, (enum model_data)data, 3000, seed + (uint64_t)data);
        model_run(&m, 12000);
        model_empty(&m);
        model_bulk(&m, 2500);
        model_check(&m);
        for (int i = 0; i < 40; i++) {
            model_search(&m);
            model_nearest(&m);
        }
        model_bulk(&m, 3000); // on top of what is there
        model_run(&m, 6000);
        model_deinit(&m);
    }
}

static void quadtree_agrees_with_list(void **state) {
    (void)state;
    run_kind(INDEX_QUADTREE);
}

static void rtree_agrees_with_list(void **state) {
    (void)state;
    run_kind(INDEX_RTREE);
}

static void geohash_agrees_with_list(void **state) {
    (void)state;
    run_kind(INDEX_GEOHASH);
}

int main(void) {
    const char *given = getenv("WARP_SEED");
    if (given) {
        seed = strtoull(given, NULL, 10);
    } else if (rand_secure(&seed, sizeof seed) != STATUS_OK) {
        return 1;
    }
    seed &= UINT32_MAX;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quadtree_agrees_with_list),
        cmocka_unit_test(rtree_agrees_with_list),
        cmocka_unit_test(geohash_agrees_with_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
