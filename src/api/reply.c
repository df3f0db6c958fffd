#include "api/reply.h"

#include "api/etag.h"

static enum status add_location(struct call *call, struct str collection, struct str id);
static enum status add_header(struct call *call, struct str name, struct buf *value_take);

enum status reply_object(struct api *api, struct call *call, int status, struct str collection,
                         const struct object *object, const struct feature_fields *fields) {
    call->reply->status = status;
    enum status st = reply_etag(call, object);
    if (st == STATUS_OK && status == 201) st = add_location(call, collection, object_id(object));
    if (st != STATUS_OK) return st;
    buf_reserve(&call->reply->body, 640 + object->properties_len);
    feature_write(api->options.engine, collection, object, fields, NULL, &call->reply->body);
    return buf_status(&call->reply->body);
}

enum status reply_etag(struct call *call, const struct object *object) {
    return reply_etag_value(call, engine_etag(object));
}

enum status reply_etag_value(struct call *call, uint64_t value) {
    char *etag = arena_alloc(call->arena, ETAG_BYTES);
    if (!etag) return STATUS_NO_MEMORY;
    etag_write(value, etag);
    http_reply_header(call->reply, STR("ETag"), (struct str){etag, ETAG_BYTES});
    return STATUS_OK;
}

enum status reply_location(struct call *call, struct str path, struct str id) {
    struct buf at;
    buf_init(&at);
    buf_append_str(&at, path);
    http_encode(&at, id);
    return add_header(call, STR("Location"), &at);
}

enum status reply_next_link(struct call *call, struct str next) {
    const struct http_request *r = call->request;
    struct buf link;
    buf_init(&link);
    buf_append_char(&link, '<');
    buf_append_str(&link, r->raw_path);
    buf_append_char(&link, '?');
    struct str rest = r->query, part;
    while (rest.len && str_split(&rest, '&', &part)) {
        if (part.len == 0 || str_starts(part, STR("cursor="))) continue;
        buf_append_str(&link, part);
        buf_append_char(&link, '&');
    }
    REPLY_LITERAL(&link, "cursor=");
    http_encode(&link, next);
    REPLY_LITERAL(&link, ">; rel=\"next\"");
    return add_header(call, STR("Link"), &link);
}

static enum status add_location(struct call *call, struct str collection, struct str id) {
    struct buf at;
    buf_init(&at);
    REPLY_LITERAL(&at, "/api/v1/objects/");
    http_encode(&at, id);
    if (collection.len && !str_eq(collection, STR("default"))) {
        REPLY_LITERAL(&at, "?collection=");
        http_encode(&at, collection);
    }
    return add_header(call, STR("Location"), &at);
}

static enum status add_header(struct call *call, struct str name, struct buf *value_take) {
    struct str value = arena_str(call->arena, buf_str(value_take));
    bool ok = !value_take->failed && value.p;
    buf_deinit(value_take);
    if (!ok) return STATUS_NO_MEMORY;
    http_reply_header(call->reply, name, value);
    return STATUS_OK;
}
