// search.c - the searches, and the listing of objects, which is a search for everything.

#include "api/endpoints.h"
#include "api/reply.h"
#include "api/search_args.h"

#define FEATURE_BYTES 480 // a usual one, for room set aside

static enum status nearby_params(struct api *api, struct search_args *a);
static enum status bbox_params(const struct api *api, struct search_args *a, struct reason *why);
static enum status check_bbox(const struct api *api, const double v[4], struct reason *why);
static enum status run(struct api *api, struct call *call, enum gauges_query kind,
                       struct search_args *a);
static void write_hits(struct api *api, const struct search_args *a, const struct hits *hits,
                       struct buf *out);
static void write_explain(const struct hits *hits, struct buf *out);

enum status api_search_list(struct api *api, struct call *call) {
    struct search_args a = {.query.shape = QUERY_ALL};
    enum status st = search_args_params(api, call, &a);
    if (st == STATUS_OK) st = search_args_filters(&a);
    if (st == STATUS_OK) st = run(api, call, GAUGES_LIST, &a);
    search_args_deinit(&a);
    return st;
}

enum status api_search_nearby(struct api *api, struct call *call) {
    struct search_args a = {.query.shape = QUERY_RADIUS};
    enum status st = search_args_params(api, call, &a);
    if (st == STATUS_OK) st = nearby_params(api, &a);
    if (st == STATUS_OK) st = search_args_filters(&a);
    bool nearest = a.query.shape == QUERY_NEAREST;
    if (st == STATUS_OK) st = run(api, call, nearest ? GAUGES_NEAREST : GAUGES_NEARBY, &a);
    search_args_deinit(&a);
    return st;
}

enum status api_search_bbox(struct api *api, struct call *call) {
    struct search_args a = {.query.shape = QUERY_BBOX};
    enum status st = search_args_params(api, call, &a);
    if (st == STATUS_OK) st = bbox_params(api, &a, call->why);
    if (st == STATUS_OK) st = search_args_filters(&a);
    if (st == STATUS_OK) st = run(api, call, GAUGES_BBOX, &a);
    search_args_deinit(&a);
    return st;
}

enum status api_search_polygon(struct api *api, struct call *call) {
    struct search_args a = {.query.shape = QUERY_AREA};
    enum status st = search_args_params(api, call, &a);
    if (st == STATUS_OK) st = search_args_body(api, call, SEARCH_BODY_POLYGON, &a);
    if (st == STATUS_OK) st = search_args_filters(&a);
    if (st == STATUS_OK && !a.area) {
        st = reason_set(call->why, STATUS_BAD_REQUEST,
                        "polygon is missing: give a GeoJSON geometry");
    }
    a.query.area = a.area;
    if (st == STATUS_OK) st = run(api, call, GAUGES_POLYGON, &a);
    search_args_deinit(&a);
    return st;
}

enum status api_search_complex(struct api *api, struct call *call) {
    struct search_args a = {.query.shape = QUERY_ALL};
    enum status st = search_args_params(api, call, &a);
    if (st == STATUS_OK) st = search_args_body(api, call, SEARCH_BODY_COMPLEX, &a);
    if (st == STATUS_OK) st = search_args_filters(&a);
    if (st == STATUS_OK) st = run(api, call, GAUGES_COMPLEX, &a);
    search_args_deinit(&a);
    return st;
}

static enum status required(struct params *p, const char *name, double least, double most,
                            double *out) {
    bool given;
    enum status st = params_number(p, name, out, &given);
    if (st != STATUS_OK) return st;
    if (!given) return reason_set(p->why, STATUS_BAD_REQUEST, "%s is missing", name);
    if (*out >= least && *out <= most) return STATUS_OK;
    return reason_set(p->why, STATUS_INVALID, "%s %g must be between %g and %g", name, *out, least,
                      most);
}

static enum status nearby_params(struct api *api, struct search_args *a) {
    struct params *p = &a->params;
    struct query *q = &a->query;
    bool has_radius, has_k, has_limit = false;
    uint32_t k = 0;
    for (size_t i = 0; i < p->count; i++)
        has_limit |= str_eq(p->items[i].name, STR("limit"));
    enum status st = required(p, "lat", -90, 90, &q->point.lat);
    if (st == STATUS_OK) st = required(p, "lon", -180, 180, &q->point.lon);
    if (st == STATUS_OK) st = params_number(p, "radius", &q->radius_m, &has_radius);
    if (st == STATUS_OK) {
        st = params_count(p, "k", api->options.limit_results, "limits.results", &k, &has_k);
    }
    if (st != STATUS_OK) return st;
    if (!has_radius && !has_k) {
        return reason_set(p->why, STATUS_BAD_REQUEST,
                          "radius (metres) is missing, or k for the k nearest");
    }
    if (has_radius && !(q->radius_m >= 0)) {
        return reason_set(p->why, STATUS_INVALID, "radius %g must not be negative", q->radius_m);
    }
    if (q->sort != QUERY_SORT_NONE) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "nearby answers by distance: drop sort");
    }
    if (!has_k) return STATUS_OK;
    if (has_limit || q->cursor.p) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "k says how many: drop limit and cursor");
    }
    q->shape = QUERY_NEAREST;
    q->limit = k;
    if (!has_radius) q->radius_m = INFINITY;
    return STATUS_OK;
}

