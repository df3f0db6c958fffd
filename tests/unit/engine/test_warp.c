// The library as its users see it: only warp.h.

#include "support/support.h"

#include <pthread.h>

#include "warp.h"

static struct warp *open_at(const char *dir, enum warp_durability durability,
                            struct warp_session **s) {
    struct warp *db;
    char error[256] = "";
    struct warp_options options = {.data_dir = dir, .durability = durability};
    if (warp_open(&options, &db, error, sizeof error) != WARP_OK) {
        fail_msg("%s", error);
    }
    assert_int_equal(warp_session_open(db, s), WARP_OK);
    return db;
}

static void close_all(struct warp *db, struct warp_session *s) {
    warp_session_close(s);
    warp_close(db);
}

static bool count_hits(void *ctx, const struct warp_hit *hit) {
    assert_true(strlen(hit->id) > 0 && hit->properties[0] == '{');
    ++*(unsigned *)ctx;
    return true;
}

static bool first_only(void *ctx, const struct warp_hit *hit) {
    snprintf(ctx, 32, "%s", hit->id);
    return false;
}

static void put_get_search_reopen(void **state) {
    (void)state;
    const char *dir = test_tmpdir();
    static const char feature[] =
        "{\"type\":\"Feature\",\"id\":\"a\",\"geometry\":{\"type\":\"Point\",\"coordinates\":"
        "[10.5,20.25]},\"properties\":{\"speed\":3}}";
    struct warp_session *s;
    struct warp *db = open_at(dir, WARP_ALWAYS, &s);
    assert_int_equal(warp_put(s, "c", "a", feature), WARP_OK);
    for (int reopened = 0; reopened < 2; reopened++) {
        const char *text;
        assert_int_equal(warp_get(s, "c", "a", &text), WARP_OK);
        assert_string_equal(text, feature);
        close_all(db, s);
        db = open_at(dir, WARP_INTERVAL, &s);
    }
    assert_int_equal(warp_move(s, "c", "a", 11, 21), WARP_OK);
    const char *text;
    assert_int_equal(warp_get(s, "c", "a", &text), WARP_OK);
    assert_non_null(strstr(text, "[11,21]"));
    assert_non_null(strstr(text, "\"speed\":3"));
    assert_int_equal(warp_delete(s, "c", "a"), WARP_OK);
    assert_int_equal(warp_get(s, "c", "a", &text), WARP_NOT_FOUND);
    assert_null(text);
    assert_int_equal(warp_count(s, "c"), 0);
    assert_int_equal(warp_drop(s, "c"), WARP_OK);
    assert_int_equal(warp_drop(s, "c"), WARP_NOT_FOUND);
    assert_int_equal(warp_sync(db), WARP_OK);
    close_all(db, s);
}

static void every_search(void **state) {
    (void)state;
    struct warp_session *s;
    struct warp *db = open_at(NULL, WARP_INTERVAL, &s);
    enum { MANY = 2500 }; // more than a page
    static struct warp_point points[MANY];
    static char ids[MANY][16];
    for (int i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof ids[i], "p%d", i);
        points[i] = (struct warp_point){ids[i], 179 + i * 2.0 / MANY, 1, NULL};
        points[i].lon -= points[i].lon > 180 ? 360 : 0;
    }
    size_t done;
    assert_int_equal(warp_put_points(s, "c", points, MANY, &done), WARP_OK);
    assert_int_equal(done, MANY);
    assert_int_equal(warp_count(s, "c"), MANY);
    unsigned n = 0;
    assert_int_equal(warp_bbox(s, "c", 178, 0, -178, 2, count_hits, &n), WARP_OK);
    assert_int_equal(n, MANY);
    n = 0;
    assert_int_equal(warp_polygon(s, "c",
                                  "{\"type\":\"Polygon\",\"coordinates\":[[[179,0],[180,0],[180,2],"
                                  "[179,2],[179,0]]]}",
                                  WARP_INTERSECTS, count_hits, &n),
                     WARP_OK);
    assert_int_equal(n, MANY / 2 + 1);
    char id[32] = "";
    assert_int_equal(warp_nearest(s, "c", 180, 1, 5, first_only, id), WARP_OK);
    assert_string_equal(id, "p1250");
    n = 0;
    assert_int_equal(warp_nearby(s, "c", -179.9, 1, 1000, 10000, count_hits, &n), WARP_OK);
    assert_true(n > 10 && n < 40); // 89 m apart
    close_all(db, s);
}

