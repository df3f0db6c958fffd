// objects.c - one object: made, read, replaced, patched, deleted.

#include "api/endpoints.h"
#include "api/etag.h"
#include "api/json.h"
#include "api/params.h"
#include "api/projection.h"
#include "api/reply.h"
#include "base/clock.h"
#include "base/rand.h"

// A request that changes one object.
struct edit {
    struct params params;
    struct json json;
    struct buf scratch;
    struct feature feature;
    struct str collection; // as it will be stored; empty: default
    struct change change;
    struct change_result result;
};

static enum status edit_open(struct api *api, struct call *call, enum feature_use use,
                             struct edit *e);
static void edit_close(struct edit *e);
static enum status read_collection(struct call *call, struct params *p, struct str *out);
static enum status agree_collection(struct call *call, bool by_path, struct edit *e);
static enum status take_id(struct call *call, struct edit *e);
static enum status read_conditions(struct call *call, struct change *change);
static enum status apply(struct api *api, struct call *call, struct edit *e);
static enum status reply_changed(struct api *api, struct call *call, const struct edit *e);

enum status api_objects_create(struct api *api, struct call *call) {
    struct edit e;
    enum status st = edit_open(api, call, FEATURE_CREATE, &e);
    if (st == STATUS_OK) st = agree_collection(call, false, &e);
    if (st == STATUS_OK && !e.feature.has_id) {
        char *id = arena_alloc(call->arena, 37);
        st = id ? rand_uuid7(id) : STATUS_NO_MEMORY;
        e.feature.draft.id = (struct str){id, 36};
    }
    if (st == STATUS_OK) {
        e.change.kind = CHANGE_CREATE;
        st = apply(api, call, &e);
    }
    if (st == STATUS_OK) st = reply_changed(api, call, &e);
    edit_close(&e);
    return st;
}

enum status api_objects_put(struct api *api, struct call *call) {
    struct edit e;
    enum status st = edit_open(api, call, FEATURE_CREATE, &e);
    if (st == STATUS_OK) st = agree_collection(call, true, &e);
    if (st == STATUS_OK) st = take_id(call, &e);
    if (st == STATUS_OK) st = read_conditions(call, &e.change);
    if (st == STATUS_OK) {
        e.change.kind = CHANGE_PUT;
        st = apply(api, call, &e);
    }
    if (st == STATUS_OK) st = reply_changed(api, call, &e);
    edit_close(&e);
    return st;
}

enum status api_objects_patch(struct api *api, struct call *call) {
    struct edit e;
    enum status st = edit_open(api, call, FEATURE_PATCH, &e);
    if (st == STATUS_OK) st = agree_collection(call, true, &e);
    if (st == STATUS_OK) st = take_id(call, &e);
    if (st == STATUS_OK) st = read_conditions(call, &e.change);
    if (st == STATUS_OK) {
        e.change.kind = CHANGE_PATCH;
        e.change.patch_position = e.feature.has_position;
        e.change.patch_time = e.feature.sets_time;
        e.change.patch_expiry = e.feature.sets_expiry;
        e.change.patch_properties = e.feature.properties;
        st = apply(api, call, &e);
        if (st == STATUS_BAD_REQUEST) reason_prefix(call->why, "/properties");
    }
    if (st == STATUS_OK) st = reply_changed(api, call, &e);
    edit_close(&e);
    return st;
}

enum status api_objects_delete(struct api *api, struct call *call) {
    struct edit e = {0};
    enum status st = params_parse(call->request, call->arena, &e.params, call->why);
    if (st == STATUS_OK) st = read_collection(call, &e.params, &e.collection);
    if (st == STATUS_OK) st = params_refuse_rest(&e.params);
    if (st == STATUS_OK) st = feature_check_name(call->param, "id", call->why);
    if (st == STATUS_OK) st = read_conditions(call, &e.change);
    if (st != STATUS_OK) return st;
    e.change.kind = CHANGE_DELETE;
    e.feature.draft.id = call->param;
    call->reply->status = 204;
    return apply(api, call, &e);
}

