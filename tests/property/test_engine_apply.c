// Random changes against a plain model, over reopening, snapshots, drops and expiry, for each index.

#include "../unit/engine/engine_support.h"

#include <yyjson.h>

#include "base/clock.h"
#include "base/rand.h"
#include "geo/wkt.h"
#include "storage/wal_store.h"

#define COLLECTIONS 3
#define IDS 48
#define BATCH 24
#define SHAPES 8
#define HOUR_MS 3600000

struct state {
    bool exists;
    uint32_t version;
    int n;     // properties: {"n":n}
    int extra; // and "x":extra when not negative
    struct point point;
    int shape; // -1: the point
    bool has_z;
    int64_t expires_ms; // 0: never
    uint64_t etag;
    uint32_t slot;
};

struct world {
    struct rand rand;
    struct state model[COLLECTIONS][IDS];
    bool made[COLLECTIONS];
    struct geometry *shapes[SHAPES];
    enum index_kind kind;
    const char *dir;
    struct storage *store;
    struct engine *engine;
    unsigned reader;
    int64_t now_ms;
};

static const char *const names[COLLECTIONS] = {"default", "ships", "lorries"};
static const char *const wkts[SHAPES] = {
    "POLYGON((1 1,3 1,3 3,1 3,1 1))",
    "LINESTRING(170 10,-170 12)",
    "MULTIPOINT((-180 5),(180 6))",
    "POLYGON((-60 -60,60 -60,60 60,-60 60,-60 -60))",
    "GEOMETRYCOLLECTION EMPTY",
    "MULTILINESTRING((0 89,90 90),(5 5,5 5.5))",
    "POLYGON((5.6 2.8,5.65 2.8,5.65 2.85,5.6 2.85,5.6 2.8))",
    "GEOMETRYCOLLECTION(POINT(7 7),LINESTRING(8 8,9 9))",
};

static void open_engine(struct world *w) {
    struct engine_options options = {.shard_count = 5, .index_kind = w->kind};
    assert_int_equal(engine_new(&options, &w->engine), STATUS_OK);
    struct storage_options so = {.dir = w->dir,
                                 .mode = STORAGE_OFF,
                                 .segment_bytes = 64 << 10,
                                 .snapshot_after_bytes = 256 << 10,
                                 .source = engine_emit_all,
                                 .source_ctx = w->engine};
    struct reason why = {0};
    if (wal_store_open(&so, &w->store, &why) != STATUS_OK ||
        engine_attach(w->engine, w->store, &why) != STATUS_OK) {
        fail_msg("%s", why.text);
    }
    assert_int_equal(engine_reader_open(w->engine, &w->reader), STATUS_OK);
}

static void close_engine(struct world *w) {
    storage_close(w->store);
    engine_end(w->engine, w->reader);
}

static struct point any_point(struct rand *r) {
    switch (rand_below(r, 5)) {
    case 0: return (struct point){rand_range(r, -180, 180), rand_range(r, -90, 90)};
    case 1: return (struct point){rand_range(r, 9.9, 10.1), rand_range(r, 53.4, 53.6)};
    case 2: // corners of shard cells
        return (struct point){(double)rand_below(r, 65) * 5.625 - 180,
                              (double)rand_below(r, 65) * 2.8125 - 90};
    case 3: return (struct point){rand_below(r, 2) ? 180 : -180, rand_range(r, -90, 90)};
    default: return (struct point){10, 53.5};
    }
}

static bool alive(const struct world *w, const struct state *s) {
    return s->exists && !(s->expires_ms && s->expires_ms <= w->now_ms);
}

struct plan {
    struct change changes[BATCH];
    char ids[BATCH][16], properties[BATCH][40];
    yyjson_doc *patches[BATCH];
    uint64_t etags[BATCH];
    int collection[BATCH], id[BATCH], n[BATCH], extra[BATCH], shape[BATCH];
    size_t count;
};

static void plan_expiry(struct world *w, struct object_draft *draft) {
    uint64_t dice = rand_below(&w->rand, 10);
    draft->has_expiry = dice < 3;
    draft->expires_ms = dice == 0 ? w->now_ms - 5 : w->now_ms + HOUR_MS * (int64_t)(dice + 1);
}

