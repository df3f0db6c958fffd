#include "api/search_args.h"

#include "api/feature.h"
#include "engine/json_keys.h"
#include "geo/geojson.h"

#define LIMIT_DEFAULT 100

enum member {
    MEMBER_POLYGON,
    MEMBER_RELATION,
    MEMBER_FILTER,
    MEMBER_SORT,
    MEMBER_LIMIT,
    MEMBER_CURSOR,
    MEMBER_FIELDS,
    MEMBER_COLLECTION,
    MEMBER_EARTH,
    MEMBER_EXPLAIN,
    MEMBER_COUNT,
};

static const char *const member_names[MEMBER_COUNT] = {
    "polygon", "relation", "filter",     "sort",  "limit",
    "cursor",  "fields",   "collection", "earth", "explain",
};

static enum status take_collection(struct search_args *a, struct str name, struct reason *why);
static enum status take_sort(struct search_args *a, struct str text, struct reason *why);
static enum status take_earth(struct search_args *a, struct str text, struct reason *why);
static enum status body_members(yyjson_val *root, enum search_body kind,
                                yyjson_val *values[MEMBER_COUNT], struct reason *why);
static enum status body_value(struct api *api, struct call *call, enum member member,
                              yyjson_val *val, struct search_args *a);
static enum status body_sort(struct search_args *a, yyjson_val *val, struct reason *why);

enum status search_args_params(struct api *api, struct call *call, struct search_args *a) {
    struct params *p = &a->params;
    struct reason *why = call->why;
    struct str collection, sort, earth;
    a->query.limit = LIMIT_DEFAULT;
    a->query.count_reads = true;
    enum status st = params_parse(call->request, call->arena, p, why);
    if (st == STATUS_OK) st = params_text(p, "collection", &collection);
    if (st == STATUS_OK && collection.p) st = take_collection(a, collection, why);
    if (st == STATUS_OK) {
        st = params_count(p, "limit", api->options.limit_results, "limits.results", &a->query.limit,
                          NULL);
    }
    if (st == STATUS_OK) st = params_text(p, "cursor", &a->query.cursor);
    if (st == STATUS_OK) st = projection_param(p, &a->fields);
    if (st == STATUS_OK) st = params_text(p, "sort", &sort);
    if (st == STATUS_OK && sort.p) st = take_sort(a, sort, why);
    if (st == STATUS_OK) st = params_text(p, "earth", &earth);
    if (st == STATUS_OK && earth.p) st = take_earth(a, earth, why);
    if (st == STATUS_OK) st = params_flag(p, "explain", &a->explain);
    return st;
}

enum status search_args_filters(struct search_args *a) {
    enum status st = params_filter_rest(&a->params, &a->filter);
    a->query.filter = a->filter;
    return st;
}

enum status search_args_body(struct api *api, struct call *call, enum search_body kind,
                             struct search_args *a) {
    yyjson_val *values[MEMBER_COUNT] = {0};
    enum status st = json_parse_body(call->request->body, call->arena, &a->json, call->why);
    if (st == STATUS_OK) st = body_members(a->json.root, kind, values, call->why);
    for (enum member m = 0; m < MEMBER_COUNT && st == STATUS_OK; m++) {
        if (!values[m]) continue;
        st = body_value(api, call, m, values[m], a);
        if (st != STATUS_OK) reason_prefix(call->why, "/%s", member_names[m]);
    }
    return st;
}

void search_args_deinit(struct search_args *a) {
    filter_release(a->filter);
    geometry_unref(a->area);
    json_free(&a->json);
}

static enum status take_collection(struct search_args *a, struct str name, struct reason *why) {
    a->query.collection = name;
    a->named = true;
    return feature_check_name(name, "collection", why);
}

// "speed", "-speed": by a property or one of the object's own fields, "-" descending.
static enum status take_sort(struct search_args *a, struct str text, struct reason *why) {
    static const struct {
        const char *name;
        enum query_sort sort;
    } fields[] = {
        {"id", QUERY_SORT_ID},
        {"updated_at", QUERY_SORT_UPDATED},
        {"created_at", QUERY_SORT_CREATED},
        {"time", QUERY_SORT_TIME},
    };
    struct query *q = &a->query;
    q->sort_descending = text.len && text.p[0] == '-';
    if (text.len && (text.p[0] == '-' || text.p[0] == '+')) text = str_sub(text, 1, text.len - 1);
    if (text.len == 0) {
        return reason_set(why, STATUS_BAD_REQUEST,
                          "sort must name a property, id, time, created_at or updated_at");
    }
    if (str_find(text, ',') < text.len) {
        return reason_set(why, STATUS_BAD_REQUEST, "sort takes one name, not several");
    }
    q->sort = QUERY_SORT_PROPERTY;
    q->sort_property = text;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (str_eq(text, str_of(fields[i].name))) q->sort = fields[i].sort;
    }
    return STATUS_OK;
}

static enum status take_earth(struct search_args *a, struct str text, struct reason *why) {
    if (!str_eq(text, STR("sphere")) && !str_eq(text, STR("ellipsoid"))) {
        return reason_set(why, STATUS_BAD_REQUEST, "earth must be sphere or ellipsoid");
    }
    a->query.earth = str_eq(text, STR("sphere")) ? EARTH_SPHERE : EARTH_ELLIPSOID;
    return STATUS_OK;
}

