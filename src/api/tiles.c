// tiles.c - collections as vector tiles, and the TileJSON that describes them.

#include <stdlib.h>
#include <yyjson.h>

#include "api/endpoints.h"
#include "api/etag.h"
#include "api/params.h"
#include "api/reply.h"
#include "base/hash.h"
#include "engine/tile_search.h"

#define PREFIX "/api/v1/tiles/"
#define ZOOM_SHOWN 22   // what maps go to
#define FIELDS_FROM 100 // objects that the list of fields is made from

static enum status parse_path(struct call *call, struct tile_search *search);
static bool parse_end(struct str *path, char before, int64_t *out);
static enum status not_a_tile(struct call *call);
static enum status answer_tile(struct call *call);
static enum status weak_etag(struct call *call, uint64_t etag);
static enum status find_collection(struct api *api, struct call *call, struct str name,
                                   const struct collection_info **out);
static void write_description(struct api *api, struct call *call,
                              const struct collection_info *info);
static void write_fields(struct api *api, struct call *call, struct str collection);
static void note_fields(yyjson_mut_doc *doc, yyjson_mut_val *fields, struct str properties);
static void write_bounds(const struct bbox *extent, struct buf *out);

enum status api_tiles_get(struct api *api, struct call *call) {
    struct tile_search search = {.limit = TILE_SEARCH_LIMIT};
    struct params params;
    struct filter *filter = NULL;
    bool thinned = false;
    enum status st = parse_path(call, &search);
    if (st == STATUS_OK) st = params_parse(call->request, call->arena, &params, call->why);
    if (st == STATUS_OK) {
        st = params_count(&params, "limit", TILE_SEARCH_LIMIT, "the most of a tile", &search.limit,
                          NULL);
    }
    if (st == STATUS_OK) st = params_filter_rest(&params, &filter);
    search.filter = filter;
    search.layer = search.collection;
    if (st == STATUS_OK) {
        st = tile_search_write(api->options.engine, call->reader, &search, call->arena,
                               &call->reply->body, &thinned, call->why);
    }
    if (st != STATUS_OK) return st;
    if (thinned) http_reply_header(call->reply, STR("Warp-Tile"), STR("thinned"));
    return answer_tile(call);
}

// collection/z/x/y.mvt, from behind: a name may hold anything but '/'.
static enum status parse_path(struct call *call, struct tile_search *search) {
    struct str path = call->request->raw_path, end = STR(".mvt");
    path = str_sub(path, sizeof PREFIX - 1, path.len - (sizeof PREFIX - 1));
    int64_t x, y, z;
    if (path.len <= end.len || !str_eq(str_sub(path, path.len - end.len, end.len), end)) {
        return not_a_tile(call);
    }
    path.len -= end.len;
    if (!parse_end(&path, '/', &y) || !parse_end(&path, '/', &x) || !parse_end(&path, '/', &z) ||
        tile_make(x, y, z, &search->tile) != STATUS_OK || str_find(path, '/') < path.len) {
        return not_a_tile(call);
    }
    search->collection = http_decode(path, call->arena);
    if (!search->collection.p) return STATUS_NO_MEMORY;
    return feature_check_name(search->collection, "collection", call->why);
}

static bool parse_end(struct str *path, char before, int64_t *out) {
    size_t at = path->len;
    while (at > 0 && path->p[at - 1] != before) {
        at--;
    }
    if (at == 0 || at == path->len || path->len - at > 10) return false;
    for (size_t i = at; i < path->len; i++) {
        if (path->p[i] < '0' || path->p[i] > '9') return false;
    }
    bool ok = str_parse_i64(str_sub(*path, at, path->len - at), out);
    path->len = at - 1;
    return ok;
}

static enum status not_a_tile(struct call *call) {
    return reason_set(call->why, STATUS_NOT_FOUND,
                      "there is no such tile: tiles are {collection}/{z}/{x}/{y}.mvt with z 0 to "
                      "%d, x and y below 2^z",
                      TILE_ZOOM_MAX);
}

static enum status answer_tile(struct call *call) {
    struct buf *body = &call->reply->body;
    if (body->len == 0) {
        call->reply->status = 204;
        return STATUS_OK;
    }
    struct etag_list known;
    uint64_t etag = hash_bytes(body->data, body->len, 0);
    enum status st = weak_etag(call, etag);
    if (st == STATUS_OK) {
        st = etag_list_parse(call->request, STR("If-None-Match"), true, call->arena, &known,
                             call->why);
    }
    if (st != STATUS_OK) return st;
    return known.given && etag_list_has(&known, etag) ? STATUS_NOT_MODIFIED : STATUS_OK;
}

static enum status weak_etag(struct call *call, uint64_t etag) {
    char *text = arena_alloc(call->arena, ETAG_BYTES + 2);
    if (!text) return STATUS_NO_MEMORY;
    text[0] = 'W';
    text[1] = '/';
    etag_write(etag, text + 2);
    http_reply_header(call->reply, STR("ETag"), (struct str){text, ETAG_BYTES + 2});
    return STATUS_OK;
}

