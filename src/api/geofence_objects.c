// geofence_objects.c - who is inside a geofence now: a search with its area, collection and filter.
//
// A geofence of all collections is searched collection by collection, in order of names: a cursor is the name of
// the one that is next in hex, a dot, and that collection's own cursor.

#include "api/endpoints.h"
#include "api/json.h"
#include "api/name_cursor.h"
#include "api/params.h"
#include "api/reply.h"
#include "geo/geojson.h"

#define LIMIT_DEFAULT 100
#define COLLECTIONS_MOST 1000 // looked at for one page

struct inside {
    const struct geofence *geofence;
    struct query query;
    struct filter *filter; // made for the question; NULL: the geofence's own
    struct json json;      // which `filter` borrows from
    struct str collection; // the only one; STR_NONE: all
    struct str next;       // STR_NONE: this was the last page
    uint32_t limit, found;
};

static enum status inside_params(struct api *api, struct call *call, struct inside *in);
static enum status inside_query(struct call *call, struct inside *in);
static enum status corridor_filter(struct call *call, struct inside *in);
static enum status search_one(struct api *api, struct call *call, struct inside *in);
static enum status search_all(struct api *api, struct call *call, struct inside *in);
static enum status reply_inside(struct api *api, struct call *call, struct inside *in);

enum status api_geofences_objects(struct api *api, struct call *call) {
    struct geofence *g = geofences_find(api->options.geofences, call->param);
    if (!g) return api_geofences_missing(call);
    struct inside in = {.geofence = g};
    enum status st = inside_params(api, call, &in);
    if (st == STATUS_OK) st = inside_query(call, &in);
    if (st == STATUS_OK) st = reply_inside(api, call, &in);
    filter_release(in.filter);
    json_free(&in.json);
    geofence_unref(g);
    return st;
}

static enum status read_cursor(struct params *p, struct inside *in) {
    struct str text, name;
    enum status st = params_text(p, "cursor", &text);
    if (st != STATUS_OK || !text.p) return st;
    size_t dot = str_find(text, '.');
    st = name_cursor_parse(str_sub(text, 0, dot), p->arena, &name, p->why);
    if (st != STATUS_OK) return st;
    if (in->collection.p && !str_eq(name, in->collection)) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "the cursor is of another collection");
    }
    in->query.collection = name;
    if (dot < text.len) in->query.cursor = str_sub(text, dot + 1, text.len - dot - 1);
    return STATUS_OK;
}

static enum status inside_params(struct api *api, struct call *call, struct inside *in) {
    struct params params;
    struct str watched = in->geofence->collection;
    in->limit = LIMIT_DEFAULT;
    enum status st = params_parse(call->request, call->arena, &params, call->why);
    if (st == STATUS_OK) {
        st = params_count(&params, "limit", api->options.limit_results, "limits.results",
                          &in->limit, NULL);
    }
    if (st == STATUS_OK) st = params_text(&params, "collection", &in->collection);
    if (st == STATUS_OK && in->collection.p) {
        st = feature_check_name(in->collection, "collection", call->why);
    }
    if (st != STATUS_OK) return st;
    if (in->collection.p && watched.len && !str_eq(in->collection, watched)) {
        return reason_set(call->why, STATUS_INVALID, "the geofence watches another collection");
    }
    if (watched.len) in->collection = watched;
    st = read_cursor(&params, in);
    return st == STATUS_OK ? params_refuse_rest(&params) : st;
}

static enum status inside_query(struct call *call, struct inside *in) {
    const struct geofence *g = in->geofence;
    struct query *q = &in->query;
    q->filter = g->filter;
    q->relation = QUERY_INTERSECTS;
    if (g->shape != FENCE_AREA) {
        return reason_set(call->why, STATUS_INVALID,
                          "this geofence has no area of its own that something could be in");
    }
    if (!(g->radius_m > 0)) {
        q->shape = QUERY_AREA;
        q->area = g->geometry;
        return STATUS_OK;
    }
    if (geometry_type(g->geometry) != GEOMETRY_POINT) return corridor_filter(call, in);
    size_t count;
    q->shape = QUERY_RADIUS;
    q->point = *geometry_part(g->geometry, 0, &count, NULL);
    q->radius_m = g->radius_m;
    return STATUS_OK;
}