static bool member_belongs(enum member m, enum search_body kind) {
    bool polygon = m == MEMBER_POLYGON || m == MEMBER_RELATION;
    return kind == SEARCH_BODY_POLYGON ? m != MEMBER_FILTER : !polygon;
}

static enum status body_members(yyjson_val *root, enum search_body kind,
                                yyjson_val *values[MEMBER_COUNT], struct reason *why) {
    if (!yyjson_is_obj(root)) {
        return reason_set(why, STATUS_BAD_REQUEST, "the body must be a JSON object");
    }
    yyjson_obj_iter iter = yyjson_obj_iter_with(root);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter));) {
        struct str name = {yyjson_get_str(key), yyjson_get_len(key)};
        enum member m = 0;
        while (m < MEMBER_COUNT && !str_eq(name, str_of(member_names[m])))
            m++;
        bool known = m < MEMBER_COUNT && member_belongs(m, kind);
        if (!known || values[m]) {
            enum status st =
                reason_set(why, STATUS_BAD_REQUEST,
                           known ? "member \"%.*s\" is given twice" : "unknown member \"%.*s\"",
                           name.len > 64 ? 64 : (int)name.len, name.p);
            json_keys_prefix(why, name);
            return st;
        }
        values[m] = yyjson_obj_iter_get_val(key);
    }
    return STATUS_OK;
}

static enum status body_text(yyjson_val *val, struct str *out, struct reason *why) {
    *out = (struct str){yyjson_get_str(val), yyjson_get_len(val)};
    return out->p ? STATUS_OK : reason_set(why, STATUS_BAD_REQUEST, "must be a string");
}

static enum status body_limit(struct api *api, yyjson_val *val, struct search_args *a,
                              struct reason *why) {
    uint32_t max = api->options.limit_results;
    if (!yyjson_is_int(val)) {
        return reason_set(why, STATUS_BAD_REQUEST, "limit must be a whole number");
    }
    if (!yyjson_is_uint(val) || yyjson_get_uint(val) < 1 || yyjson_get_uint(val) > max) {
        return reason_set(why, STATUS_INVALID, "limit must be between 1 and %u (limits.results)",
                          max);
    }
    a->query.limit = (uint32_t)yyjson_get_uint(val);
    return STATUS_OK;
}

static enum status body_value(struct api *api, struct call *call, enum member member,
                              yyjson_val *val, struct search_args *a) {
    struct reason *why = call->why;
    struct str text = STR_NONE;
    enum status st = STATUS_OK;
    switch (member) {
    case MEMBER_RELATION:
    case MEMBER_CURSOR:
    case MEMBER_COLLECTION:
    case MEMBER_EARTH: st = body_text(val, &text, why); break;
    default: break;
    }
    if (st != STATUS_OK) return st;
    switch (member) {
    case MEMBER_POLYGON: return geojson_parse(val, &api->rest, &a->area, why);
    case MEMBER_RELATION:
        if (query_relation_parse(text, &a->query.relation)) return STATUS_OK;
        return reason_set(why, STATUS_BAD_REQUEST,
                          "relation must be intersects, within, contains or disjoint");
    case MEMBER_FILTER: return filter_parse(val, &api->rest, call->arena, &a->filter, why);
    case MEMBER_SORT: return body_sort(a, val, why);
    case MEMBER_LIMIT: return body_limit(api, val, a, why);
    case MEMBER_CURSOR: a->query.cursor = text; return STATUS_OK;
    case MEMBER_FIELDS: return projection_json(val, call->arena, &a->fields, why);
    case MEMBER_COLLECTION: return take_collection(a, text, why);
    case MEMBER_EARTH: return take_earth(a, text, why);
    default: break;
    }
    if (!yyjson_is_bool(val)) return reason_set(why, STATUS_BAD_REQUEST, "must be true or false");
    a->explain = yyjson_get_bool(val);
    return STATUS_OK;
}

// "-speed" or {"field":"speed","direction":"desc"}.
static enum status body_sort(struct search_args *a, yyjson_val *val, struct reason *why) {
    if (yyjson_is_str(val)) {
        return take_sort(a, (struct str){yyjson_get_str(val), yyjson_get_len(val)}, why);
    }
    yyjson_val *field = yyjson_obj_get(val, "field");
    yyjson_val *direction = yyjson_obj_get(val, "direction");
    bool descending = yyjson_equals_str(direction, "desc");
    bool whole = yyjson_is_str(field) && yyjson_obj_size(val) == (direction ? 2u : 1u) &&
                 (!direction || descending || yyjson_equals_str(direction, "asc"));
    if (!whole) {
        return reason_set(why, STATUS_BAD_REQUEST,
                          "sort must be a name, \"-name\", or {\"field\": name, \"direction\": "
                          "\"asc\" or \"desc\"}");
    }
    struct str name = {yyjson_get_str(field), yyjson_get_len(field)};
    enum status st = take_sort(a, name, why);
    if (direction) a->query.sort_descending = descending;
    return st;
}
