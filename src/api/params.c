#include "api/params.h"

static struct param *find(struct params *p, const char *name, enum status *st);

enum status params_parse(const struct http_request *request, struct arena *arena,
                         struct params *out, struct reason *why) {
    *out = (struct params){.arena = arena, .why = why};
    struct str rest = request->query;
    if (rest.len == 0) return STATUS_OK;
    size_t cap = 1;
    for (size_t i = 0; i < rest.len; i++)
        cap += rest.p[i] == '&';
    if (cap > PARAMS_MAX) {
        return reason_set(why, STATUS_BAD_REQUEST, "more than %d query parameters", PARAMS_MAX);
    }
    out->items = arena_zalloc(arena, cap, sizeof *out->items);
    if (!out->items) return STATUS_NO_MEMORY;
    for (;;) {
        struct param *item = &out->items[out->count];
        bool more;
        enum status st = http_query_next(&rest, arena, &item->name, &item->value, &more);
        if (st == STATUS_BAD_REQUEST) {
            return reason_set(why, st, "the query string has a broken %% escape or is not UTF-8");
        }
        if (st != STATUS_OK || !more) return st;
        out->count++;
    }
}

enum status params_text(struct params *p, const char *name, struct str *out) {
    enum status st;
    struct param *item = find(p, name, &st);
    *out = item ? item->value : STR_NONE;
    return st;
}

enum status params_number(struct params *p, const char *name, double *out, bool *given) {
    enum status st;
    struct param *item = find(p, name, &st);
    if (given) *given = item;
    if (!item) return st;
    if (str_parse_double(item->value, out)) return STATUS_OK;
    return reason_set(p->why, STATUS_BAD_REQUEST, "%s must be a finite number", name);
}

enum status params_count(struct params *p, const char *name, uint32_t max, const char *limit_key,
                         uint32_t *out, bool *given) {
    enum status st;
    struct param *item = find(p, name, &st);
    if (given) *given = item;
    if (!item) return st;
    int64_t value;
    if (!str_parse_i64(item->value, &value)) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "%s must be a whole number", name);
    }
    if (value < 1 || value > max) {
        return reason_set(p->why, STATUS_INVALID, "%s must be between 1 and %u (%s)", name, max,
                          limit_key);
    }
    *out = (uint32_t)value;
    return STATUS_OK;
}

enum status params_flag(struct params *p, const char *name, bool *out) {
    enum status st;
    struct param *item = find(p, name, &st);
    if (!item) return st;
    if (str_parse_bool(item->value, out)) return STATUS_OK;
    return reason_set(p->why, STATUS_BAD_REQUEST, "%s must be true or false", name);
}

enum status params_refuse_rest(struct params *p) {
    for (size_t i = 0; i < p->count; i++) {
        struct str name = p->items[i].name;
        if (!p->items[i].used) {
            return reason_set(p->why, STATUS_BAD_REQUEST, "unknown query parameter \"%.*s\"",
                              name.len > 64 ? 64 : (int)name.len, name.p);
        }
    }
    return STATUS_OK;
}

enum status params_filter_rest(struct params *p, struct filter **filter) {
    for (size_t i = 0; i < p->count; i++) {
        const struct param *item = &p->items[i];
        if (item->used) continue;
        if (item->name.len == 0) {
            return reason_set(p->why, STATUS_BAD_REQUEST, "a query parameter has no name");
        }
        enum status st = filter_and_equal(filter, item->name, item->value, p->arena);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static struct param *find(struct params *p, const char *name, enum status *st) {
    struct param *found = NULL;
    struct str wanted = str_of(name);
    *st = STATUS_OK;
    for (size_t i = 0; i < p->count; i++) {
        struct param *item = &p->items[i];
        if (!str_eq(item->name, wanted)) continue;
        if (found) {
            *st = reason_set(p->why, STATUS_BAD_REQUEST, "query parameter %s is given twice", name);
            return NULL;
        }
        item->used = true;
        found = item;
    }
    return found;
}