static void plan_one(struct world *w, struct plan *p, size_t i) {
    struct change *c = &p->changes[i];
    struct rand *r = &w->rand;
    *c = (struct change){.kind = (enum change_kind)rand_below(r, 4)};
    p->collection[i] = rand_below(r, 10) ? 0 : (int)rand_below(r, COLLECTIONS);
    p->id[i] = (int)rand_below(r, IDS);
    snprintf(p->ids[i], sizeof p->ids[i], "id%d", p->id[i]);
    p->n[i] = (int)rand_below(r, 1000);
    p->extra[i] = -1;
    p->shape[i] = rand_below(r, 3) ? -1 : (int)rand_below(r, SHAPES);
    c->collection =
        p->collection[i] || rand_below(r, 2) ? str_of(names[p->collection[i]]) : STR_NONE;
    c->draft.id = str_of(p->ids[i]);
    c->draft.point = any_point(r);
    c->draft.geometry = p->shape[i] < 0 ? NULL : w->shapes[p->shape[i]];
    c->draft.has_z = p->shape[i] < 0 && rand_below(r, 6) == 0;
    c->draft.z = 12.5;
    plan_expiry(w, &c->draft);
    if (c->kind == CHANGE_PATCH) {
        c->patch_position = rand_below(r, 2);
        c->patch_expiry = rand_below(r, 2);
        c->draft.has_expiry = c->draft.has_expiry && c->patch_expiry;
        p->extra[i] = (int)rand_below(r, 1000);
        snprintf(p->properties[i], sizeof p->properties[i], "{\"x\":%d}", p->extra[i]);
        p->patches[i] = yyjson_read(p->properties[i], strlen(p->properties[i]), 0);
        c->patch_properties = yyjson_doc_get_root(p->patches[i]);
    } else if (c->kind != CHANGE_DELETE) {
        snprintf(p->properties[i], sizeof p->properties[i], "{\"n\":%d}", p->n[i]);
        c->draft.properties = str_of(p->properties[i]);
    }
    switch (rand_below(r, 8)) {
    case 0: c->if_absent = c->kind == CHANGE_PUT; break;
    case 1: c->if_present = true; break;
    case 2:
        p->etags[i] = w->model[p->collection[i]][p->id[i]].etag;
        c->if_etags = &p->etags[i];
        c->if_etag_count = 1;
        break;
    default: break;
    }
}

// What must come of change i; `s` becomes the new state.
static enum status expected(struct world *w, const struct plan *p, size_t i, struct state *s) {
    const struct change *c = &p->changes[i];
    bool there = alive(w, s), writes = c->kind == CHANGE_PUT || c->kind == CHANGE_CREATE;
    if (!w->made[p->collection[i]]) {
        if (!writes) return STATUS_NOT_FOUND;
        if (c->if_present || c->if_etag_count) return STATUS_PRECONDITION;
        w->made[p->collection[i]] = true;
    }
    if (c->kind == CHANGE_CREATE && there) return STATUS_EXISTS;
    if (!writes && !there) return STATUS_NOT_FOUND;
    if ((c->if_absent && there) || (c->if_present && !there) ||
        (c->if_etag_count && !(there && s->etag == c->if_etags[0]))) {
        return STATUS_PRECONDITION;
    }
    if (c->kind == CHANGE_DELETE) {
        s->exists = false;
        return STATUS_OK;
    }
    if (writes || c->patch_position) {
        s->point = c->draft.point;
        s->shape = p->shape[i];
        s->has_z = c->draft.has_z;
    }
    if (writes || c->patch_expiry) {
        s->expires_ms = c->draft.has_expiry ? c->draft.expires_ms : 0;
    }
    s->n = writes ? p->n[i] : s->n;
    s->extra = writes ? -1 : p->extra[i];
    s->version = there ? s->version + 1 : 1;
    s->exists = true;
    return STATUS_OK;
}

