#include "cli/resp_client.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/address.h"
#include "proto/resp.h"

enum {
    SILENCE_MS = 60000,
    WRITE_BYTES = 256 << 10, // gathered before they are written
    READ_BYTES = 256 << 10,
    NAME_BYTES = 300,
    ARRAY_DEPTH = 32,
};
static const uint64_t BULK_MAX_BYTES = 1ull << 30;

struct resp_client {
    int fd;
    char name[NAME_BYTES];
    struct buf out;
    size_t written; // of out
    struct buf in;
    size_t taken; // of in
};

struct target_url {
    struct str password, address;
};

static enum status parse_url(const char *url, struct target_url *out, struct reason *why);
static enum status connect_to(struct resp_client *c, struct str address, struct reason *why);
static enum status authenticate(struct resp_client *c, struct str password, struct reason *why);
static enum status write_out(struct resp_client *c, struct reason *why);
static enum status read_some(struct resp_client *c, struct reason *why);
static enum status gone(const struct resp_client *c, const char *what, struct reason *why);
static enum status take_reply(struct resp_client *c, struct resp_client_reply *out, size_t *end,
                              struct reason *why);

enum status resp_client_open(const char *url, const char *password, struct resp_client **out,
                             struct reason *why) {
    struct target_url parts = {0};
    enum status st = parse_url(url, &parts, why);
    if (st != STATUS_OK) return st;
    struct resp_client *c = mem_zalloc(1, sizeof *c);
    if (!c) return reason_set(why, STATUS_NO_MEMORY, "no memory for a connection");
    c->fd = -1;
    buf_init(&c->out);
    buf_init(&c->in);
    st = connect_to(c, parts.address, why);
    struct str secret = password ? str_of(password) : parts.password;
    if (st == STATUS_OK && secret.len) st = authenticate(c, secret, why);
    if (st != STATUS_OK) {
        resp_client_close(c);
        return st;
    }
    *out = c;
    return STATUS_OK;
}

void resp_client_close(struct resp_client *c) {
    if (!c) return;
    if (c->fd >= 0) close(c->fd);
    buf_deinit(&c->out);
    buf_deinit(&c->in);
    mem_free(c);
}

const char *resp_client_name(const struct resp_client *c) {
    return c->name;
}

enum status resp_client_send(struct resp_client *c, const struct str *args, size_t count,
                             struct reason *why) {
    resp_client_encode(&c->out, args, count);
    return resp_client_send_wire(c, STR(""), why);
}

enum status resp_client_send_wire(struct resp_client *c, struct str wire, struct reason *why) {
    buf_append_str(&c->out, wire);
    if (c->out.failed) return reason_set(why, STATUS_NO_MEMORY, "no memory for a command");
    return c->out.len >= WRITE_BYTES ? write_out(c, why) : STATUS_OK;
}

void resp_client_encode(struct buf *out, const struct str *args, size_t count) {
    resp_array(out, count);
    for (size_t i = 0; i < count; i++)
        resp_bulk(out, args[i]);
}

enum status resp_client_receive(struct resp_client *c, struct resp_client_reply *out,
                                struct reason *why) {
    enum status st = c->out.len ? write_out(c, why) : STATUS_OK;
    while (st == STATUS_OK) {
        size_t end = c->taken;
        st = take_reply(c, out, &end, why);
        if (st != STATUS_BUSY) {
            c->taken = end;
            return st;
        }
        st = read_some(c, why);
    }
    return st;
}

// --- connecting ---

static enum status parse_url(const char *url, struct target_url *out, struct reason *why) {
    struct str rest = str_of(url);
    if (!str_starts(rest, STR("redis://"))) {
        return reason_set(why, STATUS_INVALID,
                          "the URL must be redis://[:PASSWORD@]HOST:PORT, not %s", url);
    }
    rest = str_sub(rest, 8, rest.len - 8);
    while (rest.len && rest.p[rest.len - 1] == '/')
        rest.len--;
    out->password = STR_NONE;
    for (size_t at = rest.len; at-- > 0;) {
        if (rest.p[at] != '@') continue;
        struct str user = str_sub(rest, 0, at);
        size_t colon = str_find(user, ':');
        if (colon < user.len) out->password = str_sub(user, colon + 1, user.len - colon - 1);
        rest = str_sub(rest, at + 1, rest.len - at - 1);
        break;
    }
    if (rest.len == 0 || rest.len > NAME_BYTES - 8)
        return reason_set(why, STATUS_INVALID, "the URL names no host: redis://HOST:PORT");
    out->address = rest;
    return STATUS_OK;
}

