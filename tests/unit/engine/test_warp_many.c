// Many searches in one call: the same answers as one by one, also where they are wrong, stopped or crowded.

#include "support/support.h"

#include "warp.h"

#define MANY 3000 // more than a group has room for

struct told {
    unsigned hits[40];
    unsigned seen[MANY];
    unsigned enough; // 0: never
};

static bool tell(void *ctx, size_t query, const struct warp_hit *hit) {
    struct told *t = ctx;
    assert_true(query < 40);
    t->seen[atoi(hit->id + 1)]++;
    return ++t->hits[query] != t->enough;
}

static bool count(void *ctx, const struct warp_hit *hit) {
    (void)hit;
    ++*(unsigned *)ctx;
    return true;
}

/// Points along the equator, 170 east to 170 west.
static struct warp *open_crowd(struct warp_session **s) {
    struct warp *db;
    assert_int_equal(warp_open(&(struct warp_options){0}, &db, NULL, 0), WARP_OK);
    assert_int_equal(warp_session_open(db, s), WARP_OK);
    for (int i = 0; i < MANY; i++) {
        char id[16];
        double lon = 170 + 20.0 * i / MANY;
        snprintf(id, sizeof id, "p%d", i);
        assert_int_equal(warp_put_point(*s, "c", id, lon > 180 ? lon - 360 : lon, 0, NULL),
                         WARP_OK);
    }
    return db;
}

static void crowds_are_met_once(void **state) {
    (void)state;
    struct warp_session *s;
    struct warp *db = open_crowd(&s);
    struct warp_box boxes[] = {{179, -1, 180, 1}, {165, -1, -165, 1}, {-180, -1, -179, 1}};
    static struct told t;
    assert_int_equal(warp_bbox_many(s, "c", boxes, 3, tell, &t), WARP_OK);
    assert_int_equal(t.hits[1], MANY);
    for (int i = 0; i < 3; i++) {
        unsigned one = 0;
        const struct warp_box *b = &boxes[i];
        assert_int_equal(warp_bbox(s, "c", b->west, b->south, b->east, b->north, count, &one),
                         WARP_OK);
        assert_int_equal(one, t.hits[i]);
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(t.seen[i], 1 + (i >= 1350 && i <= 1500) + (i >= 1500 && i <= 1650));

    static struct told few;
    few.enough = 2; // each search ends, the others go on
    assert_int_equal(warp_bbox_many(s, "c", boxes, 3, tell, &few), WARP_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(few.hits[i], 2);

    struct warp_place places[40];
    for (int i = 0; i < 40; i++)
        places[i] = (struct warp_place){i % 2 ? 180 : -180, 0};
    static struct told round;
    assert_int_equal(warp_nearby_many(s, "c", places, 40, 1e6, 2500, tell, &round), WARP_OK);
    static struct told nearest;
    assert_int_equal(warp_nearest_many(s, "c", places, 40, 2500, tell, &nearest), WARP_OK);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(round.hits[i], 2500);
        assert_int_equal(nearest.hits[i], 2500);
    }
    assert_memory_equal(round.seen, nearest.seen, sizeof round.seen);
    warp_session_close(s);
    warp_close(db);
}

static void what_is_wrong_ends_it(void **state) {
    (void)state;
    struct warp_session *s;
    struct warp *db = open_crowd(&s);
    struct warp_box boxes[20] = {[17] = {0, 1, 0, -1}}; // south above north
    for (int i = 0; i < 17; i++)
        boxes[i] = (struct warp_box){171, -1, 172, 1};
    static struct told t;
    assert_int_equal(warp_bbox_many(s, "c", boxes, 20, tell, &t), WARP_INVALID);
    assert_non_null(strstr(warp_error(s), "box"));
    for (int i = 0; i < 20; i++)
        assert_int_equal(t.hits[i] > 0, i < 17); // those before it were answered
    assert_int_equal(warp_bbox_many(s, "none", boxes, 1, tell, &t), WARP_NOT_FOUND);
    assert_non_null(strstr(warp_error(s), "none"));

    struct warp_place places[2] = {{0, 0}, {0, 91}};
    assert_int_equal(warp_nearest_many(s, "c", places, 1, 0, tell, &t), WARP_INVALID);
    assert_int_equal(warp_nearest_many(s, "c", places, 2, 1, tell, &t), WARP_INVALID);
    assert_int_equal(warp_nearest_many(s, "none", places, 1, 1, tell, &t), WARP_NOT_FOUND);
    assert_int_equal(warp_nearby_many(s, "c", places, 1, -1, 1, tell, &t), WARP_INVALID);
    assert_int_equal(warp_nearby_many(s, "none", places, 1, 1, 1, tell, &t), WARP_NOT_FOUND);
    assert_int_equal(warp_covering_many(s, "c", places, 2, tell, &t), WARP_INVALID);
    assert_int_equal(warp_covering_many(s, "none", places, 1, tell, &t), WARP_NOT_FOUND);
    assert_int_equal(warp_covering_many(s, "c", places, 1, tell, &t), WARP_OK);
    assert_string_equal(warp_error(s), "");
    assert_int_equal(warp_bbox_many(s, "c", NULL, 0, tell, &t), WARP_OK);
    warp_session_close(s);
    warp_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crowds_are_met_once),
        cmocka_unit_test(what_is_wrong_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
