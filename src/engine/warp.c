// warp.c - the embeddable library: databases, sessions, changes. Reads are in warp_read.c.

#include <stdio.h>

#include "base/mem.h"
#include "engine/properties.h"
#include "engine/warp_state.h"
#include "geo/geojson.h"
#include "storage/wal_store.h"

#define AHEAD 16 // ids of a batch, which lie where the caller has them

static enum status open_store(struct warp *db, const struct warp_options *options,
                              struct reason *why);
static enum status apply(struct warp_session *s, const struct change *changes, size_t count,
                         enum warp_status *statuses, size_t *done);
static enum status apply_one(struct warp_session *s, const struct change *change);
static enum status move_all(struct warp_session *s, const char *collection,
                            const struct move *moves, size_t count, enum status *statuses);
static enum status append_properties(struct warp_session *s, const char *text, struct str *out);
static enum status put_some(struct warp_session *s, const char *collection,
                            const struct warp_point *points, size_t count, size_t *done);

const char *warp_version(void) {
    return WARP_VERSION;
}

const char *warp_status_text(enum warp_status status) {
    static const char *const texts[] = {
        [WARP_OK] = "done",
        [WARP_NOT_FOUND] = "not found",
        [WARP_MALFORMED] = "not JSON or not GeoJSON",
        [WARP_INVALID] = "well-formed but invalid",
        [WARP_TOO_LARGE] = "too large",
        [WARP_NO_MEMORY] = "out of memory",
        [WARP_BUSY] = "busy, try again",
        [WARP_UNAVAILABLE] = "writes are refused",
        [WARP_LOCKED] = "data directory in use",
        [WARP_CORRUPT] = "damaged data",
        [WARP_FAILED] = "failed",
    };
    return (unsigned)status <= WARP_FAILED ? texts[status] : texts[WARP_FAILED];
}

enum warp_status warp_status_of(enum status st) {
    switch (st) {
    case STATUS_OK: return WARP_OK;
    case STATUS_NOT_FOUND: return WARP_NOT_FOUND;
    case STATUS_BAD_REQUEST: return WARP_MALFORMED;
    case STATUS_INVALID: return WARP_INVALID;
    case STATUS_TOO_LARGE: return WARP_TOO_LARGE;
    case STATUS_NO_MEMORY: return WARP_NO_MEMORY;
    case STATUS_BUSY: return WARP_BUSY;
    case STATUS_DISK_FULL:
    case STATUS_READ_ONLY:
    case STATUS_UNAVAILABLE:
    case STATUS_IO: return WARP_UNAVAILABLE;
    case STATUS_LOCKED: return WARP_LOCKED;
    case STATUS_CORRUPT: return WARP_CORRUPT;
    default: return WARP_FAILED;
    }
}

enum warp_status warp_open(const struct warp_options *options, struct warp **out, char *error,
                           size_t error_size) {
    struct reason why = {0};
    struct warp *db = mem_zalloc(1, sizeof *db);
    struct engine_options engine = {.index_kind = (enum index_kind)options->index,
                                    .memory_limit_bytes = options->memory_limit_bytes,
                                    .memory_limit_name = "memory_limit_bytes"};
    enum status st = db ? STATUS_OK : STATUS_NO_MEMORY;
    if ((unsigned)options->index > WARP_GEOHASH || (unsigned)options->durability > WARP_OFF) {
        st = reason_set(&why, STATUS_INVALID, "no such index or durability");
    }
    if (st == STATUS_OK) {
        st = engine_new(&engine, &db->engine);
    }
    if (st == STATUS_OK && options->data_dir) {
        st = open_store(db, options, &why);
    }
    if (st == STATUS_OK) {
        st = engine_start(db->engine);
    }
    if (st != STATUS_OK) {
        warp_close(db);
        if (error && error_size) {
            snprintf(error, error_size, "%s", why.text[0] ? why.text : status_text(st));
        }
        return warp_status_of(st);
    }
    *out = db;
    return WARP_OK;
}

