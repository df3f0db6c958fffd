// warp_read.c - reads and searches of the embeddable library.
//
// They are not counted on the objects that are read: nothing in warp.h tells such counts.

#include <math.h>

#include "engine/search_state.h"
#include "engine/warp_state.h"
#include "geo/geojson.h"

#define PAGE 1000 // hits of an unordered search at a time

static void write_feature(const struct object *o, struct buf *out);
static enum status search(struct warp_session *s, struct query *query, warp_visit_fn *visit,
                          void *ctx);
static bool visit_hits(const struct hits *hits, warp_visit_fn *visit, void *ctx);

enum warp_status warp_get(struct warp_session *s, const char *collection, const char *id,
                          const char **feature) {
    warp_session_begin(s);
    struct object o;
    engine_enter(s->db->engine, s->reader);
    enum status st =
        engine_find(s->db->engine, s->reader, str_of(collection), str_of(id), &o, &s->why);
    if (st == STATUS_OK) {
        write_feature(&o, &s->text);
        st = buf_status(&s->text);
    }
    engine_leave(s->db->engine, s->reader);
    *feature = st == STATUS_OK ? s->text.data : NULL;
    return warp_session_end(s, st);
}

// Texts in rows end with NUL, so a hit only points there.
static struct warp_hit hit_of(const struct object *o, double distance_m) {
    struct point center = object_center(o);
    return (struct warp_hit){.id = object_id(o).p,
                             .lon = center.lon,
                             .lat = center.lat,
                             .distance_m = distance_m,
                             .properties = object_properties(o).p};
}

enum warp_status warp_find(struct warp_session *s, const char *collection, const char *id,
                           struct warp_hit *hit) {
    warp_session_begin(s);
    struct object o;
    engine_enter(s->db->engine, s->reader);
    enum status st =
        engine_find(s->db->engine, s->reader, str_of(collection), str_of(id), &o, &s->why);
    if (st == STATUS_OK) { // the texts outlive the epoch here
        buf_append(&s->text, object_id(&o).p, o.id_len + (size_t)o.properties_len + 2);
        st = buf_status(&s->text);
    }
    if (st == STATUS_OK) {
        *hit = hit_of(&o, 0);
        hit->id = s->text.data;
        hit->properties = s->text.data + o.id_len + 1;
    }
    engine_leave(s->db->engine, s->reader);
    return warp_session_end(s, st);
}

static void write_feature(const struct object *o, struct buf *out) {
    buf_append_str(out, STR("{\"type\":\"Feature\",\"id\":"));
    buf_append_json(out, object_id(o));
    buf_append_str(out, STR(",\"geometry\":"));
    if (object_form(o) == OBJECT_STRING) {
        buf_append_str(out, STR("null,\"text\":"));
        buf_append_json(out, object_text(o));
    } else if (o->flags & OBJECT_HAS_GEOMETRY) {
        geojson_write(o->geometry, out);
    } else {
        bool has_z = o->flags & OBJECT_HAS_Z;
        geojson_write_point(o->point, has_z ? object_z(o) : 0, has_z, out);
    }
    buf_append_str(out, STR(",\"properties\":"));
    buf_append_str(out, object_properties(o));
    buf_append_str(out, STR("}\0"));
}

static bool pass_on(void *ctx, size_t query, const struct object *o, double distance_m) {
    const struct warp_visitor *v = ctx;
    struct warp_hit hit = hit_of(o, distance_m);
    return v->one ? v->one(v->ctx, &hit) : v->many(v->ctx, query, &hit);
}

struct search_direct warp_search_begin(struct warp_session *s, const char *collection,
                                       struct warp_visitor *visitor) {
    warp_session_begin(s);
    return (struct search_direct){.engine = s->db->engine,
                                  .reader = s->reader,
                                  .arena = &s->arena,
                                  .collection = str_of(collection),
                                  .why = &s->why,
                                  .visit = pass_on,
                                  .ctx = visitor};
}

enum status warp_check_place(struct warp_session *s, double lon, double lat) {
    if (point_valid((struct point){lon, lat})) {
        return STATUS_OK;
    }
    return reason_set(&s->why, STATUS_INVALID, "longitude %g, latitude %g are outside the earth",
                      lon, lat);
}

enum status warp_check_limit(struct warp_session *s, uint32_t limit) {
    if (limit >= 1 && limit <= 10000) {
        return STATUS_OK;
    }
    return reason_set(&s->why, STATUS_INVALID, "the limit is 1 to 10,000, not %u", limit);
}

enum status warp_check_radius(struct warp_session *s, double radius_m) {
    if (radius_m >= 0 && isfinite(radius_m)) {
        return STATUS_OK;
    }
    return reason_set(&s->why, STATUS_INVALID, "a radius of %g metres", radius_m);
}

enum status warp_check_box(struct warp_session *s, const struct warp_box *b) {
    if (point_valid((struct point){b->west, b->south}) &&
        point_valid((struct point){b->east, b->north}) && b->south <= b->north) {
        return STATUS_OK;
    }
    return reason_set(&s->why, STATUS_INVALID, "a box from %g %g to %g %g", b->west, b->south,
                      b->east, b->north);
}