static void what_is_wrong_is_said(void **state) {
    (void)state;
    struct warp_session *s;
    struct warp *db = open_at(NULL, WARP_INTERVAL, &s);
    unsigned n = 0;
    const char *text;
    assert_int_equal(warp_put(s, "c", "a", "{"), WARP_MALFORMED);
    assert_true(strlen(warp_error(s)) > 0);
    assert_int_equal(warp_put(s, "c", "a", NULL), WARP_MALFORMED);
    assert_int_equal(warp_put(s, "c", "a", "[]"), WARP_MALFORMED);
    assert_int_equal(warp_put(s, "c", "a", "{\"type\":\"Feature\"}"), WARP_MALFORMED);
    assert_int_equal(warp_put_point(s, "c", "a", 1, 2, "[1]"), WARP_MALFORMED);
    assert_int_equal(warp_put_point(s, "c", "a", 181, 2, NULL), WARP_INVALID);
    assert_int_equal(warp_put_point(s, "c", "a", 0.0 / 0.0, 2, NULL), WARP_INVALID);
    assert_int_equal(warp_put_point(s, "c", NULL, 1, 2, NULL), WARP_INVALID);
    assert_int_equal(warp_put_point(s, "c", "", 1, 2, NULL), WARP_INVALID);
    assert_int_equal(warp_put_point(s, "c\n", "a", 1, 2, NULL), WARP_INVALID);
    assert_int_equal(warp_move(s, "c", "a", 1, 2), WARP_NOT_FOUND);
    assert_int_equal(warp_get(s, "c", "a", &text), WARP_NOT_FOUND);
    assert_int_equal(warp_nearby(s, "c", 1, 2, 3, 4, count_hits, &n), WARP_NOT_FOUND);
    assert_int_equal(warp_put_point(s, "c", "a", 1, 2, NULL), WARP_OK);
    assert_string_equal(warp_error(s), "");
    assert_int_equal(warp_nearby(s, "c", 1, 2, -3, 4, count_hits, &n), WARP_INVALID);
    assert_int_equal(warp_nearby(s, "c", 1, 2, 3, 0, count_hits, &n), WARP_INVALID);
    assert_int_equal(warp_nearest(s, "c", 1, 92, 3, count_hits, &n), WARP_INVALID);
    assert_int_equal(warp_bbox(s, "c", 1, 5, 2, 3, count_hits, &n), WARP_INVALID);
    assert_int_equal(warp_polygon(s, "c", "x", WARP_WITHIN, count_hits, &n), WARP_MALFORMED);
    assert_int_equal(n, 0);

    const struct warp_point mixed[] = {{"b", 1, 2, NULL}, {"d", 1, 2, "nope"}, {"e", 300, 2, NULL}};
    size_t done;
    assert_int_equal(warp_put_points(s, "c", mixed, 3, &done), WARP_MALFORMED);
    assert_int_equal(done, 1);
    assert_int_equal(warp_count(s, "c"), 2);
    close_all(db, s);

    const char *dir = test_tmpdir();
    char error[256] = "";
    db = open_at(dir, WARP_OFF, &s);
    struct warp *second;
    struct warp_options options = {.data_dir = dir};
    assert_int_equal(warp_open(&options, &second, error, sizeof error), WARP_LOCKED);
    assert_non_null(strstr(error, dir));
    close_all(db, s);
    options = (struct warp_options){.index = (enum warp_index)7};
    assert_int_equal(warp_open(&options, &second, NULL, 0), WARP_INVALID);
}

static void *move_about(void *arg) {
    struct warp *db = arg;
    struct warp_session *s;
    assert_int_equal(warp_session_open(db, &s), WARP_OK);
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(warp_put_point(s, "c", "x", i % 180, i % 90, "{\"n\":1}"), WARP_OK);
        const char *text;
        assert_int_equal(warp_get(s, "c", "x", &text), WARP_OK);
        unsigned n = 0;
        assert_int_equal(warp_bbox(s, "c", -180, -90, 180, 90, count_hits, &n), WARP_OK);
        assert_int_equal(n, 1);
    }
    warp_session_close(s);
    return NULL;
}

static void sessions_of_many_threads(void **state) {
    (void)state;
    struct warp_session *s;
    struct warp *db = open_at(NULL, WARP_INTERVAL, &s);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, move_about, db);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    close_all(db, s);
}

struct told {
    unsigned count[4];
    char id[4][16];
};

