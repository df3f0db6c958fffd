#include "api/cors.h"

static bool origin_allowed(const char *origins, struct str origin, bool *all);

void cors_allow(const char *origins, const struct http_request *request, struct http_reply *reply) {
    if (!origins || !*origins) return;
    bool all;
    struct str origin = http_request_header(request, STR("origin"));
    bool allowed = origin_allowed(origins, origin, &all);
    if (!all) http_reply_header(reply, STR("Vary"), STR("Origin"));
    if (!origin.len || !allowed) return;
    http_reply_header(reply, STR("Access-Control-Allow-Origin"), all ? STR("*") : origin);
    http_reply_header(reply, STR("Access-Control-Expose-Headers"),
                      STR("ETag, Location, Link, Retry-After"));
}

void cors_preflight(const char *origins, const struct http_request *request, struct str methods,
                    struct http_reply *reply) {
    bool all;
    struct str origin = http_request_header(request, STR("origin"));
    struct str asked = http_request_header(request, STR("access-control-request-method"));
    if (!origins || !asked.len || !origin.len || !origin_allowed(origins, origin, &all)) return;
    struct str headers = http_request_header(request, STR("access-control-request-headers"));
    http_reply_header(reply, STR("Access-Control-Allow-Methods"), methods);
    if (headers.len) http_reply_header(reply, STR("Access-Control-Allow-Headers"), headers);
    http_reply_header(reply, STR("Access-Control-Max-Age"), STR("7200"));
}

static bool origin_allowed(const char *origins, struct str origin, bool *all) {
    bool listed = cors_lists(origins, origin, all);
    return *all || listed;
}

bool cors_lists(const char *origins, struct str origin, bool *all) {
    struct str rest = str_of(origins ? origins : ""), one;
    *all = false;
    bool found = false;
    while (str_split(&rest, ',', &one)) {
        one = str_trim(one);
        *all |= str_eq(one, STR("*"));
        found |= one.len && str_eq_nocase(one, origin);
    }
    return found;
}
