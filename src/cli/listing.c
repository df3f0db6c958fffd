#include "cli/listing.h"

#include "proto/http.h"

enum { PAGE_OBJECTS = 1000, PATIENCE_S = 30 };

static enum status next_page(struct listing *l, struct reason *why);

void listing_open(struct target *target, struct str collection, struct listing *l) {
    *l = (struct listing){.target = target, .collection = collection};
    buf_init(&l->path);
    buf_init(&l->answer);
}

void listing_close(struct listing *l) {
    json_free(&l->page);
    buf_deinit(&l->path);
    buf_deinit(&l->answer);
}

enum status listing_next(struct listing *l, yyjson_val **feature, struct reason *why) {
    why->text[0] = '\0';
    for (;;) {
        *feature = l->begun ? yyjson_arr_iter_next(&l->features) : NULL;
        if (*feature) return STATUS_OK;
        if (l->ended) return STATUS_NOT_FOUND;
        enum status st = next_page(l, why);
        if (st != STATUS_OK) return st;
    }
}

static enum status next_page(struct listing *l, struct reason *why) {
    yyjson_val *next = l->begun ? yyjson_obj_get(l->page.root, "next") : NULL;
    struct str cursor = {yyjson_get_str(next), yyjson_get_len(next)};
    buf_clear(&l->path);
    buf_printf(&l->path, "/api/v1/objects?limit=%d&collection=", PAGE_OBJECTS);
    http_encode(&l->path, l->collection);
    if (cursor.len) {
        buf_append_str(&l->path, STR("&cursor="));
        http_encode(&l->path, cursor);
    }
    buf_append_char(&l->path, '\0');
    json_free(&l->page);
    l->begun = false;
    if (l->path.failed) return STATUS_NO_MEMORY;
    struct target_call call = {.method = "GET", .path = l->path.data, .answer = &l->answer};
    enum status st = target_call(l->target, &call, PATIENCE_S, why);
    if (st == STATUS_OK) st = json_parse(buf_str(&l->answer), NULL, &l->page, why);
    if (st != STATUS_OK) return st;
    l->features = yyjson_arr_iter_with(yyjson_obj_get(l->page.root, "features"));
    l->begun = true;
    l->ended = !yyjson_is_str(yyjson_obj_get(l->page.root, "next"));
    return STATUS_OK;
}