static enum status connect_to(struct resp_client *c, struct str text, struct reason *why) {
    bool has_port = str_find(text, ':') < text.len &&
                    (text.p[0] != '[' || text.p[text.len - 1] != ']'); // [::1] has none
    snprintf(c->name, sizeof c->name, "%.*s%s", STR_ARGS(text), has_port ? "" : ":9851");
    struct address address;
    enum status st = address_parse(str_of(c->name), &address, why);
    if (st != STATUS_OK) return st;
    c->fd = socket(address.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0) return gone(c, strerror(errno), why);
    if (connect(c->fd, (const struct sockaddr *)&address.sa, address.len) != 0) {
        return reason_set(why, STATUS_UNAVAILABLE, "%.180s: %s", c->name, strerror(errno));
    }
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int flags = fcntl(c->fd, F_GETFL);
    if (flags < 0 || fcntl(c->fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return gone(c, strerror(errno), why);
    return STATUS_OK;
}

static enum status authenticate(struct resp_client *c, struct str password, struct reason *why) {
    struct resp_client_reply reply;
    enum status st = resp_client_send(c, (struct str[]){STR("AUTH"), password}, 2, why);
    if (st == STATUS_OK) st = resp_client_receive(c, &reply, why);
    if (st != STATUS_OK || reply.kind != RESP_CLIENT_ERROR) return st;
    int len = reply.text.len < 120 ? (int)reply.text.len : 120;
    return reason_set(why, STATUS_UNAUTHORIZED, "%.100s does not take the password: %.*s", c->name,
                      len, reply.text.p);
}

// --- bytes ---

/// Everything of out; what the server says meanwhile goes into in.
static enum status write_out(struct resp_client *c, struct reason *why) {
    while (c->written < c->out.len) {
        ssize_t n = send(c->fd, c->out.data + c->written, c->out.len - c->written, MSG_NOSIGNAL);
        if (n >= 0) {
            c->written += (size_t)n;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return gone(c, strerror(errno), why);
        struct pollfd p = {.fd = c->fd, .events = POLLIN | POLLOUT};
        int ready = poll(&p, 1, SILENCE_MS);
        if (ready == 0) return gone(c, "it reads nothing more", why);
        if (ready < 0 && errno != EINTR) return gone(c, strerror(errno), why);
        if (ready > 0 && (p.revents & (POLLIN | POLLHUP | POLLERR))) {
            enum status st = read_some(c, why);
            if (st != STATUS_OK) return st;
        }
    }
    buf_clear(&c->out);
    c->written = 0;
    return STATUS_OK;
}

/// Waits for at least one byte.
static enum status read_some(struct resp_client *c, struct reason *why) {
    if (c->taken == c->in.len) {
        c->in.len = c->taken = 0;
    } else if (c->taken > c->in.len / 2) { // each byte is moved once at most, over all
        memmove(c->in.data, c->in.data + c->taken, c->in.len - c->taken);
        c->in.len -= c->taken;
        c->taken = 0;
    }
    char *room = buf_reserve(&c->in, READ_BYTES);
    if (!room) return reason_set(why, STATUS_NO_MEMORY, "no memory for a reply");
    for (;;) {
        ssize_t n = recv(c->fd, room, READ_BYTES, 0);
        if (n > 0) {
            c->in.len += (size_t)n;
            return STATUS_OK;
        }
        if (n == 0) return gone(c, "it closed the connection", why);
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return gone(c, strerror(errno), why);
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        int ready = poll(&p, 1, SILENCE_MS);
        if (ready == 0) return gone(c, "no answer for a minute", why);
        if (ready < 0 && errno != EINTR) return gone(c, strerror(errno), why);
    }
}

static enum status gone(const struct resp_client *c, const char *what, struct reason *why) {
    return reason_set(why, STATUS_UNAVAILABLE, "%.120s: %s", c->name, what);
}

// --- replies ---

static enum status not_resp(const struct resp_client *c, struct reason *why) {
    return reason_set(why, STATUS_CORRUPT, "%.120s does not speak RESP", c->name);
}

/// A line without its end; `*at` moves behind it. BUSY: not all of it is here.
static enum status take_line(const struct resp_client *c, size_t *at, struct str *line,
                             struct reason *why) {
    struct str rest = str_sub(buf_str(&c->in), *at, c->in.len - *at);
    size_t len = rest.len ? str_find(rest, '\n') : 0;
    if (len == rest.len) return STATUS_BUSY;
    if (len < 2 || rest.p[len - 1] != '\r') return not_resp(c, why);
    *line = str_sub(rest, 0, len - 1);
    *at += len + 1;
    return STATUS_OK;
}

/// One value; an array's head alone, its items are counted in `*more`.
static enum status take_value(const struct resp_client *c, struct resp_client_reply *out,
                              size_t *at, uint64_t *more, struct reason *why) {
    static const char kinds[] = "+-:$*";
    struct str line = STR_NONE;
    enum status st = take_line(c, at, &line, why);
    if (st != STATUS_OK) return st;
    const char *kind = memchr(kinds, line.p[0], sizeof kinds - 1);
    if (!kind) return not_resp(c, why);
    out->text = str_sub(line, 1, line.len - 1);
    *more = 0;
    switch (*kind) {
    case '+': out->kind = RESP_CLIENT_SIMPLE; return STATUS_OK;
    case '-': out->kind = RESP_CLIENT_ERROR; return STATUS_OK;
    case ':': out->kind = RESP_CLIENT_INTEGER; return STATUS_OK;
    default: break;
    }
    uint64_t len;
    if (str_eq(out->text, STR("-1"))) {
        out->kind = RESP_CLIENT_NULL;
        return STATUS_OK;
    }
    if (!str_parse_u64(out->text, &len) || len > BULK_MAX_BYTES) return not_resp(c, why);
    if (*kind == '*') {
        out->kind = RESP_CLIENT_ARRAY;
        *more = len;
        return STATUS_OK;
    }
    if (c->in.len - *at < len + 2) return STATUS_BUSY;
    out->kind = RESP_CLIENT_BULK;
    out->text = (struct str){c->in.data + *at, (size_t)len};
    *at += (size_t)len + 2;
    return STATUS_OK;
}

static enum status take_reply(struct resp_client *c, struct resp_client_reply *out, size_t *end,
                              struct reason *why) {
    uint64_t more;
    enum status st = take_value(c, out, end, &more, why);
    if (st != STATUS_OK || more == 0) return st;
    uint64_t left[ARRAY_DEPTH] = {more};
    for (int depth = 0; depth >= 0;) {
        if (left[depth] == 0) {
            depth--;
            continue;
        }
        left[depth]--;
        struct resp_client_reply inner;
        st = take_value(c, &inner, end, &more, why);
        if (st != STATUS_OK) return st;
        if (more == 0) continue;
        if (++depth == ARRAY_DEPTH) return not_resp(c, why);
        left[depth] = more;
    }
    return STATUS_OK;
}