static enum status bbox_params(const struct api *api, struct search_args *a, struct reason *why) {
    struct params *p = &a->params;
    double v[4]; // west, south, east, north
    enum status st = required(p, "min_lat", -90, 90, &v[1]);
    if (st == STATUS_OK) st = required(p, "min_lon", -180, 180, &v[0]);
    if (st == STATUS_OK) st = required(p, "max_lat", -90, 90, &v[3]);
    if (st == STATUS_OK) st = required(p, "max_lon", -180, 180, &v[2]);
    if (st == STATUS_OK) st = check_bbox(api, v, why);
    if (st == STATUS_OK) a->query.box = bbox_from_wsen(v[0], v[1], v[2], v[3]);
    return st;
}

static enum status check_bbox(const struct api *api, const double v[4], struct reason *why) {
    double limit = api->options.limit_bbox_degrees;
    double width = v[2] - v[0], height = v[3] - v[1];
    if (!(height > 0)) {
        return reason_set(why, STATUS_INVALID, "min_lat %g must be below max_lat %g", v[1], v[3]);
    }
    if (width == 0) {
        return reason_set(why, STATUS_INVALID, "min_lon and max_lon are equal: %g", v[0]);
    }
    if (width < 0) width += 360; // over the antimeridian
    if (limit > 0 && (width > limit || height > limit)) {
        return reason_set(why, STATUS_INVALID,
                          "the box is %g x %g degrees; %g are allowed a side (limits.bbox_degrees)",
                          width, height, limit);
    }
    return STATUS_OK;
}

static enum status run(struct api *api, struct call *call, enum gauges_query kind,
                       struct search_args *a) {
    struct hits hits = {0};
    enum status st =
        engine_search(api->options.engine, call->reader, &a->query, call->arena, &hits, call->why);
    if (st == STATUS_NOT_FOUND && !a->named) {
        hits = (struct hits){0}; // nothing was ever put into the default collection
        st = STATUS_OK;
    }
    if (st != STATUS_OK) return st;
    gauges_count_query(api->gauges, kind, hits.ns);
    write_hits(api, a, &hits, &call->reply->body);
    bool linked = hits.next.len && call->request->method != HTTP_POST;
    return linked ? reply_next_link(call, hits.next) : STATUS_OK;
}

static void write_hits(struct api *api, const struct search_args *a, const struct hits *hits,
                       struct buf *out) {
    bool distances = a->query.shape == QUERY_RADIUS || a->query.shape == QUERY_NEAREST;
    buf_reserve(out, 256 + hits->count * FEATURE_BYTES);
    REPLY_LITERAL(out, "{\"type\":\"FeatureCollection\",\"features\":[");
    for (size_t i = 0; i < hits->count; i++) {
        const struct hit *hit = &hits->items[i];
        if (i) buf_append_char(out, ',');
        feature_write(api->options.engine, a->query.collection, hit->object, &a->fields,
                      distances ? &hit->distance_m : NULL, out);
    }
    REPLY_LITERAL(out, "],\"numberReturned\":");
    buf_append_u64(out, hits->count);
    if (hits->next.len) {
        REPLY_LITERAL(out, ",\"next\":");
        buf_append_json(out, hits->next);
    }
    if (a->explain) write_explain(hits, out);
    buf_append_char(out, '}');
}

static void write_explain(const struct hits *hits, struct buf *out) {
    REPLY_LITERAL(out, ",\"explain\":{\"index\":");
    buf_append_json(out, str_of(hits->index ? hits->index : "none"));
    REPLY_LITERAL(out, ",\"device\":\"cpu\",\"nodes\":");
    buf_append_u64(out, hits->nodes);
    REPLY_LITERAL(out, ",\"candidates\":");
    buf_append_u64(out, hits->candidates);
    REPLY_LITERAL(out, ",\"refinements\":");
    buf_append_u64(out, hits->refinements);
    REPLY_LITERAL(out, ",\"shards\":");
    buf_append_u64(out, hits->shards);
    REPLY_LITERAL(out, ",\"microseconds\":");
    buf_append_fixed(out, (double)hits->ns / 1000, 3);
    buf_append_char(out, '}');
}
