// test_search.c - searches one by one: what is found at edges, what is told about how, what running out of
// memory does.

#include "base/clock.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "geo/wkt.h"
#include "support/support.h"

static struct engine *engine;
static unsigned reader;
static struct arena arena;
static const struct geometry_limits limits = {10000, 1000000};

static int set_up(void **state) {
    (void)state;
    struct engine_options options = {.shard_count = 4};
    assert_int_equal(engine_new(&options, &engine), STATUS_OK);
    assert_int_equal(engine_reader_open(engine, &reader), STATUS_OK);
    arena_init(&arena, 0);
    engine_enter(engine, reader);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    engine_leave(engine, reader);
    arena_deinit(&arena);
    engine_reader_close(engine, reader);
    engine_free(engine);
    return 0;
}

static void put_until(const char *id, const char *wkt, int64_t expires_ms) {
    struct geometry *g;
    assert_int_equal(wkt_parse(str_of(wkt), &limits, &g, NULL), STATUS_OK);
    struct change change = {.kind = CHANGE_PUT};
    change.draft = (struct object_draft){.id = str_of(id), .geometry = g};
    change.draft.has_expiry = expires_ms != 0;
    change.draft.expires_ms = expires_ms;
    struct change_result result;
    uint64_t lsn;
    assert_int_equal(engine_apply(engine, reader, &change, 1, &result, &lsn, NULL), STATUS_OK);
    assert_int_equal(result.status, STATUS_OK);
    geometry_unref(g);
}

static void put(const char *id, const char *wkt) {
    put_until(id, wkt, 0);
}

/// The ids found, with a space behind each.
static const char *ids_of(struct query q, struct hits *hits) {
    static char ids[1000];
    struct reason why;
    if (!q.limit) q.limit = 100;
    if (engine_search(engine, reader, &q, &arena, hits, &why) != STATUS_OK)
        fail_msg("%s", why.text);
    ids[0] = '\0';
    for (size_t i = 0; i < hits->count; i++) {
        struct str id = object_id(hits->items[i].object);
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%.*s ", STR_ARGS(id));
    }
    return ids;
}

static struct query box_query(double w, double s, double e, double n) {
    return (struct query){.shape = QUERY_BBOX, .box = bbox_from_wsen(w, s, e, n)};
}

static uint64_t count_of(struct query q, struct hits *hits) {
    q.count_only = true;
    assert_int_equal(engine_search(engine, reader, &q, &arena, hits, NULL), STATUS_OK);
    return hits->matched;
}

static void test_edges(void **state) {
    (void)state;
    struct hits hits;
    put("east", "POINT(180 0)");
    put("west", "POINT(-180 1)");
    put("corner", "POINT(10 20)");
    put("pole", "POINT(33 90)");
    put("over", "POLYGON((178 -5,-178 -5,-178 -3,178 -3,178 -5))");
    put("nowhere", "GEOMETRYCOLLECTION EMPTY");
    assert_string_equal(ids_of(box_query(170, -1, 180, 2), &hits), "east west ");
    assert_string_equal(ids_of(box_query(-180, -1, -170, 2), &hits), "east west ");
    assert_string_equal(ids_of(box_query(179, -10, -179, 10), &hits), "east west over ");
    assert_string_equal(ids_of(box_query(-178.5, -4, -178.1, -4), &hits), "over ");
    assert_string_equal(ids_of(box_query(10, 20, 11, 21), &hits), "corner ");
    assert_string_equal(ids_of(box_query(9, 19, 10, 20), &hits), "corner ");
    assert_string_equal(ids_of(box_query(10.0000001, 20, 11, 21), &hits), "");
    assert_string_equal(ids_of(box_query(10.00000001, 20, 11, 21), &hits),
                        ""); // below 1e-7: the doubles decide
    assert_string_equal(ids_of(box_query(-180, 80, 180, 90), &hits), "pole ");
    assert_int_equal(count_of(box_query(-180, -90, 180, 90), &hits), 5);
    struct query all = {.shape = QUERY_ALL};
    assert_string_equal(ids_of(all, &hits), "east west corner pole over nowhere ");
    // Round the pole the nearest is on the other side of it.
    struct query near = {
        .shape = QUERY_NEAREST, .point = {-147, 89}, .radius_m = INFINITY, .limit = 1};
    assert_string_equal(ids_of(near, &hits), "pole ");
    assert_true(fabs(hits.items[0].distance_m - 111195) < 1);
    near.point = (struct point){-179.9, -4};
    assert_string_equal(ids_of(near, &hits), "over ");
    assert_true(hits.items[0].distance_m == 0);
    near.limit = 100; // what has no position has no distance
    assert_int_equal((ids_of(near, &hits), hits.count), 5);
    struct query radius = {.shape = QUERY_RADIUS, .point = {10, 20}, .radius_m = 0};
    assert_string_equal(ids_of(radius, &hits), "corner ");
}