// What is within the radius of a line is asked for by s_dwithin.
static enum status corridor_filter(struct call *call, struct inside *in) {
    static const struct geometry_limits limits = {UINT32_MAX, UINT32_MAX};
    const struct geofence *g = in->geofence;
    struct buf text;
    buf_init(&text);
    REPLY_LITERAL(&text, "{\"op\":\"and\",\"args\":[");
    buf_append_str(&text, g->filter_text.len ? g->filter_text : STR("true"));
    REPLY_LITERAL(&text, ",{\"op\":\"s_dwithin\",\"args\":[{\"property\":\"geometry\"},");
    geojson_write(g->geometry, &text);
    buf_append_char(&text, ',');
    buf_append_double(&text, g->radius_m);
    REPLY_LITERAL(&text, "]}]}");
    enum status st = buf_status(&text);
    struct str kept = st == STATUS_OK ? arena_str(call->arena, buf_str(&text)) : STR_NONE;
    buf_deinit(&text);
    if (!kept.p) return STATUS_NO_MEMORY;
    st = json_parse_body(kept, call->arena, &in->json, call->why);
    if (st == STATUS_OK) {
        st = filter_parse(in->json.root, &limits, call->arena, &in->filter, call->why);
    }
    in->query.shape = QUERY_ALL;
    in->query.filter = in->filter;
    return st;
}

static enum status reply_inside(struct api *api, struct call *call, struct inside *in) {
    struct buf *out = &call->reply->body;
    REPLY_LITERAL(out, "{\"type\":\"FeatureCollection\",\"features\":[");
    enum status st;
    if (in->collection.p) {
        in->query.collection = in->collection;
        st = search_one(api, call, in);
        if (st == STATUS_NOT_FOUND) st = STATUS_OK; // nobody is there
    } else {
        st = search_all(api, call, in);
    }
    if (st == STATUS_OK && in->next.p) st = reply_next_link(call, in->next);
    if (st != STATUS_OK) return st;
    REPLY_LITERAL(out, "],\"numberReturned\":");
    buf_append_u64(out, in->found);
    if (in->next.p) {
        REPLY_LITERAL(out, ",\"next\":");
        buf_append_json(out, in->next);
    }
    buf_append_char(out, '}');
    return STATUS_OK;
}

static enum status set_next(struct call *call, struct inside *in, struct str name,
                            struct str cursor) {
    struct str hex;
    enum status st = name_cursor_write(name, call->arena, &hex);
    char *text = st == STATUS_OK ? arena_alloc(call->arena, hex.len + 1 + cursor.len) : NULL;
    if (!text) return STATUS_NO_MEMORY;
    memcpy(text, hex.p, hex.len);
    text[hex.len] = '.';
    if (cursor.len) memcpy(text + hex.len + 1, cursor.p, cursor.len);
    in->next = (struct str){text, hex.len + 1 + cursor.len};
    return STATUS_OK;
}

static enum status search_one(struct api *api, struct call *call, struct inside *in) {
    struct hits hits;
    in->query.limit = in->limit - in->found;
    enum status st =
        engine_search(api->options.engine, call->reader, &in->query, call->arena, &hits, call->why);
    if (st != STATUS_OK) return st;
    for (size_t i = 0; i < hits.count; i++) {
        if (in->found++) buf_append_char(&call->reply->body, ',');
        feature_write(api->options.engine, in->query.collection, hits.items[i].object, NULL, NULL,
                      &call->reply->body);
    }
    return hits.next.len ? set_next(call, in, in->query.collection, hits.next) : STATUS_OK;
}

static enum status search_all(struct api *api, struct call *call, struct inside *in) {
    struct engine *e = api->options.engine;
    struct str after = STR_NONE;
    struct collection_info *infos;
    size_t count;
    if (in->query.collection.p) { // where the page before has ended; it may be gone
        enum status st = search_one(api, call, in);
        if (st != STATUS_OK && st != STATUS_NOT_FOUND) return st;
        after = in->query.collection;
        in->query.cursor = STR_NONE;
    }
    if (in->next.p) return STATUS_OK;
    enum status st = engine_collections(e, call->reader, after, COLLECTIONS_MOST + 1, call->arena,
                                        &infos, &count);
    for (size_t i = 0; st == STATUS_OK && i < count && !in->next.p; i++) {
        if (in->found == in->limit || i == COLLECTIONS_MOST)
            return set_next(call, in, infos[i].name, STR_NONE);
        in->query.collection = infos[i].name;
        st = search_one(api, call, in);
        if (st == STATUS_NOT_FOUND) st = STATUS_OK; // dropped meanwhile
    }
    return st;
}
