// test_geofence.c - the model: what is kept comes back the same, what runs out of memory leaves all as it was, and the
// texts of events.

#include "support/support.h"

#include <yyjson.h>

#include "base/mem.h"
#include "engine/engine.h"
#include "realtime/geofence_event.h"
#include "realtime/geofence_json.h"
#include "realtime/geofences.h"

#define SQUARE "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]}"

static const char body[] = "{\"id\":\"f/1\",\"name\":\"F \\\"1\\\"\",\"geometry\":" SQUARE
                           ",\"filter\":{\"op\":\"<\",\"args\":["
                           "{\"property\":\"n\"},100]},\"rules\":[{\"trigger\":\"enter\",\"webhook_"
                           "url\":\"https://a.example/\","
                           "\"metadata\":{\"s\":\"}\\\"{\"}},{\"id\":\"second\",\"trigger\":"
                           "\"enter\",\"metadata\":{\"n\":2}},"
                           "{\"trigger\":\"exit\"}]}";

static const struct geofence_limits limits = {.geometry = {10000, 100000}};

static enum status parse(const char *text, struct geofence **out, struct reason *why) {
    struct arena arena;
    yyjson_doc *doc;
    arena_init(&arena, 0);
    enum status st = geofence_json_read(str_of(text), &arena, &doc, why);
    if (st == STATUS_OK) {
        st = geofence_parse(yyjson_doc_get_root(doc), GEOFENCE_FROM_USER, STR_NONE, &limits, out,
                            why);
    }
    arena_deinit(&arena);
    return st;
}

static struct geofence *finished(void) {
    struct geofence *g = NULL;
    struct reason why = {0};
    assert_int_equal(parse(body, &g, &why), STATUS_OK);
    g->version = 3;
    assert_int_equal(geofence_inherit(g, NULL, &why), STATUS_OK);
    assert_int_equal(geofence_finish(g), STATUS_OK);
    return g;
}

/// The n-th allocation fails, for every n: NO_MEMORY and nothing is lost (the sanitizer looks).
static void test_parse_without_memory(void **state) {
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct geofence *g = NULL;
        struct fence *f = NULL;
        struct reason why = {0};
        mem_fail_at(n, false);
        enum status st = parse(body, &g, &why);
        if (st == STATUS_OK) st = geofence_inherit(g, NULL, &why);
        if (st == STATUS_OK) st = geofence_finish(g);
        if (st == STATUS_OK) st = geofence_fence(g, &f, &why);
        bool done = mem_alloc_count() < n;
        mem_fail_at(0, false);
        fence_unref(f);
        geofence_unref(g);
        if (done) {
            assert_int_equal(st, STATUS_OK);
            break;
        }
        // What only makes tests faster may be missing.
        if (st != STATUS_OK) assert_int_equal(st, STATUS_NO_MEMORY);
    }
}

struct told {
    char texts[8][2048];
    size_t count;
};

static enum status on_write(void *ctx, const struct fence_event *event, struct buf *out) {
    (void)ctx;
    return geofence_event_write(event, out);
}

static void on_committed(void *ctx, const struct engine_event *list, size_t count, uint64_t lsn) {
    struct told *told = ctx;
    (void)lsn;
    for (size_t i = 0; i < count && told->count < 8; i++) {
        snprintf(told->texts[told->count++], sizeof told->texts[0], "%.*s", STR_ARGS(list[i].text));
    }
}

static void move_to(struct engine *e, unsigned reader, const char *id, double lon, double lat) {
    struct change change = {
        .kind = CHANGE_PUT,
        .draft = {.id = str_of(id), .point = {lon, lat}, .properties = STR("{\"n\":1}")}};
    struct change_result result;
    uint64_t lsn;
    engine_enter(e, reader);
    assert_int_equal(engine_apply(e, reader, &change, 1, &result, &lsn, NULL), STATUS_OK);
    engine_leave(e, reader);
}

