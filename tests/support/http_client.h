// http_client.h - a plain blocking HTTP client for tests: raw bytes out, answers in.
//
// Header only. Fails the test when the server is silent for CLIENT_WAIT_MS.

#ifndef TESTS_HTTP_CLIENT_H
#define TESTS_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "support/support.h"

#define CLIENT_WAIT_MS 20000

struct client {
    int fd;
    struct buf in; // what has come and is not part of an answer given out yet
};

struct answer {
    int status;
    char head[4096];
    struct buf body;
};

static inline void client_open(struct client *c, uint16_t port) {
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    buf_init(&c->in);
    assert_int_equal(connect(c->fd, (struct sockaddr *)&a, sizeof a), 0);
}

static inline void client_close(struct client *c) {
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    buf_deinit(&c->in);
}

static inline void client_send(struct client *c, struct str bytes) {
    while (bytes.len) {
        ssize_t n = send(c->fd, bytes.p, bytes.len, MSG_NOSIGNAL);
        if (n < 0) return; // closed: the answer says why
        bytes = str_sub(bytes, (size_t)n, bytes.len - (size_t)n);
    }
}

static inline void client_say(struct client *c, const char *text) {
    client_send(c, str_of(text));
}

/// Bytes within `wait_ms`? 1 yes, 0 the end, -1 nothing came.
static inline int client_more(struct client *c, int wait_ms) {
    struct pollfd p = {c->fd, POLLIN, 0};
    if (poll(&p, 1, wait_ms) != 1) return -1;
    char bytes[65536];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
    if (n <= 0) return 0;
    buf_append(&c->in, bytes, (size_t)n);
    return 1;
}

static inline size_t client_head_end(const struct client *c) {
    const char *end = c->in.len ? memmem(c->in.data, c->in.len, "\r\n\r\n", 4) : NULL;
    return end ? (size_t)(end - c->in.data) + 4 : 0;
}

/// The next answer. False: the connection ended first.
static inline bool client_answer(struct client *c, struct answer *a, bool head_only) {
    size_t end;
    while ((end = client_head_end(c)) == 0) {
        int more = client_more(c, CLIENT_WAIT_MS);
        if (more < 0) fail_msg("no answer within %d ms", CLIENT_WAIT_MS);
        if (more == 0) return false;
    }
    assert_true(end < sizeof a->head);
    memcpy(a->head, c->in.data, end);
    a->head[end] = 0;
    assert_int_equal(sscanf(a->head, "HTTP/1.1 %d ", &a->status), 1);
    const char *length = strcasestr(a->head, "\r\ncontent-length:");
    size_t body = length && !head_only ? strtoul(length + 17, NULL, 10) : 0;
    while (c->in.len < end + body) {
        int more = client_more(c, CLIENT_WAIT_MS);
        if (more < 0) fail_msg("half a body within %d ms", CLIENT_WAIT_MS);
        if (more == 0) return false;
    }
    buf_init(&a->body);
    buf_append(&a->body, c->in.data + end, body);
    memmove(c->in.data, c->in.data + end + body, c->in.len - end - body);
    c->in.len -= end + body;
    return true;
}

/// The connection was closed and nothing more came.
static inline bool client_at_end(struct client *c) {
    return client_more(c, CLIENT_WAIT_MS) == 0 && c->in.len == 0;
}

#endif
