#include "api/projection.h"

static enum status add(struct str *names, size_t *count, struct str name, struct reason *why);

enum status projection_param(struct params *p, struct feature_fields *out) {
    struct str list, name;
    *out = (struct feature_fields){0};
    enum status st = params_text(p, "fields", &list);
    if (st != STATUS_OK || !list.p) return st;
    struct str *names = arena_alloc(p->arena, PROJECTION_MAX * sizeof *names);
    if (!names) return STATUS_NO_MEMORY;
    while (st == STATUS_OK && str_split(&list, ',', &name)) {
        name = str_trim(name);
        if (name.len) st = add(names, &out->count, name, p->why);
    }
    out->names = names;
    return st;
}

enum status projection_json(yyjson_val *list, struct arena *arena, struct feature_fields *out,
                            struct reason *why) {
    if (!list) return STATUS_OK;
    struct str *names = arena_alloc(arena, PROJECTION_MAX * sizeof *names);
    if (!names) return STATUS_NO_MEMORY;
    *out = (struct feature_fields){.names = names};
    if (!yyjson_is_arr(list)) {
        return reason_set(why, STATUS_BAD_REQUEST, "fields must be an array of names");
    }
    yyjson_arr_iter iter = yyjson_arr_iter_with(list);
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&iter));) {
        struct str name = {yyjson_get_str(item), yyjson_get_len(item)};
        enum status st = name.p ? add(names, &out->count, name, why)
                                : reason_set(why, STATUS_BAD_REQUEST, "a field is a string");
        if (st != STATUS_OK) {
            reason_prefix(why, "/%zu", out->count);
            return st;
        }
    }
    return STATUS_OK;
}

// A name that is given twice is written once: JSON objects have unique names.
static enum status add(struct str *names, size_t *count, struct str name, struct reason *why) {
    for (size_t i = 0; i < *count; i++) {
        if (str_eq(names[i], name)) return STATUS_OK;
    }
    if (*count == PROJECTION_MAX) {
        return reason_set(why, STATUS_INVALID, "fields may name at most %d properties",
                          PROJECTION_MAX);
    }
    names[(*count)++] = name;
    return STATUS_OK;
}