static void test_relations(void **state) {
    (void)state;
    struct hits hits;
    put("in", "POINT(1 1)");
    put("touches", "POINT(2 1)");
    put("crosses", "LINESTRING(1 1,5 1)");
    put("around", "POLYGON((-9 -9,9 -9,9 9,-9 9,-9 -9))");
    put("away", "POINT(50 50)");
    struct geometry *area;
    assert_int_equal(wkt_parse(STR("POLYGON((0 0,2 0,2 2,0 2,0 0))"), &limits, &area, NULL),
                     STATUS_OK);
    struct query shapes[2] = {{.shape = QUERY_AREA, .area = area}, box_query(0, 0, 2, 2)};
    for (int i = 0; i < 2; i++) {
        struct query q = shapes[i];
        q.relation = QUERY_INTERSECTS;
        assert_string_equal(ids_of(q, &hits), "in touches crosses around ");
        q.relation = QUERY_WITHIN;
        assert_string_equal(ids_of(q, &hits), "in touches ");
        q.relation = QUERY_CONTAINS;
        assert_string_equal(ids_of(q, &hits), "around ");
        q.relation = QUERY_DISJOINT;
        assert_string_equal(ids_of(q, &hits), "away ");
        assert_string_equal(hits.index, "scan");
    }
    geometry_unref(area);
    enum query_relation r;
    assert_true(query_relation_parse(STR("disjoint"), &r) && r == QUERY_DISJOINT);
    assert_string_equal(query_relation_name(QUERY_WITHIN), "within");
    assert_false(query_relation_parse(STR("overlaps"), &r));
}

static void test_explain_and_count(void **state) {
    (void)state;
    struct hits hits;
    char id[16], wkt[64];
    for (int i = 0; i < 2000; i++) {
        snprintf(id, sizeof id, "p%d", i);
        snprintf(wkt, sizeof wkt, "POINT(%.3f %.3f)", 10 + i % 50 * 0.01, 20 + i / 50 * 0.01);
        put(id, wkt);
    }
    struct query q = box_query(10.005, 20.005, 10.205, 20.105); // 20 columns, 10 rows
    assert_int_equal(count_of(q, &hits), 200);
    assert_int_equal(hits.refinements, 0); // from the index alone
    assert_string_equal(hits.index, "quadtree");
    assert_true(hits.nodes > 0 && hits.ns > 0);
    assert_int_equal(hits.shards, 1);
    q.limit = 1000;
    ids_of(q, &hits);
    assert_int_equal(hits.count, 200);
    assert_true(hits.candidates >= 200 && hits.candidates < 1000);
    assert_true(hits.refinements >= 200);
    // One thing with extent, and the index no longer decides alone.
    put("line", "LINESTRING(9 19,10.1 20.05)");
    assert_int_equal(count_of(q, &hits), 201);
    // Nearly everything matches: the first slots are looked at, not the whole index.
    q = box_query(-180, -90, 180, 90);
    q.limit = 10;
    ids_of(q, &hits);
    assert_int_equal(hits.count, 10);
    assert_true(hits.next.len > 0);
}

