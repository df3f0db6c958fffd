#include "api/route.h"

#define METHOD_BIT(method) (1u << (method))

static bool matches(const struct route *route, struct str path, struct str *param);

struct route_match route_find(enum http_method method, struct str raw_path) {
    struct route_match m = {0};
    enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &route_table[i];
        struct str param;
        if (!matches(route, raw_path, &param)) continue;
        m.methods |= METHOD_BIT(route->method);
        if (route->method != wanted || (m.route && !m.raw_param.p)) continue;
        m.route = route;
        m.raw_param = param;
    }
    if (m.methods & METHOD_BIT(HTTP_GET)) m.methods |= METHOD_BIT(HTTP_HEAD);
    return m;
}

static bool matches(const struct route *route, struct str path, struct str *param) {
    size_t plain = route->plain;
    *param = STR_NONE;
    if (route->exact) return path.len == plain && memcmp(path.p, route->pattern, plain) == 0;
    size_t tail = route->tail;
    if (path.len <= plain + tail || memcmp(path.p, route->pattern, plain) != 0) return false;
    if (tail) {
        const char *end = route->pattern + strlen(route->pattern);
        if (memcmp(path.p + path.len - tail, end - tail, tail) != 0) return false;
    }
    *param = str_sub(path, plain, path.len - plain - tail);
    return (str_find(*param, '/') == param->len) != route->deep;
}

bool route_takes(const struct route *route, struct str content_type) {
    static const struct {
        struct str type;
        enum route_body least;
        bool exactly;
    } types[] = {
        {{"application/json", 16}, ROUTE_JSON, false},
        {{"application/geo+json", 20}, ROUTE_JSON, false},
        {{"application/merge-patch+json", 28}, ROUTE_PATCH, true},
        {{"application/x-ndjson", 20}, ROUTE_BATCH, true},
        {{"application/ndjson", 18}, ROUTE_BATCH, true},
        {{"application/geo+json-seq", 24}, ROUTE_BATCH, true},
    };
    if (route->body == ROUTE_NO_BODY || content_type.len == 0) return true;
    struct str type = str_trim(str_sub(content_type, 0, str_find(content_type, ';')));
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!str_eq_nocase(type, types[i].type)) continue;
        return types[i].exactly ? route->body == types[i].least : true;
    }
    return false;
}

struct str route_answer_type(const struct route *route, struct str accept) {
    struct str type = str_of(route->answers[0].type);
    if (type.len == 0) return STR("application/json"); // there will be no body
    struct str bare = str_sub(type, 0, str_find(type, ';'));
    if (http_accepts(accept, bare)) return type;
    bool json = str_eq(bare, STR("application/geo+json"));
    return json && http_accepts(accept, STR("application/json")) ? STR("application/json")
                                                                 : STR_NONE;
}

struct str route_methods(unsigned methods, struct arena *arena) {
    enum { BYTES = 64 };
    char *text = arena_alloc(arena, BYTES);
    if (!text) return STR_NONE;
    size_t len = 0;
    methods |= METHOD_BIT(HTTP_OPTIONS);
    for (enum http_method m = HTTP_GET; m <= HTTP_OPTIONS; m++) {
        if (!(methods & METHOD_BIT(m))) continue;
        struct str name = http_method_name(m);
        if (len) {
            memcpy(text + len, ", ", 2);
            len += 2;
        }
        memcpy(text + len, name.p, name.len);
        len += name.len;
    }
    return (struct str){text, len};
}
