#include "cli/feature_text.h"

#include <math.h>

#include "base/clock.h"
#include "base/mem.h"

#define SECONDS_MAX 1e10 // the year 2286; as milliseconds it is April 1970

static void *text_alloc(void *ctx, size_t size);
static void *text_realloc(void *ctx, void *ptr, size_t old_size, size_t size);
static void text_free(void *ctx, void *ptr);
static enum status find_id(yyjson_val *root, const struct feature_ids *ids, char number[40],
                           struct str *id, struct reason *why);
static enum status write_members(yyjson_val *root, struct buf *out);
static enum status read_time(yyjson_val *value, struct feature_time *time, struct reason *why);
static enum status write_expiry(yyjson_val *root, int64_t now_ms, struct buf *out,
                                struct reason *why);

void feature_text_begin(const struct feature_ids *ids, struct str id, uint64_t number,
                        struct buf *out) {
    buf_append_str(out, STR("{\"type\":\"Feature\",\"id\":"));
    size_t at = out->len;
    buf_append_json(out, ids->prefix);
    if (!out->failed) out->len--; // its closing quote: the id goes on
    if (id.len) {
        size_t quote = out->len;
        buf_append_json(out, id);
        if (!out->failed) {
            memmove(out->data + quote, out->data + quote + 1, out->len - quote - 1);
            out->len--;
        }
        return;
    }
    if (!ids->prefix.len && !out->failed) {
        out->len = at;
        buf_append_json(out, ids->collection);
        if (!out->failed) out->data[out->len - 1] = '-';
    }
    buf_append_u64(out, number);
    buf_append_char(out, '"');
}

enum status feature_text_json(yyjson_val *root, const struct feature_ids *ids, uint64_t number,
                              int64_t now_ms, struct buf *out, struct feature_time *time,
                              struct reason *why) {
    *time = (struct feature_time){0};
    if (!yyjson_is_obj(root)) return reason_set(why, STATUS_INVALID, "not a JSON object");
    bool is_geometry = !yyjson_obj_get(root, "geometry") && !yyjson_obj_get(root, "properties") &&
                       (yyjson_is_arr(yyjson_obj_get(root, "coordinates")) ||
                        yyjson_is_arr(yyjson_obj_get(root, "geometries"))) &&
                       !yyjson_equals_str(yyjson_obj_get(root, "type"), "Feature");
    struct str id = STR_NONE;
    char digits[40];
    if (is_geometry && yyjson_obj_get(root, "type")) {
        feature_text_begin(ids, id, number, out);
        buf_append_str(out, STR(",\"geometry\":"));
        return feature_text_value(root, out);
    }
    enum status st = find_id(root, ids, digits, &id, why);
    if (st == STATUS_OK) st = read_time(yyjson_obj_get(root, "time"), time, why);
    if (st != STATUS_OK) return st;
    feature_text_begin(ids, id, number, out);
    st = write_members(root, out);
    return st == STATUS_OK ? write_expiry(root, now_ms, out, why) : st;
}

void feature_text_end(const struct feature_time *time, struct buf *out) {
    if (time->given) {
        buf_append_str(out, STR(",\"time\":\""));
        buf_append_time(out, time->ms);
        buf_append_char(out, '"');
    }
    buf_append_char(out, '}');
}

enum status feature_text_value(yyjson_val *value, struct buf *out) {
    static const yyjson_alc heap = {text_alloc, text_realloc, text_free, NULL};
    size_t len = 0;
    char *text = yyjson_val_write_opts(value, 0, &heap, &len, NULL);
    if (!text) return STATUS_NO_MEMORY; // a value that was read can be written
    buf_append(out, text, len);
    mem_free(text);
    return buf_status(out);
}