static enum status open_store(struct warp *db, const struct warp_options *options,
                              struct reason *why) {
    static const enum storage_mode modes[] = {STORAGE_INTERVAL, STORAGE_ALWAYS, STORAGE_OFF};
    struct storage_options so = {.dir = options->data_dir,
                                 .mode = modes[options->durability],
                                 .sync_interval_ms = options->sync_interval_ms,
                                 .source = engine_emit_all,
                                 .source_ctx = db->engine};
    db->always = options->durability == WARP_ALWAYS;
    enum status st = wal_store_open(&so, &db->store, why);
    return st == STATUS_OK ? engine_attach(db->engine, db->store, why) : st;
}

void warp_close(struct warp *db) {
    if (!db) {
        return;
    }
    if (db->engine) {
        engine_stop(db->engine);
    }
    storage_close(db->store); // its snapshots read the engine
    engine_free(db->engine);
    mem_free(db);
}

enum warp_status warp_sync(struct warp *db) {
    return warp_status_of(db->store ? storage_sync(db->store, NULL) : STATUS_OK);
}

enum warp_status warp_session_open(struct warp *db, struct warp_session **out) {
    struct warp_session *s = mem_zalloc(1, sizeof *s);
    if (!s) {
        return WARP_NO_MEMORY;
    }
    enum status st = engine_reader_open(db->engine, &s->reader);
    if (st != STATUS_OK) {
        mem_free(s);
        return warp_status_of(st);
    }
    s->db = db;
    arena_init(&s->arena, 0);
    buf_init(&s->text);
    *out = s;
    return WARP_OK;
}

void warp_session_close(struct warp_session *s) {
    if (s) {
        engine_reader_close(s->db->engine, s->reader);
        arena_deinit(&s->arena);
        buf_deinit(&s->text);
        mem_free(s);
    }
}

const char *warp_error(const struct warp_session *s) {
    return s->why.text;
}

void warp_session_begin(struct warp_session *s) {
    s->why.text[0] = s->why.pointer[0] = '\0';
    arena_reset(&s->arena);
    buf_clear(&s->text);
}

enum warp_status warp_session_end(struct warp_session *s, enum status st) {
    if (st == STATUS_OK) {
        s->why.text[0] = '\0';
    } else if (!s->why.text[0]) {
        (void)reason_set(&s->why, st, "%s", status_text(st));
    }
    return warp_status_of(st);
}

enum warp_status warp_put(struct warp_session *s, const char *collection, const char *id,
                          const char *geojson) {
    warp_session_begin(s);
    yyjson_doc *doc = NULL;
    yyjson_val *properties = NULL;
    struct geometry *geometry = NULL;
    struct change change = {.collection = str_of(collection), .draft.id = str_of(id)};
    enum status st = warp_geometry_parse(s, geojson, &doc, &geometry, &properties);
    if (st == STATUS_OK && properties) {
        st = properties_canonical(properties, &s->text, &s->why);
        change.draft.properties = buf_str(&s->text);
    }
    if (st == STATUS_OK) {
        change.draft.geometry = geometry;
        st = apply_one(s, &change);
    }
    geometry_unref(geometry);
    yyjson_doc_free(doc);
    return warp_session_end(s, st);
}

enum warp_status warp_put_point(struct warp_session *s, const char *collection, const char *id,
                                double lon, double lat, const char *properties) {
    warp_session_begin(s);
    struct change change = {.collection = str_of(collection),
                            .draft = {.id = str_of(id), .point = {lon, lat}}};
    enum status st = append_properties(s, properties, &change.draft.properties);
    return warp_session_end(s, st == STATUS_OK ? apply_one(s, &change) : st);
}

