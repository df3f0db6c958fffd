// json_keys.c - member names, compared one by one or by hash.

#include "engine/json_keys.h"

#include "base/hash.h"
#include "base/mem.h"

#define FEW 12

static enum status keys_table(struct json_keys *k, struct reason *why);
static enum status keys_compare(const struct json_keys *k, struct reason *why);
static enum status duplicate(struct str name, struct reason *why);

static struct str key_str(yyjson_val *key) {
    return (struct str){yyjson_get_str(key), yyjson_get_len(key)};
}

enum status json_keys_init(struct json_keys *k, yyjson_val *object, struct reason *why) {
    size_t count = yyjson_obj_size(object);
    *k = (struct json_keys){.object = object, .count = (uint32_t)count};
    if (count <= FEW) {
        return keys_compare(k, why);
    }
    if (count > UINT32_MAX / 4) {
        return reason_set(why, STATUS_TOO_LARGE, "an object has too many members");
    }
    return keys_table(k, why);
}

void json_keys_deinit(struct json_keys *k) {
    mem_free(k->table);
    mem_free(k->keys);
}

uint32_t json_keys_find(const struct json_keys *k, struct str name, yyjson_val **value) {
    if (!k->table) {
        yyjson_obj_iter it = yyjson_obj_iter_with(k->object);
        uint32_t i = 0;
        for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)); i++) {
            if (str_eq(key_str(key), name)) {
                *value = yyjson_obj_iter_get_val(key);
                return i;
            }
        }
        return JSON_KEYS_NONE;
    }
    uint32_t at = (uint32_t)hash_bytes(name.p, name.len, k->seed) & k->mask;
    for (; k->table[at]; at = (at + 1) & k->mask) {
        uint32_t i = k->table[at] - 1;
        if (str_eq(key_str(k->keys[i]), name)) {
            *value = yyjson_obj_iter_get_val(k->keys[i]);
            return i;
        }
    }
    return JSON_KEYS_NONE;
}

void json_keys_prefix(struct reason *why, struct str name) {
    if (!why) {
        return;
    }
    char text[sizeof why->pointer];
    size_t len = 0;
    for (size_t i = 0; i < name.len && len + 2 < sizeof text; i++) {
        char c = name.p[i];
        if (c == '~' || c == '/') {
            text[len++] = '~';
            c = c == '~' ? '0' : '1';
        }
        text[len++] = c ? c : ' ';
    }
    reason_prefix(why, "/%.*s", (int)len, text);
}

static enum status keys_compare(const struct json_keys *k, struct reason *why) {
    struct str names[FEW];
    uint32_t n = 0;
    yyjson_obj_iter it = yyjson_obj_iter_with(k->object);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)); n++) {
        names[n] = key_str(key);
        for (uint32_t i = 0; i < n; i++) {
            if (str_eq(names[i], names[n])) {
                return duplicate(names[n], why);
            }
        }
    }
    return STATUS_OK;
}

static enum status keys_table(struct json_keys *k, struct reason *why) {
    uint32_t size = 64;
    while (size < k->count * 2) {
        size *= 2;
    }
    k->mask = size - 1;
    k->table = mem_zalloc(size, sizeof *k->table);
    k->keys = mem_zalloc(k->count, sizeof(yyjson_val *));
    if (!k->table || !k->keys) {
        return STATUS_NO_MEMORY;
    }
    k->seed = hash_mix((uintptr_t)k->table); // where the heap lies is not the sender's choice
    uint32_t n = 0;
    yyjson_obj_iter it = yyjson_obj_iter_with(k->object);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)); n++) {
        struct str name = key_str(key);
        uint32_t at = (uint32_t)hash_bytes(name.p, name.len, k->seed) & k->mask;
        for (; k->table[at]; at = (at + 1) & k->mask) {
            if (str_eq(key_str(k->keys[k->table[at] - 1]), name)) {
                return duplicate(name, why);
            }
        }
        k->keys[n] = key;
        k->table[at] = n + 1;
    }
    return STATUS_OK;
}

static enum status duplicate(struct str name, struct reason *why) {
    size_t shown = name.len < 64 ? name.len : 64;
    reason_set(why, STATUS_BAD_REQUEST, "the member \"%.*s\" is there twice", (int)shown, name.p);
    json_keys_prefix(why, name);
    return STATUS_BAD_REQUEST;
}
