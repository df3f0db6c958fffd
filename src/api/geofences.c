// geofences.c - geofences over REST: made, listed, read, replaced, deleted.

#include "realtime/geofences.h"
#include "api/endpoints.h"
#include "api/etag.h"
#include "api/feature.h"
#include "api/json.h"
#include "api/name_cursor.h"
#include "api/params.h"
#include "api/reply.h"
#include "realtime/geofence_json.h"

#define LIMIT_DEFAULT 100

// What If-Match and If-None-Match ask of a change.
struct conditions {
    struct etag_list match, none;
};

struct listing {
    struct str collection, name; // STR_NONE: any
    bool by_active, active;
    struct geofence **found; // references
    size_t count, most;
};

static enum status parse_body(struct api *api, struct call *call, struct str id,
                              struct geofence **out);
static enum status check_set(struct api *api, struct call *call, const struct geofence *g);
static enum status read_conditions(struct call *call, struct conditions *out);
static enum status check_conditions(void *ctx, const struct geofence *current, struct reason *why);
static enum status no_params(struct call *call);
static enum status reply_geofence(struct call *call, int status, const struct geofence *g);
static enum status list_params(struct api *api, struct params *p, struct str *after,
                               struct listing *l);
static bool list_one(void *ctx, struct fence *f);
static enum status reply_list(struct call *call, struct listing *l);

enum status api_geofences_create(struct api *api, struct call *call) {
    struct geofence *g = NULL;
    enum status st = no_params(call);
    if (st == STATUS_OK) st = parse_body(api, call, STR_NONE, &g);
    if (st != STATUS_OK) return st;
    st = geofences_put(api->options.geofences, g, true, NULL, NULL, NULL, &call->reply->wait_lsn,
                       call->why);
    if (st == STATUS_OK) st = reply_geofence(call, 201, g);
    geofence_unref(g);
    return st;
}

enum status api_geofences_put(struct api *api, struct call *call) {
    struct geofence *g = NULL;
    struct conditions conditions;
    bool created = false;
    enum status st = no_params(call);
    if (st == STATUS_OK) st = read_conditions(call, &conditions);
    if (st == STATUS_OK) st = parse_body(api, call, call->param, &g);
    if (st != STATUS_OK) return st;
    st = geofences_put(api->options.geofences, g, false, check_conditions, &conditions, &created,
                       &call->reply->wait_lsn, call->why);
    if (st == STATUS_OK) st = reply_geofence(call, created ? 201 : 200, g);
    geofence_unref(g);
    return st;
}

enum status api_geofences_delete(struct api *api, struct call *call) {
    struct conditions conditions;
    enum status st = no_params(call);
    if (st == STATUS_OK) st = read_conditions(call, &conditions);
    if (st != STATUS_OK) return st;
    call->reply->status = 204;
    return geofences_remove(api->options.geofences, call->param, check_conditions, &conditions,
                            &call->reply->wait_lsn, call->why);
}

enum status api_geofences_get(struct api *api, struct call *call) {
    struct etag_list none;
    enum status st = no_params(call);
    if (st == STATUS_OK) {
        st = etag_list_parse(call->request, STR("If-None-Match"), true, call->arena, &none,
                             call->why);
    }
    if (st != STATUS_OK) return st;
    struct geofence *g = geofences_find(api->options.geofences, call->param);
    if (!g) return api_geofences_missing(call);
    if (none.given && etag_list_has(&none, g->etag)) {
        st = reply_etag_value(call, g->etag);
        if (st == STATUS_OK) st = STATUS_NOT_MODIFIED;
    } else {
        st = reply_etag_value(call, g->etag);
        geofence_show(g, false, &call->reply->body);
    }
    geofence_unref(g);
    return st;
}

enum status api_geofences_missing(struct call *call) {
    struct str id = call->param;
    return reason_set(call->why, STATUS_NOT_FOUND, "there is no geofence \"%.*s\"",
                      id.len > 64 ? 64 : (int)id.len, id.p);
}

enum status api_geofences_list(struct api *api, struct call *call) {
    struct params params;
    struct str after = STR_NONE;
    struct listing l = {0};
    enum status st = params_parse(call->request, call->arena, &params, call->why);
    if (st == STATUS_OK) st = list_params(api, &params, &after, &l);
    if (st == STATUS_OK) {
        l.found = arena_zalloc(call->arena, l.most, sizeof *l.found);
        if (!l.found) st = STATUS_NO_MEMORY;
    }
    if (st == STATUS_OK) {
        st = engine_fence_each(api->options.engine, FENCE_GEOFENCE, STR_NONE, after, list_one, &l);
    }
    if (st == STATUS_OK) st = reply_list(call, &l);
    for (size_t i = 0; i < l.count; i++)
        geofence_unref(l.found[i]);
    return st;
}

// --- changes ---