// More candidates than are kept at a time, and a filter that takes nearly all of them away.
static void test_many_rounds(void **state) {
    (void)state;
    struct hits hits;
    char id[16], properties[32];
    size_t expected = 0, given = 0;
    for (unsigned i = 0; i < 40000; i++) {
        unsigned x = i % 200, y = i / 200;
        snprintf(id, sizeof id, "%u", i);
        snprintf(properties, sizeof properties, "{\"n\":%u}", i % 97);
        struct change change = {.kind = CHANGE_PUT};
        change.draft = (struct object_draft){
            .id = str_of(id), .point = {x * 0.01, y * 0.01}, .properties = str_of(properties)};
        struct change_result result;
        uint64_t lsn;
        assert_int_equal(engine_apply(engine, reader, &change, 1, &result, &lsn, NULL), STATUS_OK);
        expected += x <= 90 && i % 97 == 5;
    }
    struct filter *filter = NULL;
    assert_int_equal(filter_and_equal(&filter, STR("n"), STR("5"), &arena), STATUS_OK);
    struct query q = box_query(-0.001, -1, 0.905, 3);
    q.filter = filter;
    q.limit = 150;
    char cursor[600];
    long last = -1;
    do {
        assert_int_equal(engine_search(engine, reader, &q, &arena, &hits, NULL), STATUS_OK);
        assert_string_equal(hits.index, "quadtree");
        for (size_t i = 0; i < hits.count; i++) {
            struct str text = object_id(hits.items[i].object);
            uint64_t n;
            assert_true(str_parse_u64(text, &n) && n % 97 == 5 && n % 200 <= 90);
            assert_true((long)hits.items[i].object->slot > last);
            last = (long)hits.items[i].object->slot;
        }
        given += hits.count;
        memcpy(cursor, hits.next.p ? hits.next.p : "", hits.next.len);
        q.cursor = (struct str){cursor, hits.next.len};
    } while (q.cursor.len);
    assert_int_equal(given, expected);
    // Every object in the box is the match of one of these: none is lost between two rounds.
    q.limit = 1000;
    for (unsigned n = 0; n < 97; n++) {
        snprintf(properties, sizeof properties, "%u", n);
        struct filter *one = NULL;
        assert_int_equal(filter_and_equal(&one, STR("n"), str_of(properties), &arena), STATUS_OK);
        q.filter = one;
        expected = 0;
        for (unsigned i = n; i < 40000; i += 97)
            expected += i % 200 <= 90;
        assert_int_equal(engine_search(engine, reader, &q, &arena, &hits, NULL), STATUS_OK);
        assert_int_equal(hits.count, expected);
        assert_true(hits.candidates > 2 * 16000); // it went through the index more than once
    }
}

static void test_expiry(void **state) {
    (void)state;
    struct hits hits;
    int64_t now = clock_wall_ms();
    put("stays", "POINT(1 1)");
    put_until("gone", "POINT(1 1)", now - 1000);
    put_until("later", "POINT(1 1)", now + 1000000);
    assert_string_equal(ids_of(box_query(0, 0, 2, 2), &hits), "stays later ");
    assert_int_equal(count_of(box_query(0, 0, 2, 2), &hits), 2);
    struct query near = {.shape = QUERY_NEAREST, .point = {1, 1}, .radius_m = INFINITY, .limit = 3};
    assert_string_equal(ids_of(near, &hits), "stays later ");
    struct query all = {.shape = QUERY_ALL};
    assert_string_equal(ids_of(all, &hits), "stays later ");
}