enum status api_objects_get(struct api *api, struct call *call) {
    struct params params;
    struct str collection;
    struct feature_fields fields;
    struct etag_list none_match, match;
    struct object object;
    enum status st = params_parse(call->request, call->arena, &params, call->why);
    if (st == STATUS_OK) st = read_collection(call, &params, &collection);
    if (st == STATUS_OK) st = projection_param(&params, &fields);
    if (st == STATUS_OK) st = params_refuse_rest(&params);
    if (st == STATUS_OK) st = feature_check_name(call->param, "id", call->why);
    if (st == STATUS_OK) {
        st = etag_list_parse(call->request, STR("If-None-Match"), true, call->arena, &none_match,
                             call->why);
    }
    if (st == STATUS_OK) {
        st = etag_list_parse(call->request, STR("If-Match"), false, call->arena, &match, call->why);
    }
    if (st == STATUS_OK) {
        st = engine_get(api->options.engine, call->reader, collection, call->param, &object,
                        call->why);
    }
    if (st != STATUS_OK) return st;
    uint64_t etag = engine_etag(&object);
    if (match.given && !etag_list_has(&match, etag)) {
        return reason_set(call->why, STATUS_PRECONDITION, "the object has changed: If-Match fails");
    }
    if (none_match.given && etag_list_has(&none_match, etag)) {
        st = reply_etag(call, &object);
        return st == STATUS_OK ? STATUS_NOT_MODIFIED : st;
    }
    return reply_object(api, call, 200, collection, &object, &fields);
}

static enum status edit_open(struct api *api, struct call *call, enum feature_use use,
                             struct edit *e) {
    *e = (struct edit){0};
    buf_init(&e->scratch);
    enum status st = params_parse(call->request, call->arena, &e->params, call->why);
    if (st == STATUS_OK) st = read_collection(call, &e->params, &e->collection);
    if (st == STATUS_OK) st = params_refuse_rest(&e->params);
    if (st == STATUS_OK) {
        st = json_parse_body(call->request->body, call->arena, &e->json, call->why);
    }
    if (st == STATUS_OK) {
        st = feature_parse(e->json.root, use, &api->rest, clock_wall_ms(), call->arena, &e->scratch,
                           &e->feature, call->why);
    }
    return st;
}

static void edit_close(struct edit *e) {
    feature_release(&e->feature);
    buf_deinit(&e->scratch);
    json_free(&e->json);
}

static enum status read_collection(struct call *call, struct params *p, struct str *out) {
    enum status st = params_text(p, "collection", out);
    if (st != STATUS_OK || !out->p) return st;
    return feature_check_name(*out, "collection", call->why);
}

// The body may name the collection, too. `by_path`: the URL names the object, so the body may only agree.
static enum status agree_collection(struct call *call, bool by_path, struct edit *e) {
    struct str body = e->feature.collection;
    if (!body.p) return STATUS_OK;
    if (!by_path && !e->collection.p) {
        e->collection = body;
        return STATUS_OK;
    }
    struct str url = reply_collection(e->collection);
    if (str_eq(url, body)) return STATUS_OK;
    reason_set(call->why, STATUS_INVALID,
               "the URL names collection \"%.*s\", the body \"%.*s\": say ?collection= in the URL",
               url.len > 64 ? 64 : (int)url.len, url.p, body.len > 64 ? 64 : (int)body.len, body.p);
    reason_prefix(call->why, "/collection");
    return STATUS_INVALID;
}

static enum status take_id(struct call *call, struct edit *e) {
    enum status st = feature_check_name(call->param, "id", call->why);
    if (st != STATUS_OK) return st;
    if (e->feature.has_id && !str_eq(e->feature.draft.id, call->param)) {
        reason_set(call->why, STATUS_INVALID, "the id in the body is not the id in the URL");
        reason_prefix(call->why, "/id");
        return STATUS_INVALID;
    }
    e->feature.draft.id = call->param;
    return STATUS_OK;
}

static enum status read_conditions(struct call *call, struct change *change) {
    struct etag_list match, none;
    enum status st =
        etag_list_parse(call->request, STR("If-Match"), false, call->arena, &match, call->why);
    if (st == STATUS_OK) {
        st = etag_list_parse(call->request, STR("If-None-Match"), true, call->arena, &none,
                             call->why);
    }
    if (st != STATUS_OK) return st;
    if (none.given && !none.any) {
        return reason_set(call->why, STATUS_BAD_REQUEST,
                          "If-None-Match on a change must be *: only when it does not exist");
    }
    if (match.given && !match.any && match.count == 0) {
        return reason_set(call->why, STATUS_PRECONDITION, "If-Match names no state of this object");
    }
    change->if_absent = none.any;
    change->if_present = match.any;
    change->if_etags = match.tags;
    change->if_etag_count = match.count;
    return STATUS_OK;
}

static enum status apply(struct api *api, struct call *call, struct edit *e) {
    e->change.collection = e->collection;
    e->change.draft = e->feature.draft;
    uint64_t lsn = 0;
    enum status st =
        engine_apply(api->options.engine, call->reader, &e->change, 1, &e->result, &lsn, call->why);
    if (st == STATUS_OK && e->result.status != STATUS_OK) {
        *call->why = e->result.why;
        return e->result.status;
    }
    call->reply->wait_lsn = lsn;
    return st;
}

static enum status reply_changed(struct api *api, struct call *call, const struct edit *e) {
    return reply_object(api, call, e->result.created ? 201 : 200, e->collection, e->result.object,
                        NULL);
}