static enum status parse_body(struct api *api, struct call *call, struct str id,
                              struct geofence **out) {
    struct json json;
    const struct geofence_limits limits = {api->rest, api->options.webhook_guard};
    enum status st = json_parse_body(call->request->body, call->arena, &json, call->why);
    if (st != STATUS_OK) return st;
    st = geofence_parse(json.root, GEOFENCE_FROM_USER, id, &limits, out, call->why);
    json_free(&json);
    if (st != STATUS_OK) return st;
    st = check_set(api, call, *out);
    if (st != STATUS_OK) geofence_unref(*out);
    return st;
}

static enum status check_set(struct api *api, struct call *call, const struct geofence *g) {
    if (g->shape != FENCE_SET) return STATUS_OK;
    struct query query = {.collection = g->set_collection, .shape = QUERY_ALL, .limit = 1};
    struct hits hits;
    enum status st =
        engine_search(api->options.engine, call->reader, &query, call->arena, &hits, call->why);
    if (st != STATUS_NOT_FOUND) return st;
    struct str name = g->set_collection;
    st = reason_set(call->why, STATUS_INVALID, "there is no collection \"%.*s\"",
                    name.len > 64 ? 64 : (int)name.len, name.p);
    reason_prefix(call->why, "/geometry/collection");
    return st;
}

static enum status read_conditions(struct call *call, struct conditions *out) {
    enum status st =
        etag_list_parse(call->request, STR("If-Match"), false, call->arena, &out->match, call->why);
    if (st != STATUS_OK) return st;
    return etag_list_parse(call->request, STR("If-None-Match"), true, call->arena, &out->none,
                           call->why);
}

static enum status check_conditions(void *ctx, const struct geofence *current, struct reason *why) {
    const struct conditions *c = ctx;
    if (c->match.given && !(current && etag_list_has(&c->match, current->etag))) {
        return reason_set(why, STATUS_PRECONDITION, "the geofence has changed: If-Match fails");
    }
    if (c->none.given && current && etag_list_has(&c->none, current->etag)) {
        return reason_set(why, STATUS_PRECONDITION, "the geofence exists: If-None-Match fails");
    }
    return STATUS_OK;
}

static enum status no_params(struct call *call) {
    struct params params;
    enum status st = params_parse(call->request, call->arena, &params, call->why);
    return st == STATUS_OK ? params_refuse_rest(&params) : st;
}

static enum status reply_geofence(struct call *call, int status, const struct geofence *g) {
    call->reply->status = status;
    enum status st = reply_etag_value(call, g->etag);
    if (st == STATUS_OK && status == 201)
        st = reply_location(call, STR("/api/v1/geofences/"), g->id);
    geofence_show(g, true, &call->reply->body);
    return st;
}

// --- the list ---

static enum status list_params(struct api *api, struct params *p, struct str *after,
                               struct listing *l) {
    uint32_t limit = LIMIT_DEFAULT;
    struct str active;
    enum status st =
        params_count(p, "limit", api->options.limit_results, "limits.results", &limit, NULL);
    if (st == STATUS_OK) st = name_cursor_param(p, after);
    if (st == STATUS_OK) st = params_text(p, "collection", &l->collection);
    if (st == STATUS_OK) st = params_text(p, "name", &l->name);
    if (st == STATUS_OK) st = params_text(p, "active", &active);
    if (st == STATUS_OK) st = params_flag(p, "active", &l->active);
    if (st == STATUS_OK) st = params_refuse_rest(p);
    l->by_active = active.p;
    l->most = (size_t)limit + 1;
    return st;
}

static bool list_one(void *ctx, struct fence *f) {
    struct listing *l = ctx;
    const struct geofence *g = geofence_of(f);
    if (l->collection.p && !str_eq(l->collection, g->collection)) return true;
    if (l->name.p && !str_eq(l->name, g->name.len ? g->name : g->id)) return true;
    if (l->by_active && l->active != g->active) return true;
    l->found[l->count++] = geofence_ref(g);
    return l->count < l->most;
}

static enum status reply_list(struct call *call, struct listing *l) {
    struct buf *out = &call->reply->body;
    struct str next = STR_NONE;
    size_t shown = l->count;
    if (shown == l->most) {
        shown--;
        enum status st = name_cursor_write(l->found[shown - 1]->id, call->arena, &next);
        if (st == STATUS_OK) st = reply_next_link(call, next);
        if (st != STATUS_OK) return st;
    }
    REPLY_LITERAL(out, "{\"geofences\":[");
    for (size_t i = 0; i < shown; i++) {
        if (i) buf_append_char(out, ',');
        geofence_show(l->found[i], false, out);
    }
    REPLY_LITERAL(out, "],\"numberReturned\":");
    buf_append_u64(out, shown);
    if (next.p) {
        REPLY_LITERAL(out, ",\"next\":");
        buf_append_json(out, next);
    }
    buf_append_char(out, '}');
    return STATUS_OK;
}
