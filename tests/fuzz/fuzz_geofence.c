// fuzz_geofence.c - whatever bytes come as a geofence: it is refused, or what is kept of it says the same again.
//
// What was accepted is written as it would be kept and parsed from that: both texts must be equal. Its answer must
// be a body that is accepted for it. Then an object is put into its middle, and the events are JSON.

#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "engine/engine.h"
#include "realtime/geofence_event.h"
#include "realtime/geofence_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct geofence_limits limits = {.geometry = {1000, 10000}};

static void must(bool so) {
    if (!so) abort();
}

static enum status parse(struct str text, enum geofence_origin origin, struct geofence **out) {
    struct arena arena;
    struct reason why;
    yyjson_doc *doc;
    arena_init(&arena, 0);
    enum status st = geofence_json_read(text, &arena, &doc, &why);
    if (st == STATUS_OK) {
        st = geofence_parse(yyjson_doc_get_root(doc), origin, STR_NONE, &limits, out, &why);
    }
    arena_deinit(&arena);
    return st;
}

/// Kept and found again, it is what it was.
static void keep_and_find(const struct geofence *g) {
    struct buf first, second;
    struct geofence *again = NULL;
    buf_init(&first);
    buf_init(&second);
    geofence_keep_text(g, &first);
    must(parse(buf_str(&first), GEOFENCE_FROM_STORE, &again) == STATUS_OK);
    must(geofence_inherit(again, NULL, NULL) == STATUS_OK);
    must(geofence_finish(again) == STATUS_OK);
    geofence_keep_text(again, &second);
    must(str_eq(buf_str(&first), buf_str(&second)));
    must(again->etag == g->etag && str_eq(again->head, g->head));
    geofence_unref(again);
    buf_clear(&first);
    geofence_show(g, false, &first);
    must(parse(buf_str(&first), GEOFENCE_FROM_USER, &again) == STATUS_OK);
    must(geofence_inherit(again, g, NULL) == STATUS_OK); // hidden secrets are known
    geofence_unref(again);
    buf_deinit(&first);
    buf_deinit(&second);
}

static enum status on_write(void *ctx, const struct fence_event *event, struct buf *out) {
    (void)ctx;
    return geofence_event_write(event, out);
}

static void on_committed(void *ctx, const struct engine_event *list, size_t count, uint64_t lsn) {
    (void)lsn;
    struct buf body;
    buf_init(&body);
    for (size_t i = 0; i < count; i++) {
        const struct geofence *g = geofence_of(list[i].fence);
        const struct geofence_rule *rule = geofence_rule_next(g, list[i].trigger, NULL);
        buf_clear(&body);
        must(geofence_event_payload(list[i].text, list[i].seq, rule, &body) == STATUS_OK);
        yyjson_doc *doc = yyjson_read(body.data, body.len, 0);
        must(doc);
        must(yyjson_ptr_get(yyjson_doc_get_root(doc), "/data/object/id"));
        must(yyjson_ptr_get(yyjson_doc_get_root(doc), "/data/geofence/version"));
        yyjson_doc_free(doc);
        ++*(size_t *)ctx;
    }
    buf_deinit(&body);
}

static void visit(struct engine *e, unsigned reader, struct str collection, struct point p) {
    struct change change = {.kind = CHANGE_PUT, .collection = collection};
    struct change_result result;
    struct reason why;
    uint64_t lsn;
    change.draft.id = STR("o");
    change.draft.point = p;
    must(engine_apply(e, reader, &change, 1, &result, &lsn, &why) == STATUS_OK);
}

/// First seen in the middle, then elsewhere, then gone.
static void match(const struct geofence *g) {
    size_t told = 0;
    struct engine *e;
    unsigned reader;
    struct fence *f;
    struct reason why;
    struct engine_options options = {
        .shard_count = 1, .events = {.ctx = &told, .write = on_write, .committed = on_committed}};
    must(geofence_fence(g, &f, &why) == STATUS_OK);
    must(engine_new(&options, &e) == STATUS_OK);
    must(engine_reader_open(e, &reader) == STATUS_OK);
    must(engine_fence_put(e, f, NULL) == STATUS_OK);
    engine_enter(e, reader);
    struct bbox box = g->geometry ? *geometry_bbox(g->geometry) : BBOX_WORLD;
    visit(e, reader, g->collection, bbox_center(&box));
    visit(e, reader, g->collection, (struct point){box.min_lon > 0 ? -90 : 90, 0});
    engine_leave(e, reader);
    engine_reader_close(e, reader);
    engine_free(e);
    fence_unref(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct geofence *g = NULL;
    struct str text = {(const char *)data, size};
    if (parse(text, GEOFENCE_FROM_USER, &g) != STATUS_OK) return 0;
    g->version = 1;
    g->applies_from_seq = 1;
    struct reason why;
    if (geofence_inherit(g, NULL, &why) == STATUS_OK) {
        must(geofence_finish(g) == STATUS_OK);
        keep_and_find(g);
        match(g);
    }
    geofence_unref(g);
    return 0;
}
