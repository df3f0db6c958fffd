#include "realtime/webhook_guard.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

enum { URL_MAX = 2000 };
enum reach { REACH_PUBLIC, REACH_PRIVATE, REACH_LOOPBACK, REACH_NEVER };

static enum reach reach_of(const struct sockaddr *address);

bool webhook_guard_allows(const struct webhook_guard *guard, const struct sockaddr *address) {
    switch (reach_of(address)) {
    case REACH_PUBLIC: return true;
    case REACH_PRIVATE: return guard->allow_private;
    case REACH_LOOPBACK: return guard->allow_private || guard->allow_loopback;
    case REACH_NEVER: return false;
    }
    return false;
}

// --- addresses (IANA's special-purpose registries) ---

static enum reach reach_v4(uint32_t a) {
    static const struct {
        uint32_t net;
        unsigned bits;
        enum reach reach;
    } special[] = {
        {0x00000000, 8, REACH_NEVER},    // 0.0.0.0: this host, wherever it is bound
        {0x0a000000, 8, REACH_PRIVATE},  // 10
        {0x64400000, 10, REACH_PRIVATE}, // 100.64, carriers'
        {0x7f000000, 8, REACH_LOOPBACK}, // 127
        {0xa9fe0000, 16, REACH_PRIVATE}, // 169.254, link-local: clouds' metadata
        {0xac100000, 12, REACH_PRIVATE}, // 172.16
        {0xc0000000, 24, REACH_PRIVATE}, // 192.0.0
        {0xc0000200, 24, REACH_PRIVATE}, // 192.0.2, documentation
        {0xc0a80000, 16, REACH_PRIVATE}, // 192.168
        {0xc6120000, 15, REACH_PRIVATE}, // 198.18, benchmarks
        {0xc6336400, 24, REACH_PRIVATE}, // 198.51.100, documentation
        {0xcb007100, 24, REACH_PRIVATE}, // 203.0.113, documentation
        {0xe0000000, 3, REACH_NEVER},    // 224 and up: multicast, reserved, broadcast
    };
    for (unsigned i = 0; i < sizeof special / sizeof special[0]; i++) {
        if ((a ^ special[i].net) >> (32 - special[i].bits) == 0) return special[i].reach;
    }
    return REACH_PUBLIC;
}

static uint32_t v4_at(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static enum reach reach_v6(const uint8_t a[16]) {
    static const uint8_t zero[16], nat64[12] = {0, 0x64, 0xff, 0x9b};
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(a, zero, 15) == 0) return a[15] == 1 ? REACH_LOOPBACK : REACH_NEVER;
    // Those that carry an IPv4 address: mapped, compatible, NAT64, 6to4.
    if (memcmp(a, mapped, 12) == 0 || memcmp(a, zero, 12) == 0) return reach_v4(v4_at(a + 12));
    if (memcmp(a, nat64, 12) == 0) return reach_v4(v4_at(a + 12));
    if (a[0] == 0x20 && a[1] == 0x02) return reach_v4(v4_at(a + 2));
    if (a[0] == 0xff) return REACH_NEVER;
    if ((a[0] & 0xfe) == 0xfc) return REACH_PRIVATE;                     // unique local
    if (a[0] == 0xfe && (a[1] & 0x80)) return REACH_PRIVATE;             // link- and site-local
    if (memcmp(a, "\x20\x01\x0d\xb8", 4) == 0) return REACH_PRIVATE;     // documentation
    if (memcmp(a, "\x20\x01\0\0", 4) == 0) return REACH_PRIVATE;         // Teredo
    if (memcmp(a, "\x01\0\0\0\0\0\0\0", 8) == 0) return REACH_NEVER;     // discard-only
    if (memcmp(a, "\0\x64\xff\x9b\0\x01", 6) == 0) return REACH_PRIVATE; // NAT64 of a network's own
    return REACH_PUBLIC;
}

static enum reach reach_of(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return reach_v4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return reach_v6(in6.sin6_addr.s6_addr);
    }
    return REACH_NEVER;
}

// --- URLs ---

static bool part_is_there(CURLU *url, CURLUPart part) {
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

/// curl has made a plain IPv4 address of 0x7f.1 and the like.
static bool host_is_refused(const struct webhook_guard *guard, const char *host) {
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    char bare[64];
    size_t len = strlen(host);
    if (host[0] == '[' && len - 2 < sizeof bare) {
        memcpy(bare, host + 1, len - 2);
        bare[len - 2] = 0;
        return inet_pton(AF_INET6, bare, &in6.sin6_addr) != 1 ||
               !webhook_guard_allows(guard, (const struct sockaddr *)&in6);
    }
    return inet_pton(AF_INET, host, &in.sin_addr) == 1 &&
           !webhook_guard_allows(guard, (const struct sockaddr *)&in);
}

static enum status url_check(const struct webhook_guard *guard, CURLU *url, const char *text,
                             struct reason *why) {
    char *scheme = NULL, *host = NULL;
    CURLUcode rc = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (rc == CURLUE_OK) rc = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
    if (rc == CURLUE_OK) rc = curl_url_get(url, CURLUPART_HOST, &host, 0);
    enum status st = STATUS_OK;
    if (rc != CURLUE_OK) {
        st = reason_set(why, STATUS_INVALID, "\"%.150s\" is not a URL", text);
    } else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
        st = reason_set(why, STATUS_INVALID, "%.40s endpoints are not supported: http or https",
                        scheme);
    } else if (part_is_there(url, CURLUPART_USER) || part_is_there(url, CURLUPART_PASSWORD)) {
        st = reason_set(why, STATUS_INVALID, "a URL with a user and password is not taken");
    } else if (host_is_refused(guard, host)) {
        st = reason_set(why, STATUS_INVALID,
                        "the address %.80s is not public: webhooks.allow_private allows it", host);
    }
    curl_free(scheme);
    curl_free(host);
    return st;
}

enum status webhook_guard_check(const struct webhook_guard *guard, struct str url,
                                struct reason *why) {
    char text[URL_MAX + 1];
    if (url.len == 0 || url.len > URL_MAX || str_has_control(url) || !str_is_utf8(url)) {
        return reason_set(why, STATUS_INVALID, "a URL has 1 to %d characters", URL_MAX);
    }
    memcpy(text, url.p, url.len);
    text[url.len] = 0;
    CURLU *handle = curl_url();
    if (!handle) return STATUS_NO_MEMORY;
    enum status st = url_check(guard, handle, text, why);
    curl_url_cleanup(handle);
    return st;
}