/// Each rule is told in its own words; ids stay apart; other bytes are no event.
static void test_event_texts(void **state) {
    (void)state;
    static struct told told;
    told.count = 0;
    struct engine *e;
    unsigned reader;
    struct geofences *all;
    struct geofence *g = NULL;
    struct reason why = {0};
    struct engine_options options = {
        .shard_count = 1, .events = {.ctx = &told, .write = on_write, .committed = on_committed}};
    uint64_t lsn;
    assert_int_equal(engine_new(&options, &e), STATUS_OK);
    assert_int_equal(engine_reader_open(e, &reader), STATUS_OK);
    assert_int_equal(geofences_new(e, NULL, &all), STATUS_OK);
    assert_int_equal(parse(body, &g, &why), STATUS_OK);
    assert_int_equal(geofences_put(all, g, true, NULL, NULL, NULL, &lsn, &why), STATUS_OK);
    move_to(e, reader, "o", 1, 1);
    move_to(e, reader, "o", 3, 1);
    assert_int_equal(told.count, 2);
    struct str text = str_of(told.texts[0]), id = geofence_event_id(text);
    assert_int_equal(id.len, 36);
    assert_false(str_eq(id, geofence_event_id(str_of(told.texts[1]))));

    const struct geofence_rule *first = geofence_rule_next(g, FENCE_ENTER, NULL);
    const struct geofence_rule *second = geofence_rule_next(g, FENCE_ENTER, first);
    assert_null(geofence_rule_next(g, FENCE_ENTER, second));
    struct buf name, out;
    buf_init(&name);
    buf_init(&out);
    geofence_target_write(g, second, &name);
    assert_true(str_eq(buf_str(&name), STR("geofence/f/1/second")));
    assert_int_equal(geofence_target_payload(e, buf_str(&name), text, 17, &out), STATUS_OK);
    yyjson_doc *doc = yyjson_read(out.data, out.len, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    assert_non_null(root);
    assert_true(yyjson_equals_str(yyjson_ptr_get(root, "/type"), "geofence.enter"));
    assert_int_equal(yyjson_get_uint(yyjson_ptr_get(root, "/data/seq")), 17);
    assert_true(yyjson_equals_str(yyjson_ptr_get(root, "/data/rule/id"), "second"));
    assert_int_equal(yyjson_get_uint(yyjson_ptr_get(root, "/data/rule/metadata/n")), 2);
    assert_true(yyjson_equals_str(yyjson_ptr_get(root, "/data/geofence/name"), "F \"1\""));
    assert_true(yyjson_equals_str(yyjson_ptr_get(root, "/data/object/id"), "o"));
    yyjson_doc_free(doc);

    // Of a later version its rules are not those of this event: it is told as it was made.
    struct geofence *later = NULL;
    assert_int_equal(parse(body, &later, &why), STATUS_OK);
    assert_int_equal(geofences_put(all, later, false, NULL, NULL, NULL, &lsn, &why), STATUS_OK);
    buf_clear(&out);
    assert_int_equal(geofence_target_payload(e, buf_str(&name), text, 17, &out), STATUS_OK);
    assert_non_null(strstr(out.data, "\"rule\":{\"id\":\"enter\""));

    static const char *const bad[] = {"", "{", "{}", "{\"event_id\":\"",
                                      "{\"event_id\":\"ev-\",\"type\":\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(geofence_event_payload(str_of(bad[i]), 1, NULL, &out), STATUS_CORRUPT);
        assert_null(geofence_event_id(str_of(bad[i])).p);
    }
    for (size_t len = 0; len + 26 < text.len; len++) { // cut anywhere before its end
        struct str cut = str_sub(text, 0, len);
        char copy[2048];
        memcpy(copy, cut.p, len); // so that reading behind it is seen
        buf_clear(&out);
        (void)!geofence_event_payload((struct str){copy, len}, 1, NULL, &out);
    }
    buf_deinit(&name);
    buf_deinit(&out);
    geofence_unref(g);
    geofence_unref(later);
    geofences_free(all);
    engine_reader_close(e, reader);
    engine_free(e);
}

/// A put that finds no memory leaves the geofence of before, in memory and in what is kept.
static void test_put_without_memory(void **state) {
    (void)state;
    struct engine *e;
    struct geofences *all;
    struct reason why = {0};
    uint64_t lsn;
    struct engine_options options = {.shard_count = 1};
    assert_int_equal(engine_new(&options, &e), STATUS_OK);
    assert_int_equal(geofences_new(e, NULL, &all), STATUS_OK);
    uint64_t version = 0;
    for (uint64_t n = 1;; n++) {
        struct geofence *g = NULL;
        assert_int_equal(parse(body, &g, &why), STATUS_OK);
        mem_fail_at(n, false);
        enum status st = geofences_put(all, g, false, NULL, NULL, NULL, &lsn, &why);
        bool done = mem_alloc_count() < n;
        mem_fail_at(0, false);
        geofence_unref(g);
        struct geofence *there = geofences_find(all, STR("f/1"));
        if (st == STATUS_OK) version++;
        assert_int_equal(there ? there->version : 0, version);
        geofence_unref(there);
        if (done) break;
    }
    // What is kept says the same.
    assert_int_equal(engine_fence_remove(e, FENCE_GEOFENCE, STR("f/1")), STATUS_OK);
    size_t count = 0;
    assert_int_equal(geofences_restore(all, &count, &why), STATUS_OK);
    assert_int_equal(count, 1);
    struct geofence *there = geofences_find(all, STR("f/1"));
    assert_int_equal(there->version, version);
    geofence_unref(there);
    geofences_free(all);
    engine_free(e);
}

static void test_finished(void **state) {
    (void)state;
    struct geofence *g = finished();
    assert_true(str_eq(g->head, STR("{\"id\":\"f/1\",\"name\":\"F \\\"1\\\"\",\"version\":3}")));
    assert_int_equal(g->triggers, FENCE_ENTER | FENCE_EXIT);
    assert_true(str_eq(g->rules[0].id, STR("enter")));
    assert_true(
        str_eq(g->rules[2].text, STR("{\"id\":\"exit\",\"trigger\":\"exit\",\"metadata\":{}}")));
    assert_int_equal(g->rules[0].webhook_secret_count, 1);
    assert_int_equal(g->rules[1].webhook_secret_count, 0);
    geofence_unref(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finished),
        cmocka_unit_test(test_parse_without_memory),
        cmocka_unit_test(test_event_texts),
        cmocka_unit_test(test_put_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
