// collections.c - what collections there are, one of them, and dropping one.

#include "api/endpoints.h"
#include "api/name_cursor.h"
#include "api/params.h"
#include "api/reply.h"

#define LIMIT_DEFAULT 100

static void write_collection(const struct collection_info *info, struct buf *out);

enum status api_collections_list(struct api *api, struct call *call) {
    struct params params;
    struct str after = STR_NONE, next = STR_NONE;
    struct collection_info *infos = NULL;
    size_t count = 0;
    uint32_t limit = LIMIT_DEFAULT;
    enum status st = params_parse(call->request, call->arena, &params, call->why);
    if (st == STATUS_OK) {
        st = params_count(&params, "limit", api->options.limit_results, "limits.results", &limit,
                          NULL);
    }
    if (st == STATUS_OK) st = name_cursor_param(&params, &after);
    if (st == STATUS_OK) st = params_refuse_rest(&params);
    if (st == STATUS_OK) {
        st = engine_collections(api->options.engine, call->reader, after, (size_t)limit + 1,
                                call->arena, &infos, &count);
    }
    if (st == STATUS_OK && count > limit) {
        count = limit;
        st = name_cursor_write(infos[limit - 1].name, call->arena, &next);
        if (st == STATUS_OK) st = reply_next_link(call, next);
    }
    if (st != STATUS_OK) return st;
    struct buf *out = &call->reply->body;
    REPLY_LITERAL(out, "{\"collections\":[");
    for (size_t i = 0; i < count; i++) {
        if (i) buf_append_char(out, ',');
        write_collection(&infos[i], out);
    }
    REPLY_LITERAL(out, "],\"numberReturned\":");
    buf_append_u64(out, count);
    if (next.p) {
        REPLY_LITERAL(out, ",\"next\":");
        buf_append_json(out, next);
    }
    buf_append_char(out, '}');
    return STATUS_OK;
}

enum status api_collections_get(struct api *api, struct call *call) {
    struct params params;
    struct collection_info *info = NULL;
    size_t count = 0;
    char before[OBJECT_COLLECTION_MAX + 1];
    struct str name = call->param;
    enum status st = params_parse(call->request, call->arena, &params, call->why);
    if (st == STATUS_OK) st = params_refuse_rest(&params);
    if (st == STATUS_OK) st = feature_check_name(name, "collection", call->why);
    if (st != STATUS_OK) return st;
    // The engine lists names after a text. No name lies between this text and `name`: 0xff is in no UTF-8.
    memcpy(before, name.p, name.len);
    before[name.len - 1]--;
    before[name.len] = (char)0xff;
    st = engine_collections(api->options.engine, call->reader, (struct str){before, name.len + 1},
                            1, call->arena, &info, &count);
    if (st != STATUS_OK) return st;
    if (count == 0 || !str_eq(info->name, name)) {
        return reason_set(call->why, STATUS_NOT_FOUND, "there is no collection \"%.*s\"",
                          name.len > 64 ? 64 : (int)name.len, name.p);
    }
    write_collection(info, &call->reply->body);
    return STATUS_OK;
}

enum status api_collections_delete(struct api *api, struct call *call) {
    struct params params;
    enum status st = params_parse(call->request, call->arena, &params, call->why);
    if (st == STATUS_OK) st = params_refuse_rest(&params);
    if (st == STATUS_OK) st = feature_check_name(call->param, "collection", call->why);
    if (st != STATUS_OK) return st;
    call->reply->status = 204;
    return engine_drop(api->options.engine, call->reader, call->param, &call->reply->wait_lsn,
                       call->why);
}

// RFC 7946 spells a box over the antimeridian west > east.
static double wrapped(double lon) {
    return lon > 180 ? lon - 360 : lon;
}

static void write_collection(const struct collection_info *info, struct buf *out) {
    REPLY_LITERAL(out, "{\"id\":");
    buf_append_json(out, info->name);
    REPLY_LITERAL(out, ",\"count\":");
    buf_append_u64(out, info->count);
    REPLY_LITERAL(out, ",\"bytes\":");
    buf_append_u64(out, info->bytes);
    REPLY_LITERAL(out, ",\"index_bytes\":");
    buf_append_u64(out, info->index_bytes);
    REPLY_LITERAL(out, ",\"index\":");
    buf_append_json(out, str_of(info->index));
    if (!bbox_is_empty(&info->extent)) {
        const struct bbox *b = &info->extent;
        bool whole = b->max_lon - b->min_lon >= 360;
        const double wsen[] = {whole ? -180 : b->min_lon, b->min_lat,
                               whole ? 180 : wrapped(b->max_lon), b->max_lat};
        REPLY_LITERAL(out, ",\"extent\":{\"spatial\":{\"bbox\":[[");
        for (int i = 0; i < 4; i++) {
            if (i) buf_append_char(out, ',');
            buf_append_fixed(out, wsen[i], 8);
        }
        REPLY_LITERAL(out, "]]}}");
    }
    REPLY_LITERAL(out, ",\"created_at\":\"");
    buf_append_time(out, info->created_ms);
    REPLY_LITERAL(out, "\"}");
}