enum warp_status warp_move(struct warp_session *s, const char *collection, const char *id,
                           double lon, double lat) {
    warp_session_begin(s);
    struct move move = {str_of(id), {lon, lat}};
    enum status status, st = move_all(s, collection, &move, 1, &status);
    return warp_session_end(s, st == STATUS_OK ? status : st);
}

enum warp_status warp_delete(struct warp_session *s, const char *collection, const char *id) {
    warp_session_begin(s);
    struct change change = {
        .kind = CHANGE_DELETE, .collection = str_of(collection), .draft.id = str_of(id)};
    return warp_session_end(s, apply_one(s, &change));
}

static enum status wait_for_disk(struct warp_session *s, uint64_t lsn) {
    return lsn && s->db->always ? storage_sync(s->db->store, &s->why) : STATUS_OK;
}

enum warp_status warp_drop(struct warp_session *s, const char *collection) {
    warp_session_begin(s);
    uint64_t lsn;
    engine_enter(s->db->engine, s->reader);
    enum status st = engine_drop(s->db->engine, s->reader, str_of(collection), &lsn, &s->why);
    engine_leave(s->db->engine, s->reader);
    return warp_session_end(s, st == STATUS_OK ? wait_for_disk(s, lsn) : st);
}

enum warp_status warp_put_points(struct warp_session *s, const char *collection,
                                 const struct warp_point *points, size_t count, size_t *done) {
    warp_session_begin(s);
    size_t stored = 0;
    enum status st = put_some(s, collection, points, count, &stored);
    if (done) {
        *done = stored;
    }
    return warp_session_end(s, st);
}

static enum status put_some(struct warp_session *s, const char *collection,
                            const struct warp_point *points, size_t count, size_t *done) {
    struct change *changes = arena_alloc(&s->arena, count * sizeof *changes);
    if (!changes) {
        return STATUS_NO_MEMORY;
    }
    enum status first = STATUS_OK;
    struct reason first_why = {0};
    size_t good = 0;
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count) {
            __builtin_prefetch(points[i + AHEAD].id);
        }
        struct change *c = &changes[good];
        *c = (struct change){
            .collection = str_of(collection),
            .draft = {.id = str_of(points[i].id), .point = {points[i].lon, points[i].lat}}};
        buf_clear(&s->text);
        enum status st = append_properties(s, points[i].properties, &c->draft.properties);
        if (st == STATUS_OK && c->draft.properties.len) {
            c->draft.properties = arena_str(&s->arena, c->draft.properties);
            st = c->draft.properties.p ? STATUS_OK : STATUS_NO_MEMORY;
        }
        if (st == STATUS_NO_MEMORY) {
            return st;
        }
        if (st == STATUS_OK) {
            good++;
        } else if (first == STATUS_OK) {
            first = st;
            first_why = s->why;
        }
    }
    enum status st = apply(s, changes, good, NULL, done);
    if (first != STATUS_OK) {
        s->why = first_why;
        return first;
    }
    return st;
}

enum warp_status warp_move_many(struct warp_session *s, const char *collection,
                                const struct warp_position *positions, size_t count,
                                enum warp_status *statuses, size_t *done) {
    warp_session_begin(s);
    bool fits = count < SIZE_MAX / sizeof(struct move);
    struct move *moves = fits ? arena_alloc(&s->arena, count * sizeof *moves) : NULL;
    enum status *each = fits ? arena_alloc(&s->arena, count * sizeof *each) : NULL;
    for (size_t i = 0; moves && i < count; i++) {
        if (i + AHEAD < count) {
            __builtin_prefetch(positions[i + AHEAD].id);
        }
        moves[i] = (struct move){str_of(positions[i].id), {positions[i].lon, positions[i].lat}};
    }
    enum status st = moves && each ? move_all(s, collection, moves, count, each) : STATUS_NO_MEMORY;
    size_t moved = 0;
    enum status first = st;
    for (size_t i = 0; fits && i < count; i++) {
        enum status one = st == STATUS_OK ? each[i] : st; // a call that fails is how each ended
        moved += one == STATUS_OK;
        first = first == STATUS_OK ? one : first;
        if (statuses) {
            statuses[i] = warp_status_of(one);
        }
    }
    if (done) {
        *done = moved;
    }
    return warp_session_end(s, first);
}