static void check_object(const struct world *w, const struct state *s, const struct object *o) {
    char text[64];
    assert_int_equal(o->version, s->version);
    assert_int_equal((o->flags & OBJECT_HAS_Z) != 0, s->has_z);
    assert_int_equal(object_expires_ms(o), s->expires_ms ? s->expires_ms : INT64_MAX);
    if (s->extra < 0) {
        snprintf(text, sizeof text, "{\"n\":%d}", s->n);
    } else {
        snprintf(text, sizeof text, "{\"n\":%d,\"x\":%d}", s->n, s->extra);
    }
    assert_true(str_eq(object_properties(o), str_of(text)));
    struct bbox box = object_bbox(o);
    struct bbox want = {s->point.lon, s->point.lat, s->point.lon, s->point.lat};
    if (s->shape >= 0) {
        want = *geometry_bbox(w->shapes[s->shape]);
    }
    assert_memory_equal(&box, &want, sizeof box);
}

static void check_all(struct world *w, bool reopened) {
    struct engine *e = w->engine;
    engine_enter(e, w->reader);
    check_engine(e);
    for (int c = 0; c < COLLECTIONS; c++) {
        assert_int_equal(collection_lookup(e, str_of(names[c])) != NULL, w->made[c]);
        for (int i = 0; i < IDS; i++) {
            char id[16];
            snprintf(id, sizeof id, "id%d", i);
            struct state *s = &w->model[c][i];
            const struct object *o = get(e, w->reader, names[c], id);
            assert_int_equal(o != NULL, alive(w, s));
            if (o) {
                check_object(w, s, o);
                assert_true(engine_etag(o) == s->etag);
                assert_true(!reopened || o->slot == s->slot);
                s->slot = o->slot;
            }
        }
    }
    engine_leave(e, w->reader);
}

static void run_batch(struct world *w) {
    static struct plan p;
    struct change_result results[BATCH];
    p.count = 1 + rand_below(&w->rand, BATCH);
    for (size_t i = 0; i < p.count; i++) {
        p.patches[i] = NULL;
        plan_one(w, &p, i);
    }
    uint64_t lsn;
    engine_enter(w->engine, w->reader);
    assert_int_equal(engine_apply(w->engine, w->reader, p.changes, p.count, results, &lsn, NULL),
                     STATUS_OK);
    bool changed = false;
    for (size_t i = 0; i < p.count; i++) {
        struct state *s = &w->model[p.collection[i]][p.id[i]];
        bool there = alive(w, s);
        enum status want = expected(w, &p, i, s);
        if (results[i].status != want) {
            fail_msg("change %zu of kind %d: %s, not %s (%s)", i, p.changes[i].kind,
                     status_name(results[i].status), status_name(want), results[i].why.text);
        }
        if (want == STATUS_OK) {
            changed = true;
            assert_non_null(results[i].object);
            if (s->exists) {
                check_object(w, s, results[i].object);
                assert_int_equal(results[i].created, !there);
                assert_true(engine_etag(results[i].object) != s->etag);
            }
            s->etag = engine_etag(results[i].object);
        }
        yyjson_doc_free(p.patches[i]);
    }
    assert_true(changed == (lsn != 0));
    engine_leave(w->engine, w->reader);
}

// What must come of one move; `s` becomes the new state.
static enum status expected_move(const struct world *w, int c, const struct move *move,
                                 struct state *s) {
    if (!point_valid(move->to)) return STATUS_INVALID;
    if (!w->made[c] || !alive(w, s)) return STATUS_NOT_FOUND;
    s->point = move->to;
    s->shape = -1;
    s->has_z = false;
    s->version++;
    return STATUS_OK;
}