bool feature_text_parse_time(struct str text, int64_t *unix_ms) {
    double number;
    if (!str_parse_double(text, &number)) return clock_parse_rfc3339(text, unix_ms);
    double ms = fabs(number) < SECONDS_MAX ? number * 1000 : number;
    if (fabs(ms) > SECONDS_MAX * 1000) return false;
    *unix_ms = (int64_t)llround(ms);
    return true;
}

static struct str text_of(yyjson_val *value) {
    return (struct str){yyjson_get_str(value), yyjson_get_len(value)};
}

// Numbers are ids, too (RFC 7946).
static enum status find_id(yyjson_val *root, const struct feature_ids *ids, char number[40],
                           struct str *id, struct reason *why) {
    yyjson_val *properties = yyjson_obj_get(root, "properties");
    yyjson_val *value =
        ids->column ? yyjson_obj_get(properties, ids->column) : yyjson_obj_get(root, "id");
    if (!value && !ids->column) value = yyjson_obj_get(properties, "id");
    if (yyjson_is_str(value)) {
        *id = text_of(value);
    } else if (yyjson_is_int(value)) {
        int n = yyjson_is_sint(value)
                    ? snprintf(number, 40, "%lld", (long long)yyjson_get_sint(value))
                    : snprintf(number, 40, "%llu", (unsigned long long)yyjson_get_uint(value));
        *id = (struct str){number, (size_t)n};
    } else if (yyjson_is_real(value)) {
        int n = snprintf(number, 40, "%.17g", yyjson_get_real(value));
        *id = (struct str){number, (size_t)n};
    } else if (ids->column) {
        return reason_set(why, STATUS_INVALID, "there is no property %s for the id", ids->column);
    }
    return STATUS_OK;
}

// All but what is written in another way. The server names those it does not know.
static enum status write_members(yyjson_val *root, struct buf *out) {
    static const char *const passed_over[] = {"type", "id", "collection", "time", "expires_at"};
    yyjson_obj_iter iter = yyjson_obj_iter_with(root);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter));) {
        bool skip = false;
        for (size_t i = 0; i < sizeof passed_over / sizeof *passed_over; i++)
            skip |= yyjson_equals_str(key, passed_over[i]);
        if (skip) continue;
        buf_append_char(out, ',');
        buf_append_json(out, text_of(key));
        buf_append_char(out, ':');
        enum status st = feature_text_value(yyjson_obj_iter_get_val(key), out);
        if (st != STATUS_OK) return st;
    }
    return buf_status(out);
}

static enum status read_time(yyjson_val *value, struct feature_time *time, struct reason *why) {
    if (!value || yyjson_is_null(value)) return STATUS_OK;
    time->given = true;
    if (yyjson_is_str(value) && feature_text_parse_time(text_of(value), &time->ms))
        return STATUS_OK;
    return reason_set(why, STATUS_INVALID, "time must be RFC 3339, as 2026-01-02T03:04:05Z");
}

static enum status write_expiry(yyjson_val *root, int64_t now_ms, struct buf *out,
                                struct reason *why) {
    yyjson_val *value = yyjson_obj_get(root, "expires_at");
    int64_t ms;
    if (!yyjson_is_str(value) || yyjson_obj_get(root, "expires_in")) return STATUS_OK;
    if (!clock_parse_rfc3339(text_of(value), &ms))
        return reason_set(why, STATUS_INVALID, "expires_at must be RFC 3339");
    if (ms <= now_ms) return reason_set(why, STATUS_INVALID, "it has expired");
    buf_append_str(out, STR(",\"expires_in\":"));
    buf_append_fixed(out, (double)(ms - now_ms) / 1000, 3);
    return buf_status(out);
}

static void *text_alloc(void *ctx, size_t size) {
    (void)ctx;
    return mem_alloc(size);
}

static void *text_realloc(void *ctx, void *ptr, size_t old_size, size_t size) {
    (void)ctx;
    (void)old_size;
    return mem_realloc(ptr, size);
}

static void text_free(void *ctx, void *ptr) {
    (void)ctx;
    mem_free(ptr);
}
