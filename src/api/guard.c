#include "api/guard.h"

#include <arpa/inet.h>
#include <string.h>

#include "api/cors.h"

static bool host_served(const struct api_options *options, struct str name);
static bool may_change(enum http_method method);
static enum status page_check(const struct api_options *options, const struct http_request *request,
                              const struct route *route, struct str host, struct reason *why);

/// For a text of somebody else's in ours.
static int cut(struct str s) {
    return s.len > 64 ? 64 : (int)s.len;
}

/// The host of "host:port" and "[::1]:port"; the brackets stay.
static struct str host_name(struct str authority) {
    size_t bracket = str_starts(authority, STR("[")) ? str_find(authority, ']') : 0;
    struct str rest = str_sub(authority, bracket, authority.len - bracket);
    return str_sub(authority, 0, bracket + str_find(rest, ':'));
}

/// "https://map.example:8080" --> "map.example:8080"; STR_NONE for "null" and "*".
static struct str origin_authority(struct str origin) {
    size_t colon = str_find(origin, ':');
    struct str rest = str_sub(origin, colon, origin.len - colon);
    return str_starts(rest, STR("://")) ? str_sub(rest, 3, rest.len - 3) : STR_NONE;
}

enum status guard_check(const struct api_options *options, const struct http_request *request,
                        const struct route *route, struct reason *why) {
    if (!options->protected) return STATUS_OK;
    struct str host = http_request_header(request, STR("host"));
    bool named = host.p; // HTTP/1.0 need not, but no browser speaks it
    if (named && !host_served(options, host_name(host))) {
        return reason_set(why, STATUS_FORBIDDEN,
                          "Host \"%.*s\" is not this machine, which alone is served without "
                          "authentication: ask for localhost, or list https://HOST in cors.origins",
                          cut(host), host.p);
    }
    if (!may_change(request->method)) return STATUS_OK;
    return page_check(options, request, route, host, why);
}

// --- the host ---

static bool is_loopback(struct str name) {
    static const struct str suffix = {".localhost", 10};
    if (str_eq_nocase(name, STR("localhost"))) return true;
    if (name.len > suffix.len &&
        str_eq_nocase(str_sub(name, name.len - suffix.len, suffix.len), suffix)) {
        return true;
    }
    char text[INET6_ADDRSTRLEN + 2];
    if (name.len == 0 || name.len >= sizeof text) return false;
    memcpy(text, name.p, name.len);
    text[name.len] = '\0';
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
    if (text[0] != '[' || text[name.len - 1] != ']') return false;
    text[name.len - 1] = '\0';
    struct in6_addr v6;
    return inet_pton(AF_INET6, text + 1, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/// A proxy may pass on the name that its users ask for: the host of an origin that is listed is trusted as the origin is.
static bool host_served(const struct api_options *options, struct str name) {
    if (is_loopback(name)) return true;
    struct str listen = host_name(str_of(options->listen ? options->listen : ""));
    if (listen.len && str_eq_nocase(name, listen)) return true;
    struct str rest = str_of(options->cors_origins ? options->cors_origins : ""), one;
    while (str_split(&rest, ',', &one)) {
        struct str trusted = host_name(origin_authority(str_trim(one)));
        if (trusted.len && str_eq_nocase(name, trusted)) return true;
    }
    return false;
}

// --- the page ---

static bool may_change(enum http_method method) {
    return method != HTTP_GET && method != HTTP_HEAD && method != HTTP_OPTIONS;
}

/// Browsers name the page's origin in every request that is not GET or HEAD; who is no browser names none. "*" opens what
/// only reads (searches by POST): whoever may change things is to be listed by name.
static enum status page_check(const struct api_options *options, const struct http_request *request,
                              const struct route *route, struct str host, struct reason *why) {
    struct str origin = http_request_header(request, STR("origin"));
    if (!origin.p) {
        struct str site = http_request_header(request, STR("sec-fetch-site"));
        if (!str_eq_nocase(site, STR("cross-site"))) return STATUS_OK;
        return reason_set(why, STATUS_FORBIDDEN,
                          "a page of another site that does not name its origin may not do this "
                          "without authentication; origins listed in cors.origins may");
    }
    struct str authority = origin_authority(origin);
    if (host.len && str_eq_nocase(authority, host)) return STATUS_OK;
    bool all, listed = cors_lists(options->cors_origins, origin, &all);
    bool reads = route && route->scope && strcmp(route->scope, ROUTE_SCOPE_READ) == 0;
    if (listed || (all && reads)) return STATUS_OK;
    return reason_set(why, STATUS_FORBIDDEN,
                      "a page of origin \"%.*s\" may not do this without authentication; list it "
                      "in cors.origins if it may%s",
                      cut(origin), origin.p, all ? " (* is for reading only)" : "");
}