static bool tell(void *ctx, size_t query, const struct warp_hit *hit) {
    struct told *t = ctx;
    assert_true(query < 4);
    t->count[query]++;
    snprintf(t->id[query], sizeof t->id[query], "%s", hit->id);
    assert_int_equal(hit->properties[0], '{');
    return query != 3; // the last wants no more than one
}

static void many_at_once(void **state) {
    (void)state;
    struct warp_session *s;
    struct warp *db = open_at(NULL, WARP_INTERVAL, &s);
    assert_int_equal(warp_put_point(s, "c", "a", 1, 1, "{\"n\":1}"), WARP_OK);
    assert_int_equal(warp_put_point(s, "c", "b", 5, 5, NULL), WARP_OK);
    const struct warp_position positions[] = {
        {"a", 2, 2}, {"none", 0, 0}, {"b", 200, 0}, {"a", 3, 3}};
    enum warp_status statuses[4];
    size_t done;
    assert_int_equal(warp_move_many(s, "c", positions, 4, statuses, &done), WARP_NOT_FOUND);
    assert_int_equal(done, 2);
    const enum warp_status want[] = {WARP_OK, WARP_NOT_FOUND, WARP_INVALID, WARP_OK};
    assert_memory_equal(statuses, want, sizeof want);

    struct warp_hit hit;
    assert_int_equal(warp_find(s, "c", "a", &hit), WARP_OK);
    assert_string_equal(hit.id, "a");
    assert_string_equal(hit.properties, "{\"n\":1}");
    assert_true(hit.lon == 3 && hit.lat == 3);
    assert_int_equal(warp_find(s, "c", "none", &hit), WARP_NOT_FOUND);

    const struct warp_box boxes[] = {{2, 2, 4, 4}, {4, 4, 6, 6}, {-1, -1, 1, 1}, {0, 0, 9, 9}};
    struct told t = {0};
    assert_int_equal(warp_bbox_many(s, "c", boxes, 4, tell, &t), WARP_OK);
    const unsigned found[] = {1, 1, 0, 1};
    assert_memory_equal(t.count, found, sizeof found);
    assert_string_equal(t.id[0], "a");
    assert_string_equal(t.id[1], "b");
    uint64_t count;
    assert_int_equal(warp_bbox_count(s, "c", 0, 0, 9, 9, &count), WARP_OK);
    assert_int_equal(count, 2);

    const struct warp_place places[] = {{3, 3}, {5, 5}, {90, 0}};
    t = (struct told){0};
    assert_int_equal(warp_nearest_many(s, "c", places, 3, 1, tell, &t), WARP_OK);
    assert_string_equal(t.id[0], "a");
    assert_string_equal(t.id[1], "b");
    assert_string_equal(t.id[2], "b");
    t = (struct told){0};
    assert_int_equal(warp_nearby_many(s, "c", places, 3, 1000, 10, tell, &t), WARP_OK);
    assert_true(t.count[0] == 1 && t.count[1] == 1 && t.count[2] == 0);
    assert_int_equal(warp_put(s, "f", "square",
                              "{\"type\":\"Polygon\",\"coordinates\":"
                              "[[[0,0],[4,0],[4,4],[0,4],[0,0]]]}"),
                     WARP_OK);
    t = (struct told){0};
    assert_int_equal(warp_covering_many(s, "f", places, 3, tell, &t), WARP_OK);
    assert_true(t.count[0] == 1 && t.count[1] == 0 && t.count[2] == 0);
    close_all(db, s);
}

// Callers look at the statuses whatever the call says.
static void a_refused_batch_is_told_for_each(void **state) {
    (void)state;
    struct warp *db;
    struct warp_session *s;
    struct warp_options options = {.memory_limit_bytes = 1}; // more is in use already
    assert_int_equal(warp_open(&options, &db, NULL, 0), WARP_OK);
    assert_int_equal(warp_session_open(db, &s), WARP_OK);
    const struct warp_position positions[] = {{"a", 2, 2}, {"b", 0, 0}, {"c", 200, 0}};
    enum warp_status statuses[3] = {WARP_OK, WARP_OK, WARP_OK};
    size_t done = 3;
    assert_int_equal(warp_move_many(s, "c", positions, 3, statuses, &done), WARP_NO_MEMORY);
    assert_int_equal(done, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(statuses[i], WARP_NO_MEMORY);
    }
    close_all(db, s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_get_search_reopen),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(a_refused_batch_is_told_for_each),
        cmocka_unit_test(every_search),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(sessions_of_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