enum warp_status warp_nearby(struct warp_session *s, const char *collection, double lon, double lat,
                             double radius_m, uint32_t limit, warp_visit_fn *visit, void *ctx) {
    struct warp_visitor visitor = {.one = visit, .ctx = ctx};
    struct search_direct d = warp_search_begin(s, collection, &visitor);
    struct point centre = {lon, lat};
    enum status st = warp_check_place(s, lon, lat);
    st = st == STATUS_OK ? warp_check_limit(s, limit) : st;
    st = st == STATUS_OK ? warp_check_radius(s, radius_m) : st;
    st = st == STATUS_OK ? search_direct_circles(&d, &centre, 1, radius_m, limit) : st;
    return warp_session_end(s, st);
}

enum warp_status warp_nearest(struct warp_session *s, const char *collection, double lon,
                              double lat, uint32_t k, warp_visit_fn *visit, void *ctx) {
    struct warp_visitor visitor = {.one = visit, .ctx = ctx};
    struct search_direct d = warp_search_begin(s, collection, &visitor);
    struct point centre = {lon, lat};
    enum status st = warp_check_place(s, lon, lat);
    st = st == STATUS_OK ? warp_check_limit(s, k) : st;
    st = st == STATUS_OK ? search_direct_nearest(&d, &centre, 1, k) : st;
    return warp_session_end(s, st);
}

enum warp_status warp_bbox(struct warp_session *s, const char *collection, double west,
                           double south, double east, double north, warp_visit_fn *visit,
                           void *ctx) {
    struct warp_visitor visitor = {.one = visit, .ctx = ctx};
    struct search_direct d = warp_search_begin(s, collection, &visitor);
    struct bbox box = bbox_from_wsen(west, south, east, north);
    enum status st = warp_check_box(s, &(struct warp_box){west, south, east, north});
    st = st == STATUS_OK ? search_direct_boxes(&d, &box, 1) : st;
    return warp_session_end(s, st);
}

enum warp_status warp_bbox_count(struct warp_session *s, const char *collection, double west,
                                 double south, double east, double north, uint64_t *count) {
    warp_session_begin(s);
    struct query query = {.collection = str_of(collection),
                          .shape = QUERY_BBOX,
                          .box = bbox_from_wsen(west, south, east, north),
                          .limit = 1,
                          .count_only = true};
    enum status st = warp_check_box(s, &(struct warp_box){west, south, east, north});
    struct hits hits = {0};
    if (st == STATUS_OK) {
        engine_enter(s->db->engine, s->reader);
        st = search_run(s->db->engine, s->reader, &query, &s->arena, &hits, &s->why);
        engine_leave(s->db->engine, s->reader);
    }
    *count = hits.matched;
    return warp_session_end(s, st);
}

enum warp_status warp_polygon(struct warp_session *s, const char *collection, const char *geojson,
                              enum warp_relation relation, warp_visit_fn *visit, void *ctx) {
    static const enum query_relation relations[] = {QUERY_INTERSECTS, QUERY_WITHIN, QUERY_CONTAINS,
                                                    QUERY_DISJOINT};
    warp_session_begin(s);
    if ((unsigned)relation > WARP_DISJOINT) {
        return warp_session_end(s, reason_set(&s->why, STATUS_INVALID, "no such relation"));
    }
    struct query query = {.collection = str_of(collection),
                          .shape = QUERY_AREA,
                          .relation = relations[relation],
                          .limit = PAGE};
    yyjson_doc *doc = NULL;
    struct geometry *area = NULL;
    enum status st = warp_geometry_parse(s, geojson, &doc, &area, NULL);
    if (st == STATUS_OK) {
        query.area = area;
        st = search(s, &query, visit, ctx);
    }
    geometry_unref(area);
    yyjson_doc_free(doc);
    return warp_session_end(s, st);
}

uint64_t warp_count(struct warp_session *s, const char *collection) {
    warp_session_begin(s);
    struct query query = {.collection = str_of(collection), .limit = 1, .count_only = true};
    struct hits hits;
    engine_enter(s->db->engine, s->reader);
    enum status st = search_run(s->db->engine, s->reader, &query, &s->arena, &hits, &s->why);
    engine_leave(s->db->engine, s->reader);
    return warp_session_end(s, st) == WARP_OK ? hits.matched : 0;
}

// Page after page. Outside of a page nothing is held, so a slow visitor
// keeps no memory from being given back for longer than that.
static enum status search(struct warp_session *s, struct query *query, warp_visit_fn *visit,
                          void *ctx) {
    enum status st = STATUS_OK;
    char cursor[256];
    for (bool go_on = true; go_on && st == STATUS_OK;) {
        struct hits hits;
        engine_enter(s->db->engine, s->reader);
        st = search_run(s->db->engine, s->reader, query, &s->arena, &hits, &s->why);
        if (st == STATUS_OK) {
            go_on = visit_hits(&hits, visit, ctx);
        }
        engine_leave(s->db->engine, s->reader);
        go_on = go_on && st == STATUS_OK && hits.next.len && hits.next.len < sizeof cursor;
        if (go_on) {
            memcpy(cursor, hits.next.p, hits.next.len);
            query->cursor = (struct str){cursor, hits.next.len};
            arena_reset(&s->arena);
        }
    }
    return st;
}

static bool visit_hits(const struct hits *hits, warp_visit_fn *visit, void *ctx) {
    for (size_t i = 0; i < hits->count; i++) {
        struct warp_hit hit = hit_of(hits->items[i].object, hits->items[i].distance_m);
        if (!visit(ctx, &hit)) {
            return false;
        }
    }
    return true;
}
