// properties_write.c - making canonical text: from parsed JSON, and by merge patch.
//
// A patch is merged as a stream: members of the old text that the patch does not name are copied
// as they stand, so a small patch of large properties costs a copy, not a parse.

#include <string.h>

#include "base/mem.h"
#include "engine/json_keys.h"
#include "engine/properties.h"
#include "engine/properties_scan.h"

static enum status write_value(yyjson_val *val, unsigned depth, struct buf *out,
                               struct reason *why);
static enum status write_object(yyjson_val *object, unsigned depth, struct buf *out,
                                struct reason *why);
static enum status write_array(yyjson_val *array, unsigned depth, struct buf *out,
                               struct reason *why);
static void write_number(yyjson_val *val, struct buf *out);
static enum status merge(struct str old, yyjson_val *patch, unsigned depth, struct buf *out,
                         struct reason *why);
static enum status merge_members(struct str old, const struct json_keys *keys, uint8_t *used,
                                 unsigned depth, struct buf *out, struct reason *why);

static struct str val_str(yyjson_val *val) {
    return (struct str){yyjson_get_str(val), yyjson_get_len(val)};
}

static enum status too_deep(struct reason *why) {
    return reason_set(why, STATUS_BAD_REQUEST, "properties are nested deeper than %d levels",
                      PROPERTIES_DEPTH);
}

enum status properties_canonical(yyjson_val *object, struct buf *out, struct reason *why) {
    if (!object || yyjson_is_null(object)) {
        buf_append_str(out, STR("{}"));
        return buf_status(out);
    }
    if (!yyjson_is_obj(object)) {
        return reason_set(why, STATUS_BAD_REQUEST, "properties must be an object or null");
    }
    enum status st = write_object(object, 1, out, why);
    return st == STATUS_OK ? buf_status(out) : st;
}

enum status properties_canonical_value(yyjson_val *val, struct buf *out, struct reason *why) {
    enum status st = write_value(val, 0, out, why);
    return st == STATUS_OK ? buf_status(out) : st;
}

enum status properties_merge(struct str properties, yyjson_val *patch, struct buf *out,
                             struct reason *why) {
    if (!yyjson_is_obj(patch)) {
        return reason_set(why, STATUS_BAD_REQUEST, "a patch of properties must be an object");
    }
    enum status st = merge(properties.len ? properties : STR("{}"), patch, 1, out, why);
    return st == STATUS_OK ? buf_status(out) : st;
}

static enum status write_value(yyjson_val *val, unsigned depth, struct buf *out,
                               struct reason *why) {
    switch (yyjson_get_type(val)) {
    case YYJSON_TYPE_OBJ: return write_object(val, depth + 1, out, why);
    case YYJSON_TYPE_ARR: return write_array(val, depth + 1, out, why);
    case YYJSON_TYPE_STR: buf_append_json(out, val_str(val)); break;
    case YYJSON_TYPE_NUM: write_number(val, out); break;
    case YYJSON_TYPE_BOOL:
        buf_append_str(out, yyjson_get_bool(val) ? STR("true") : STR("false"));
        break;
    default: buf_append_str(out, STR("null")); break;
    }
    return STATUS_OK;
}

static enum status write_object(yyjson_val *object, unsigned depth, struct buf *out,
                                struct reason *why) {
    if (depth > PROPERTIES_DEPTH) {
        return too_deep(why);
    }
    struct json_keys keys;
    enum status st = json_keys_init(&keys, object, why);
    json_keys_deinit(&keys);
    char before = '{';
    yyjson_obj_iter it = yyjson_obj_iter_with(object);
    for (yyjson_val *key; st == STATUS_OK && (key = yyjson_obj_iter_next(&it)); before = ',') {
        buf_append_char(out, before);
        buf_append_json(out, val_str(key));
        buf_append_char(out, ':');
        st = write_value(yyjson_obj_iter_get_val(key), depth, out, why);
        if (st != STATUS_OK) {
            json_keys_prefix(why, val_str(key));
        }
    }
    buf_append_str(out, before == '{' ? STR("{}") : STR("}"));
    return st;
}