static void run_moves(struct world *w) {
    struct move moves[BATCH];
    enum status statuses[BATCH];
    char id_texts[BATCH][16];
    struct rand *r = &w->rand;
    int c = (int)rand_below(r, COLLECTIONS), ids[BATCH];
    // Few ids come again and again in a call, many meet one that is no plain point.
    size_t count = 1 + rand_below(r, BATCH), among = 1 + rand_below(r, IDS + 1);
    for (size_t i = 0; i < count; i++) {
        ids[i] = (int)rand_below(r, among);
        snprintf(id_texts[i], sizeof id_texts[i], "id%d", ids[i]);
        moves[i] = (struct move){str_of(id_texts[i]), any_point(r)};
        if (rand_below(r, 40) == 0) moves[i].to.lat = 91;
    }
    uint64_t lsn;
    struct reason why = {0};
    engine_enter(w->engine, w->reader);
    assert_int_equal(
        engine_move(w->engine, w->reader, str_of(names[c]), moves, count, statuses, &lsn, &why),
        STATUS_OK);
    bool changed = false, failed = false;
    struct state nobody = {.exists = false};
    for (size_t i = 0; i < count; i++) {
        struct state *s = ids[i] < IDS ? &w->model[c][ids[i]] : &nobody;
        enum status want = expected_move(w, c, &moves[i], s);
        if (statuses[i] != want) {
            fail_msg("move %zu: %s, not %s", i, status_name(statuses[i]), status_name(want));
        }
        changed = changed || want == STATUS_OK;
        failed = failed || want != STATUS_OK;
    }
    assert_true(changed == (lsn != 0));
    assert_true(failed == (why.text[0] != '\0'));
    for (size_t i = 0; i < count; i++) {
        char id[16];
        snprintf(id, sizeof id, "id%d", ids[i]);
        const struct object *o = get(w->engine, w->reader, names[c], id);
        if (o && statuses[i] == STATUS_OK) {
            struct state *s = &w->model[c][ids[i]];
            check_object(w, s, o);
            assert_true(o->updated_ms >= w->now_ms && o->created_ms <= o->updated_ms);
            s->etag = engine_etag(o);
        }
    }
    engine_leave(w->engine, w->reader);
}

static void reopen(struct world *w) {
    check_all(w, false);
    close_engine(w);
    open_engine(w);
    check_all(w, true);
}

static void tick(struct world *w, int64_t at_ms) {
    size_t due = 0;
    for (int c = 0; c < COLLECTIONS; c++) {
        for (int i = 0; i < IDS; i++) {
            struct state *s = &w->model[c][i];
            if (s->exists && s->expires_ms && s->expires_ms <= at_ms) {
                s->exists = false;
                due++;
            }
        }
    }
    assert_int_equal(engine_tick(w->engine, at_ms), due);
}

static void drop(struct world *w) {
    int c = (int)rand_below(&w->rand, COLLECTIONS);
    uint64_t lsn;
    engine_enter(w->engine, w->reader);
    enum status st = engine_drop(w->engine, w->reader, str_of(names[c]), &lsn, NULL);
    engine_leave(w->engine, w->reader);
    assert_int_equal(st, w->made[c] ? STATUS_OK : STATUS_NOT_FOUND);
    w->made[c] = false;
    for (int i = 0; i < IDS; i++) {
        w->model[c][i].exists = false;
    }
}

static void run_world(enum index_kind kind, uint64_t seed, unsigned rounds) {
    static struct world w;
    w = (struct world){.kind = kind, .dir = test_tmpdir(), .now_ms = clock_wall_ms()};
    rand_init(&w.rand, seed + (uint64_t)kind);
    for (int i = 0; i < SHAPES; i++) {
        assert_int_equal(wkt_parse(str_of(wkts[i]), &GEOMETRY_LIMITS_REST, &w.shapes[i], NULL),
                         STATUS_OK);
    }
    open_engine(&w);
    for (unsigned round = 0; round < rounds; round++) {
        uint64_t dice = rand_below(&w.rand, 100);
        if (dice < 2) {
            reopen(&w);
        } else if (dice < 4) {
            struct reason why;
            assert_int_equal(storage_snapshot(w.store, &why), STATUS_OK);
        } else if (dice < 5) {
            drop(&w);
        } else if (dice < 7) {
            tick(&w, w.now_ms);
        } else if (dice < 8) {
            tick(&w, w.now_ms + HOUR_MS * (int64_t)rand_below(&w.rand, 5));
        } else if (dice < 50) {
            run_moves(&w);
        } else {
            run_batch(&w);
        }
        if (dice % 8 == 0) {
            check_all(&w, false);
        }
    }
    reopen(&w);
    close_engine(&w);
    for (int i = 0; i < SHAPES; i++) {
        geometry_unref(w.shapes[i]);
    }
}

static void random_changes(void **state) {
    (void)state;
    uint64_t seed = test_seed();
    run_world(INDEX_QUADTREE, seed, 1500);
    run_world(INDEX_RTREE, seed, 1500);
    run_world(INDEX_GEOHASH, seed, 1500);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_changes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
