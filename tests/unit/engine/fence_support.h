// fence_support.h - a listener that writes down what it is told, and fences in one line.

#ifndef TESTS_FENCE_SUPPORT_H
#define TESTS_FENCE_SUPPORT_H

#include "engine_support.h"

#include <math.h>
#include <yyjson.h>

#include "geo/geojson.h"

/// "seq fence trigger command id[ other metres]" a line; seq 0 is left out.
struct heard {
    struct buf log;
    uint64_t last_seq, last_lsn;
    size_t events;
    unsigned restored, settled, expired;
    enum status refuse; // what write answers
};

static inline const char *command_name(unsigned command) {
    return command == FENCE_SET_OBJECT   ? "set"
           : command == FENCE_SET_FIELDS ? "fset"
           : command == FENCE_DELETE     ? "del"
           : command == FENCE_DROP       ? "drop"
                                         : "expire";
}

static inline enum status heard_write(void *ctx, const struct fence_event *event, struct buf *out) {
    struct heard *h = ctx;
    struct str id = event->object ? object_id(event->object) : STR("*");
    const char *trigger = fence_trigger_name(event->trigger);
    buf_printf(out, "%.*s %s %s %.*s", STR_ARGS(fence_spec(event->fence)->id),
               *trigger ? trigger : "-", command_name(event->command), STR_ARGS(id));
    if (event->other) {
        buf_printf(out, " %.*s %.0f", STR_ARGS(object_id(event->other)), event->distance_m);
    }
    return h->refuse;
}

static inline void heard_committed(void *ctx, const struct engine_event *events, size_t count,
                                   uint64_t lsn) {
    struct heard *h = ctx;
    for (size_t i = 0; i < count; i++) {
        if (events[i].seq) {
            assert_int_equal(events[i].seq, h->last_seq + 1);
            h->last_seq = events[i].seq;
            buf_printf(&h->log, "%u ", (unsigned)events[i].seq);
        }
        buf_append_str(&h->log, events[i].text);
        buf_append_char(&h->log, '\n');
        h->events++;
    }
    assert_true(lsn == 0 || lsn > h->last_lsn);
    h->last_lsn = lsn;
}

static inline enum status heard_restored(void *ctx, const struct engine_event *event,
                                         uint64_t lsn) {
    struct heard *h = ctx;
    assert_true(lsn > 0);
    h->restored++;
    if (event->seq > h->last_seq) {
        assert_int_equal(event->seq, h->last_seq + 1);
        h->last_seq = event->seq;
        buf_printf(&h->log, "%u ", (unsigned)event->seq);
        buf_append_str(&h->log, event->text);
        buf_append_char(&h->log, '\n');
    }
    return STATUS_OK;
}

static inline enum status heard_settle(void *ctx) {
    ((struct heard *)ctx)->settled++;
    return STATUS_OK;
}

static inline void heard_expired(void *ctx, const struct fence *f) {
    (void)f;
    ((struct heard *)ctx)->expired++;
}

static inline struct engine_events heard_events(struct heard *h) {
    return (struct engine_events){.ctx = h,
                                  .write = heard_write,
                                  .committed = heard_committed,
                                  .restored = heard_restored,
                                  .settle = heard_settle,
                                  .expired = heard_expired};
}

/// What was told since the last time.
static inline void expect_told(struct heard *h, const char *lines) {
    buf_append_char(&h->log, '\0');
    assert_false(h->log.failed);
    assert_string_equal(h->log.data, lines);
    buf_clear(&h->log);
}

static inline struct engine *engine_hearing(struct heard *h, unsigned *reader) {
    struct engine *e;
    struct engine_options options = {.shard_count = 4, .events = heard_events(h)};
    *h = (struct heard){.log = {0}};
    assert_int_equal(engine_new(&options, &e), STATUS_OK);
    assert_int_equal(engine_reader_open(e, reader), STATUS_OK);
    return e;
}

static inline struct geometry *geometry_of(const char *geojson) {
    struct geometry *g;
    struct reason why;
    yyjson_doc *doc = yyjson_read(geojson, strlen(geojson), 0);
    assert_non_null(doc);
    struct geometry_limits limits = GEOMETRY_LIMITS_IMPORT;
    assert_int_equal(geojson_parse(yyjson_doc_get_root(doc), &limits, &g, &why), STATUS_OK);
    yyjson_doc_free(doc);
    return g;
}

/// `area` is GeoJSON or NULL (the spec's shape needs none).
static inline struct fence *fence_of(struct fence_spec spec, const char *id, const char *area) {
    struct fence *f;
    struct reason why = {0};
    struct geometry *g = area ? geometry_of(area) : NULL;
    spec.id = str_of(id);
    spec.geometry = g;
    spec.triggers = spec.triggers              ? spec.triggers
                    : spec.shape == FENCE_ROAM ? FENCE_TRIGGERS_ROAM
                                               : FENCE_TRIGGERS_ALL;
    spec.commands = spec.commands ? spec.commands : FENCE_COMMANDS_ALL;
    enum status st = fence_new(&spec, &f, &why);
    if (st != STATUS_OK) {
        fail_msg("%s", why.text);
    }
    geometry_unref(g);
    return f;
}

static inline void put_fence(struct engine *e, struct fence *f) {
    assert_int_equal(engine_fence_put(e, f, NULL), STATUS_OK);
    fence_unref(f);
}

/// -10..10 both ways.
#define SQUARE                                                                                     \
    "{\"type\":\"Polygon\",\"coordinates\":[[[-10,-10],[10,-10],[10,10],[-10,10],[-10,-10]]]}"

static inline void put_at(struct engine *e, unsigned r, const char *id, double lon, double lat) {
    assert_int_equal(apply_one(e, r, change_point(CHANGE_PUT, "c", id, lon, lat, "{}")), STATUS_OK);
}

static inline void move_to(struct engine *e, unsigned r, const char *id, double lon, double lat) {
    struct move move = {str_of(id), {lon, lat}};
    enum status st;
    uint64_t lsn;
    engine_enter(e, r);
    assert_int_equal(engine_move(e, r, STR("c"), &move, 1, &st, &lsn, NULL), STATUS_OK);
    assert_int_equal(st, STATUS_OK);
    engine_leave(e, r);
}

#endif