static enum status write_array(yyjson_val *array, unsigned depth, struct buf *out,
                               struct reason *why) {
    if (depth > PROPERTIES_DEPTH) {
        return too_deep(why);
    }
    buf_append_char(out, '[');
    yyjson_arr_iter it = yyjson_arr_iter_with(array);
    size_t i = 0;
    for (yyjson_val *val; (val = yyjson_arr_iter_next(&it)); i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        enum status st = write_value(val, depth, out, why);
        if (st != STATUS_OK) {
            reason_prefix(why, "/%zu", i);
            return st;
        }
    }
    buf_append_char(out, ']');
    return STATUS_OK;
}

static void write_number(yyjson_val *val, struct buf *out) {
    if (yyjson_is_uint(val)) {
        buf_append_u64(out, yyjson_get_uint(val));
    } else if (yyjson_is_sint(val)) {
        buf_append_i64(out, yyjson_get_sint(val));
    } else {
        buf_append_double(out, yyjson_get_real(val));
    }
}

static void member_begin(struct buf *out, size_t start, struct str raw_key) {
    buf_append_char(out, out->len == start ? '{' : ',');
    buf_append_char(out, '"');
    buf_append_str(out, raw_key);
    buf_append_str(out, STR("\":"));
}

/// `patch` is an object; `old` canonical text of an object.
static enum status merge(struct str old, yyjson_val *patch, unsigned depth, struct buf *out,
                         struct reason *why) {
    if (depth > PROPERTIES_DEPTH) {
        return too_deep(why);
    }
    struct json_keys keys;
    uint8_t few[32] = {0};
    uint8_t *used = few, *many = NULL;
    enum status st = json_keys_init(&keys, patch, why);
    if (st == STATUS_OK && keys.count > sizeof few) {
        used = many = mem_zalloc(keys.count, 1);
        st = many ? STATUS_OK : STATUS_NO_MEMORY;
    }
    if (st == STATUS_OK) {
        st = merge_members(old, &keys, used, depth, out, why);
    }
    mem_free(many);
    json_keys_deinit(&keys);
    return st;
}

static enum status merge_value(const struct property *old, yyjson_val *patch, unsigned depth,
                               struct buf *out, struct reason *why) {
    if (!yyjson_is_obj(patch)) {
        return write_value(patch, depth, out, why);
    }
    bool both = old && old->kind == PROPERTY_OBJECT;
    return merge(both ? old->text : STR("{}"), patch, depth + 1, out, why);
}

static enum status merge_members(struct str old, const struct json_keys *keys, uint8_t *used,
                                 unsigned depth, struct buf *out, struct reason *why) {
    size_t start = out->len;
    struct properties_scan scan = properties_scan(old);
    struct buf scratch;
    buf_init(&scratch);
    enum status st = STATUS_OK;
    while (st == STATUS_OK && properties_scan_next(&scan)) {
        yyjson_val *val = NULL;
        struct property key = {
            .kind = PROPERTY_STRING, .text = scan.key, .escaped = scan.key_escaped};
        uint32_t n = json_keys_find(keys, property_string(&key, &scratch), &val);
        if (n == JSON_KEYS_NONE) {
            member_begin(out, start, scan.key);
            buf_append_str(out, scan.value);
            continue;
        }
        used[n] = 1;
        if (!yyjson_is_null(val)) {
            struct property before;
            properties_scan_value(&scan, &before);
            member_begin(out, start, scan.key);
            st = merge_value(&before, val, depth, out, why);
            if (st != STATUS_OK) {
                json_keys_prefix(why, property_string(&key, &scratch));
            }
        }
    }
    if (st == STATUS_OK && scratch.failed) {
        st = STATUS_NO_MEMORY;
    }
    buf_deinit(&scratch);
    yyjson_obj_iter it = yyjson_obj_iter_with(keys->object);
    uint32_t n = 0;
    for (yyjson_val *key; st == STATUS_OK && (key = yyjson_obj_iter_next(&it)); n++) {
        yyjson_val *val = yyjson_obj_iter_get_val(key);
        if (used[n] || yyjson_is_null(val)) {
            continue;
        }
        buf_append_char(out, out->len == start ? '{' : ',');
        buf_append_json(out, val_str(key));
        buf_append_char(out, ':');
        st = merge_value(NULL, val, depth, out, why);
        if (st != STATUS_OK) {
            json_keys_prefix(why, val_str(key));
        }
    }
    buf_append_str(out, out->len == start ? STR("{}") : STR("}"));
    return st;
}
