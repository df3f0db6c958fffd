#include "server/config_value.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

static enum status text_parse(struct str text, char **at, struct reason *why);
static enum status number_parse(const struct config_key *key, struct str text, void *at,
                                struct reason *why);
static enum status choice_parse(const struct config_key *key, struct str text, int *at,
                                struct reason *why);
static void ms_show(uint32_t ms, struct buf *out);
static void bytes_show(uint64_t bytes, struct buf *out);

static bool is_text(enum config_kind kind) {
    return kind == CONFIG_TEXT || kind == CONFIG_SECRET || kind == CONFIG_LIST;
}

enum status config_value_parse(const struct config_key *key, struct str text, void *at,
                               struct reason *why) {
    if (is_text(key->kind)) return text_parse(text, at, why);
    if (key->kind == CONFIG_CHOICE) return choice_parse(key, text, at, why);
    if (key->kind != CONFIG_BOOL) return number_parse(key, text, at, why);
    if (str_parse_bool(text, at)) return STATUS_OK;
    return reason_set(why, STATUS_INVALID, "\"%.*s\" is not true or false", STR_ARGS(text));
}

void config_value_show(const struct config_key *key, const void *at, struct buf *out) {
    switch (key->kind) {
    case CONFIG_TEXT:
    case CONFIG_LIST: buf_append_str(out, str_of(*(char *const *)at)); break;
    case CONFIG_SECRET: buf_append_str(out, **(char *const *)at ? STR("(set)") : STR("")); break;
    case CONFIG_BOOL: buf_append_str(out, *(const bool *)at ? STR("true") : STR("false")); break;
    case CONFIG_NUMBER: buf_append_u64(out, *(const uint32_t *)at); break;
    case CONFIG_BYTES: bytes_show(*(const uint64_t *)at, out); break;
    case CONFIG_MS:
    case CONFIG_SECONDS: ms_show(*(const uint32_t *)at, out); break;
    case CONFIG_DEGREES: buf_append_double(out, *(const double *)at); break;
    case CONFIG_CHOICE: buf_append_str(out, str_of(key->choices[*(const int *)at])); break;
    }
}

bool config_value_same(const struct config_key *key, const void *a, const void *b) {
    if (is_text(key->kind)) return strcmp(*(char *const *)a, *(char *const *)b) == 0;
    switch (key->kind) {
    case CONFIG_BOOL: return *(const bool *)a == *(const bool *)b;
    case CONFIG_BYTES: return *(const uint64_t *)a == *(const uint64_t *)b;
    case CONFIG_DEGREES: return *(const double *)a == *(const double *)b;
    default: return memcmp(a, b, sizeof(uint32_t)) == 0;
    }
}

bool config_value_parse_ms(struct str text, uint64_t unit_ms, uint32_t *out) {
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1},      {"s", 1000},    {"m", 60000},
                 {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t end = text.len;
    while (end > 0 && text.p[end - 1] >= 'a' && text.p[end - 1] <= 'z')
        end--;
    struct str unit = str_sub(text, end, text.len - end);
    double factor = unit.len ? 0 : (double)unit_ms, value;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (str_eq(unit, str_of(units[i].name))) factor = units[i].ms;
    }
    if (factor == 0 || !str_parse_double(str_trim(str_sub(text, 0, end)), &value)) return false;
    double ms = value * factor;
    if (!(ms >= 0 && ms <= UINT32_MAX)) return false;
    *out = (uint32_t)llround(ms);
    return ms == 0 || *out > 0;
}

static enum status text_parse(struct str text, char **at, struct reason *why) {
    if (str_has_control(text) || !str_is_utf8(text)) {
        return reason_set(why, STATUS_INVALID, "control characters or bytes that are not UTF-8");
    }
    char *copy = mem_alloc(text.len + 1);
    if (!copy) return STATUS_NO_MEMORY;
    if (text.len) memcpy(copy, text.p, text.len);
    copy[text.len] = 0;
    mem_free(*at);
    *at = copy;
    return STATUS_OK;
}