// Each has a status of its own.
static enum status move_all(struct warp_session *s, const char *collection,
                            const struct move *moves, size_t count, enum status *statuses) {
    uint64_t lsn;
    engine_enter(s->db->engine, s->reader);
    enum status st = engine_move(s->db->engine, s->reader, str_of(collection), moves, count,
                                 statuses, &lsn, &s->why);
    engine_leave(s->db->engine, s->reader);
    return st == STATUS_OK ? wait_for_disk(s, lsn) : st;
}

static enum status apply_one(struct warp_session *s, const struct change *change) {
    size_t done;
    return apply(s, change, 1, NULL, &done);
}

// The status of the call, or of the first change that failed.
static enum status apply(struct warp_session *s, const struct change *changes, size_t count,
                         enum warp_status *statuses, size_t *done) {
    struct change_result one, *results = &one;
    uint64_t lsn;
    *done = 0;
    if (count > 1 && !(results = arena_alloc(&s->arena, count * sizeof *results))) {
        return STATUS_NO_MEMORY;
    }
    engine_enter(s->db->engine, s->reader);
    enum status st = engine_apply(s->db->engine, s->reader, changes, count, results, &lsn, &s->why);
    engine_leave(s->db->engine, s->reader);
    if (st != STATUS_OK) {
        return st;
    }
    for (size_t i = 0; i < count; i++) {
        *done += results[i].status == STATUS_OK;
        if (statuses) {
            statuses[i] = warp_status_of(results[i].status);
        }
        if (results[i].status != STATUS_OK && st == STATUS_OK) {
            st = results[i].status;
            s->why = results[i].why;
        }
    }
    enum status waited = wait_for_disk(s, lsn);
    return st != STATUS_OK ? st : waited;
}

static enum status read_json(struct warp_session *s, const char *text, yyjson_doc **doc) {
    yyjson_read_err err;
    *doc = yyjson_read_opts((char *)(uintptr_t)text, text ? strlen(text) : 0, 0, NULL, &err);
    if (*doc) {
        return STATUS_OK;
    }
    if (err.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
        return STATUS_NO_MEMORY;
    }
    return reason_set(&s->why, STATUS_BAD_REQUEST, "byte %zu: %s", err.pos, err.msg);
}

static enum status append_properties(struct warp_session *s, const char *text, struct str *out) {
    *out = STR_NONE;
    if (!text) {
        return STATUS_OK;
    }
    yyjson_doc *doc;
    enum status st = read_json(s, text, &doc);
    if (st == STATUS_OK) {
        st = properties_canonical(yyjson_doc_get_root(doc), &s->text, &s->why);
        yyjson_doc_free(doc);
    }
    *out = buf_str(&s->text);
    return st;
}

enum status warp_geometry_parse(struct warp_session *s, const char *text, yyjson_doc **doc,
                                struct geometry **geometry, yyjson_val **properties) {
    enum status st = read_json(s, text, doc);
    if (st != STATUS_OK) {
        return st;
    }
    yyjson_val *root = yyjson_doc_get_root(*doc);
    if (yyjson_equals_str(yyjson_obj_get(root, "type"), "Feature")) {
        if (properties) {
            *properties = yyjson_obj_get(root, "properties");
        }
        root = yyjson_obj_get(root, "geometry");
    }
    if (!yyjson_is_obj(root)) {
        return reason_set(&s->why, STATUS_BAD_REQUEST, "a geometry is a JSON object");
    }
    return geojson_parse(root, &GEOMETRY_LIMITS_IMPORT, geometry, &s->why);
}