static void test_reads_are_counted(void **state) {
    (void)state;
    struct hits hits;
    put("a", "POINT(1 1)");
    put("b", "POINT(1.5 1.5)");
    put("c", "POINT(3 3)");
    struct query q = box_query(0, 0, 2, 2);
    struct object_metadata metadata;
    ids_of(q, &hits);
    engine_metadata(engine, STR_NONE, hits.items[0].object, &metadata);
    assert_int_equal(metadata.last_accessed_ms, 0);
    q.count_reads = true;
    q.limit = 1;
    ids_of(q, &hits);
    engine_metadata(engine, STR_NONE, hits.items[0].object, &metadata);
    assert_true(metadata.last_accessed_ms > 0 && metadata.access_frequency > 0);
    q.count_reads = false;
    q.limit = 10;
    ids_of(q, &hits);
    engine_metadata(engine, STR_NONE, hits.items[1].object, &metadata); // looked at, not given out
    assert_int_equal(metadata.last_accessed_ms, 0);
}

static void test_refused(void **state) {
    (void)state;
    struct hits hits;
    struct reason why;
    put("a", "POINT(1 1)");
    struct query q = box_query(0, 0, 2, 2);
    q.collection = STR("none");
    q.limit = 1;
    assert_int_equal(engine_search(engine, reader, &q, &arena, &hits, &why), STATUS_NOT_FOUND);
    q.collection = STR_NONE;
    q.limit = 10001;
    assert_int_equal(engine_search(engine, reader, &q, &arena, &hits, &why), STATUS_BAD_REQUEST);
    q.limit = 1;
    q.box.max_lon = NAN;
    assert_int_equal(engine_search(engine, reader, &q, &arena, &hits, &why), STATUS_BAD_REQUEST);
    q.shape = QUERY_RADIUS;
    q.radius_m = -1;
    assert_int_equal(engine_search(engine, reader, &q, &arena, &hits, &why), STATUS_BAD_REQUEST);
    q.radius_m = 1;
    q.point.lat = 91;
    assert_int_equal(engine_search(engine, reader, &q, &arena, &hits, &why), STATUS_BAD_REQUEST);
    q.point.lat = 1;
    q.shape = QUERY_NEAREST;
    q.radius_m = INFINITY;
    put("b", "POINT(1 1)");
    assert_int_equal(engine_search(engine, reader, &q, &arena, &hits, &why), STATUS_OK);
    assert_int_equal(hits.count, 1);
    assert_int_equal(hits.next.len, 0); // the k nearest are complete
    q.cursor = STR("AAAA");
    assert_int_equal(engine_search(engine, reader, &q, &arena, &hits, &why), STATUS_BAD_REQUEST);
    q.cursor = STR_NONE;
    q.sort = QUERY_SORT_ID;
    assert_int_equal(engine_search(engine, reader, &q, &arena, &hits, &why), STATUS_BAD_REQUEST);
}

static void test_out_of_memory(void **state) {
    (void)state;
    char id[16], wkt[64];
    for (int i = 0; i < 3000; i++) {
        snprintf(id, sizeof id, "p%d", i);
        snprintf(wkt, sizeof wkt, "POINT(%.4f %.4f)", i % 60 * 0.01, i / 60 * 0.01);
        put(id, wkt);
    }
    struct query queries[4] = {box_query(0, 0, 1, 1), box_query(0, 0, 1, 1)};
    queries[1].sort = QUERY_SORT_ID;
    queries[2] = (struct query){.shape = QUERY_RADIUS, .radius_m = 1e5};
    queries[3] = (struct query){.shape = QUERY_NEAREST, .radius_m = INFINITY};
    for (int i = 0; i < 4; i++) {
        bool failed = true;
        for (uint64_t n = 1; failed; n++) {
            struct arena small;
            struct hits hits;
            arena_init(&small, 256);
            queries[i].limit = 2000;
            mem_fail_at(n, true);
            enum status st = engine_search(engine, reader, &queries[i], &small, &hits, NULL);
            mem_fail_at(0, false);
            failed = st != STATUS_OK;
            assert_int_equal(st, failed ? STATUS_NO_MEMORY : STATUS_OK);
            assert_int_equal(hits.count, failed ? 0 : 2000);
            arena_deinit(&small);
            assert_true(n < 1000);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_edges, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_relations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_explain_and_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_rounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_expiry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reads_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_out_of_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