static enum status range_fail(const struct config_key *key, struct str text, struct reason *why) {
    struct buf low, high;
    buf_init(&low);
    buf_init(&high);
    const char *what = "a whole number";
    if (key->kind == CONFIG_BYTES) {
        bytes_show((uint64_t)key->min, &low);
        bytes_show((uint64_t)key->max, &high);
        what = "a size such as 64MiB";
    } else if (key->kind == CONFIG_MS || key->kind == CONFIG_SECONDS) {
        ms_show((uint32_t)key->min, &low);
        ms_show((uint32_t)key->max, &high);
        what = key->kind == CONFIG_MS ? "a time such as 1s or 500ms (a bare number: milliseconds)"
                                      : "a time such as 30s or 5m (a bare number: seconds)";
    } else {
        if (key->kind == CONFIG_DEGREES) what = "a number";
        buf_append_double(&low, key->min);
        buf_append_double(&high, key->max);
    }
    enum status st =
        reason_set(why, STATUS_INVALID, "\"%.*s\" is not %s from %.*s to %.*s", STR_ARGS(text),
                   what, STR_ARGS(buf_str(&low)), STR_ARGS(buf_str(&high)));
    buf_deinit(&low);
    buf_deinit(&high);
    return st;
}

static enum status number_parse(const struct config_key *key, struct str text, void *at,
                                struct reason *why) {
    uint64_t whole = 0;
    uint32_t ms = 0;
    double number = 0;
    bool good = false;
    switch (key->kind) {
    case CONFIG_NUMBER: good = str_parse_u64(text, &whole); break;
    case CONFIG_BYTES: good = str_parse_bytes(text, &whole); break;
    case CONFIG_MS: good = config_value_parse_ms(text, 1, &ms); break;
    case CONFIG_SECONDS: good = config_value_parse_ms(text, 1000, &ms); break;
    default: good = str_parse_double(text, &number); break;
    }
    double value = key->kind == CONFIG_NUMBER || key->kind == CONFIG_BYTES ? (double)whole
                   : key->kind == CONFIG_DEGREES                           ? number
                                                                           : (double)ms;
    if (!good || value < key->min || value > key->max) return range_fail(key, text, why);
    switch (key->kind) {
    case CONFIG_NUMBER: *(uint32_t *)at = (uint32_t)whole; break;
    case CONFIG_BYTES: *(uint64_t *)at = whole; break;
    case CONFIG_DEGREES: *(double *)at = number; break;
    default: *(uint32_t *)at = ms; break;
    }
    return STATUS_OK;
}

static enum status choice_parse(const struct config_key *key, struct str text, int *at,
                                struct reason *why) {
    for (int i = 0; key->choices[i]; i++) {
        if (!str_eq_nocase(text, str_of(key->choices[i]))) continue;
        *at = i;
        return STATUS_OK;
    }
    struct buf names;
    buf_init(&names);
    for (int i = 0; key->choices[i]; i++) {
        if (i) buf_append_str(&names, STR(", "));
        buf_append_str(&names, str_of(key->choices[i]));
    }
    enum status st = reason_set(why, STATUS_INVALID, "\"%.*s\" is not one of %.*s", STR_ARGS(text),
                                STR_ARGS(buf_str(&names)));
    buf_deinit(&names);
    return st;
}

static void ms_show(uint32_t ms, struct buf *out) {
    if (ms % 1000 == 0) {
        buf_append_u64(out, ms / 1000);
        buf_append_char(out, 's');
    } else {
        buf_append_u64(out, ms);
        buf_append_str(out, STR("ms"));
    }
}

static void bytes_show(uint64_t bytes, struct buf *out) {
    static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    unsigned u = 0;
    while (bytes && bytes % 1024 == 0 && u < 4) {
        bytes /= 1024;
        u++;
    }
    buf_append_u64(out, bytes);
    buf_append_str(out, str_of(units[u]));
}
