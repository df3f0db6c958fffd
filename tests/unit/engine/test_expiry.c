// What is due goes, in time, once, unseen before; what is put off or made permanent stays.

#include "engine_support.h"

#include "base/clock.h"
#include "base/rand.h"

#define IDS 300

static void put(struct engine *e, unsigned r, int n, int64_t expires_ms) {
    char id[16];
    snprintf(id, sizeof id, "%d", n);
    struct change change = change_point(CHANGE_PUT, "c", id, n % 180, n % 90, "{}");
    change.draft.has_expiry = expires_ms != 0;
    change.draft.expires_ms = expires_ms;
    assert_int_equal(apply_one(e, r, change), STATUS_OK);
}

// Simulated time starts in the future, so that the clock's now makes nothing due.
static void against_a_list(void **state) {
    (void)state;
    struct rand rand;
    rand_init(&rand, test_seed());
    unsigned r;
    struct engine *e = engine_make(INDEX_QUADTREE, 4, &r);
    int64_t now = clock_wall_ms() + 1000000;
    int64_t expires[IDS] = {0};
    bool there[IDS] = {false};
    for (int round = 0; round < 3000; round++) {
        int n = (int)rand_below(&rand, IDS);
        switch (rand_below(&rand, 6)) {
        case 0:
            if (there[n]) {
                char id[16];
                snprintf(id, sizeof id, "%d", n);
                assert_int_equal(apply_one(e, r, change_delete("c", id)), STATUS_OK);
                there[n] = false;
            }
            break;
        case 1:
            put(e, r, n, 0);
            there[n] = true;
            expires[n] = INT64_MAX;
            break;
        case 2: {
            now += (int64_t)rand_below(&rand, 30);
            size_t due = 0;
            for (int i = 0; i < IDS; i++) {
                due += there[i] && expires[i] <= now;
                there[i] = there[i] && expires[i] > now;
            }
            assert_int_equal(engine_tick(e, now), due);
            break;
        }
        default:
            expires[n] = now + 1 + (int64_t)rand_below(&rand, 400);
            put(e, r, n, expires[n]);
            there[n] = true;
        }
        assert_true(e->expiry.count <= IDS); // one entry a slot, however often it is put off
        assert_int_equal(e->expiry.promised, 0);
    }
    check_engine(e);
    engine_end(e, r);
}

static void due_is_gone_before_it_is_removed(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = engine_make(INDEX_RTREE, 4, &r);
    put(e, r, 1, 5);
    engine_enter(e, r);
    assert_null(get(e, r, "c", "1"));
    engine_leave(e, r);
    assert_int_equal(apply_one(e, r, change_delete("c", "1")), STATUS_NOT_FOUND);
    // Its id is free, and a new life begins in the same slot.
    struct change create = change_point(CHANGE_CREATE, "c", "1", 1, 1, "{}");
    assert_int_equal(apply_one(e, r, create), STATUS_OK);
    engine_enter(e, r);
    assert_int_equal(get(e, r, "c", "1")->version, 1);
    engine_leave(e, r);
    assert_int_equal(engine_tick(e, clock_wall_ms()), 0);
    check_engine(e);
    engine_end(e, r);
}

static void upkeep_removes_by_itself(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = engine_make(INDEX_QUADTREE, 4, &r);
    for (int i = 0; i < 1000; i++) {
        put(e, r, i, clock_wall_ms() + 20);
    }
    assert_int_equal(engine_start(e), STATUS_OK);
    struct engine_stats stats = {.objects = 1};
    for (int i = 0; i < 500 && stats.objects; i++) {
        usleep(10000);
        engine_stats(e, &stats);
    }
    assert_int_equal(stats.objects, 0);
    assert_int_equal(stats.expired, 1000);
    engine_end(e, r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_a_list),
        cmocka_unit_test(due_is_gone_before_it_is_removed),
        cmocka_unit_test(upkeep_removes_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