enum status api_tiles_describe(struct api *api, struct call *call) {
    struct str name = call->param, end = STR(".json");
    struct params params;
    const struct collection_info *info = NULL;
    if (name.len <= end.len || !str_eq(str_sub(name, name.len - end.len, end.len), end)) {
        return reason_set(call->why, STATUS_NOT_FOUND,
                          "a collection's TileJSON is at {collection}.json");
    }
    name.len -= end.len;
    enum status st = params_parse(call->request, call->arena, &params, call->why);
    if (st == STATUS_OK) st = params_refuse_rest(&params);
    if (st == STATUS_OK) st = feature_check_name(name, "collection", call->why);
    if (st == STATUS_OK) st = find_collection(api, call, name, &info);
    if (st == STATUS_OK) write_description(api, call, info);
    return st;
}

// The engine lists names after a text; no name lies between this text and `name`: 0xff is in no UTF-8.
static enum status find_collection(struct api *api, struct call *call, struct str name,
                                   const struct collection_info **out) {
    char before[OBJECT_COLLECTION_MAX + 1];
    struct collection_info *info = NULL;
    size_t count = 0;
    memcpy(before, name.p, name.len);
    before[name.len - 1]--;
    before[name.len] = (char)0xff;
    enum status st =
        engine_collections(api->options.engine, call->reader, (struct str){before, name.len + 1}, 1,
                           call->arena, &info, &count);
    if (st != STATUS_OK) return st;
    if (count == 0 || !str_eq(info->name, name)) {
        return reason_set(call->why, STATUS_NOT_FOUND, "there is no collection \"%.*s\"",
                          name.len > 64 ? 64 : (int)name.len, name.p);
    }
    *out = info;
    return STATUS_OK;
}

static void write_description(struct api *api, struct call *call,
                              const struct collection_info *info) {
    struct buf *out = &call->reply->body;
    struct str host = http_request_header(call->request, STR("host"));
    if (!host.len) host = STR("localhost");
    struct buf url;
    buf_init(&url);
    REPLY_LITERAL(&url, "http://");
    buf_append_str(&url, host);
    REPLY_LITERAL(&url, PREFIX);
    http_encode(&url, info->name);
    REPLY_LITERAL(&url, "/{z}/{x}/{y}.mvt");
    REPLY_LITERAL(out, "{\"tilejson\":\"3.0.0\",\"name\":");
    buf_append_json(out, info->name);
    REPLY_LITERAL(out, ",\"scheme\":\"xyz\",\"tiles\":[");
    buf_append_json(out, buf_str(&url));
    REPLY_LITERAL(out, "],\"minzoom\":0,\"maxzoom\":");
    buf_append_u64(out, ZOOM_SHOWN);
    write_bounds(&info->extent, out);
    REPLY_LITERAL(out, ",\"vector_layers\":[{\"id\":");
    buf_append_json(out, info->name);
    REPLY_LITERAL(out, ",\"fields\":");
    write_fields(api, call, info->name);
    REPLY_LITERAL(out, "}]}");
    out->failed |= url.failed;
    buf_deinit(&url);
}

static void write_bounds(const struct bbox *extent, struct buf *out) {
    if (bbox_is_empty(extent)) return;
    struct bbox b = *extent;
    if (b.max_lon > 180) { // TileJSON has no form for what crosses the antimeridian
        b.min_lon = -180;
        b.max_lon = 180;
    }
    const double sides[4] = {b.min_lon, b.min_lat, b.max_lon, b.max_lat};
    for (int i = 0; i < 4; i++) {
        buf_append_str(out, i ? STR(",") : STR(",\"bounds\":["));
        buf_append_fixed(out, sides[i], 7);
    }
    struct point center = bbox_center(extent);
    REPLY_LITERAL(out, "],\"center\":[");
    buf_append_fixed(out, center.lon, 7);
    buf_append_char(out, ',');
    buf_append_fixed(out, center.lat, 7);
    REPLY_LITERAL(out, ",0]");
}

// By a look at some objects.
static void write_fields(struct api *api, struct call *call, struct str collection) {
    struct query query = {.collection = collection, .shape = QUERY_ALL, .limit = FIELDS_FROM};
    struct hits hits = {0};
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *fields = yyjson_mut_obj(doc);
    enum status st =
        engine_search(api->options.engine, call->reader, &query, call->arena, &hits, NULL);
    if (!fields) call->reply->body.failed = true;
    yyjson_mut_obj_add_str(doc, fields, "id", "String");
    for (size_t i = 0; st == STATUS_OK && fields && i < hits.count; i++) {
        note_fields(doc, fields, object_properties(hits.items[i].object));
    }
    size_t len = 0;
    char *text = yyjson_mut_val_write(fields, 0, &len);
    if (text) buf_append(&call->reply->body, text, len);
    call->reply->body.failed |= !text;
    free(text);
    yyjson_mut_doc_free(doc);
}

static void note_fields(yyjson_mut_doc *doc, yyjson_mut_val *fields, struct str properties) {
    yyjson_doc *read = yyjson_read(properties.p, properties.len, 0);
    size_t i, n;
    yyjson_val *key, *val;
    yyjson_obj_foreach(yyjson_doc_get_root(read), i, n, key, val) {
        const char *type = yyjson_is_num(val)    ? "Number"
                           : yyjson_is_bool(val) ? "Boolean"
                                                 : "String";
        const char *name = yyjson_get_str(key);
        size_t len = yyjson_get_len(key);
        if (yyjson_is_null(val) || yyjson_mut_obj_getn(fields, name, len)) continue;
        yyjson_mut_obj_add(fields, yyjson_mut_strncpy(doc, name, len), yyjson_mut_str(doc, type));
    }
    yyjson_doc_free(read);
}
