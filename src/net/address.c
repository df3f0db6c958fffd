#include "net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { HOST_BYTES = 256 };

static enum status address_split(struct str text, char host[HOST_BYTES], uint16_t *port,
                                 struct reason *why);
static enum status address_any(uint16_t port, struct address *out);
static bool ipv6_works(void);

enum status address_parse(struct str text, struct address *out, struct reason *why) {
    char host[HOST_BYTES];
    uint16_t port = 0;
    enum status st = address_split(text, host, &port, why);
    if (st != STATUS_OK) return st;
    if (!*host) return address_any(port, out);

    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC}, *found = NULL;
    int err = getaddrinfo(host, NULL, &hints, &found);
    if (err != 0) {
        return reason_set(why, STATUS_INVALID, "address \"%.*s\": %s", STR_ARGS(text),
                          gai_strerror(err));
    }
    memset(out, 0, sizeof *out);
    memcpy(&out->sa, found->ai_addr, found->ai_addrlen);
    out->len = found->ai_addrlen;
    freeaddrinfo(found);
    address_set_port(out, port);
    return STATUS_OK;
}

bool address_is_loopback(const struct address *a) {
    if (a->sa.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&a->sa;
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->sa;
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) return in6->sin6_addr.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

uint16_t address_port(const struct address *a) {
    if (a->sa.ss_family == AF_INET) return ntohs(((const struct sockaddr_in *)&a->sa)->sin_port);
    return ntohs(((const struct sockaddr_in6 *)&a->sa)->sin6_port);
}

void address_set_port(struct address *a, uint16_t port) {
    if (a->sa.ss_family == AF_INET) {
        ((struct sockaddr_in *)&a->sa)->sin_port = htons(port);
    } else {
        ((struct sockaddr_in6 *)&a->sa)->sin6_port = htons(port);
    }
}

void address_write(const struct address *a, char out[ADDRESS_TEXT_BYTES]) {
    char host[INET6_ADDRSTRLEN] = "?";
    if (a->sa.ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)&a->sa)->sin_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT_BYTES, "%s:%u", host, address_port(a));
    } else if (a->sa.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)&a->sa)->sin6_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT_BYTES, "[%s]:%u", host, address_port(a));
    } else {
        snprintf(out, ADDRESS_TEXT_BYTES, "unix");
    }
}

static enum status address_split(struct str text, char host[HOST_BYTES], uint16_t *port,
                                 struct reason *why) {
    size_t colon = text.len;
    while (colon > 0 && text.p[colon - 1] != ':')
        colon--;
    struct str name = {text.p, colon ? colon - 1 : 0};
    uint64_t number = 0;
    bool good = colon > 0 && str_parse_u64(str_sub(text, colon, text.len - colon), &number) &&
                number <= 65535 && name.len < HOST_BYTES && !memchr(text.p, 0, text.len);
    bool brackets = good && name.len >= 2 && name.p[0] == '[' && name.p[name.len - 1] == ']';
    if (brackets) name = str_sub(name, 1, name.len - 2);
    if (good && !brackets) good = str_find(name, ':') == name.len; // a bare ::1 is ambiguous
    if (!good) {
        return reason_set(why, STATUS_INVALID,
                          "address \"%.*s\" is not HOST:PORT, [IPV6]:PORT or :PORT",
                          STR_ARGS(text));
    }
    if (name.len) memcpy(host, name.p, name.len);
    host[name.len] = 0;
    *port = (uint16_t)number;
    return STATUS_OK;
}

static enum status address_any(uint16_t port, struct address *out) {
    memset(out, 0, sizeof *out);
    if (ipv6_works()) { // takes IPv4 as well
        *(struct sockaddr_in6 *)&out->sa = (struct sockaddr_in6){
            .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT, .sin6_port = htons(port)};
        out->len = sizeof(struct sockaddr_in6);
    } else {
        *(struct sockaddr_in *)&out->sa =
            (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
        out->len = sizeof(struct sockaddr_in);
    }
    return STATUS_OK;
}

static bool ipv6_works(void) {
    FILE *f = fopen("/proc/net/if_inet6", "re");
    if (f) fclose(f);
    return f != NULL;
}
