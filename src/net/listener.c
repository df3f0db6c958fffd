#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/address.h"

enum { ACCEPTS_PER_TURN = 64, BACKLOG = 4096, PAUSE_MS = 100 };

struct listener {
    struct loop_watch watch;
    struct loop_timer pause; // after an error that would come back at once
    struct loop *loop;
    void (*on_accept)(void *ctx, int fd);
    void *ctx;
    int reserve_fd; // given up for a moment when descriptors run out, so that the newcomer can be told
    uint16_t port;
};

static enum status socket_open(const struct address *a, bool share, int *out, struct reason *why);
static void on_ready(struct loop_watch *w, uint32_t events);
static void on_pause_over(struct loop_timer *t);
static bool listener_accept_failed(struct listener *s, int err);

static int reserve_open(void) {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

enum status listener_open(struct loop *l, struct str address, void (*on_accept)(void *ctx, int fd),
                          void *ctx, struct listener **out, struct reason *why) {
    struct address a;
    enum status st = address_parse(address, &a, why);
    if (st != STATUS_OK) return st;
    struct listener *s = mem_zalloc(1, sizeof *s);
    if (!s) return STATUS_NO_MEMORY;
    *s = (struct listener){.watch = {-1, on_ready},
                           .pause.on_due = on_pause_over,
                           .loop = l,
                           .on_accept = on_accept,
                           .ctx = ctx,
                           .reserve_fd = reserve_open()};
    st = socket_open(&a, true, &s->watch.fd, why);
    if (st != STATUS_OK) goto fail;
    a.len = sizeof a.sa;
    if (getsockname(s->watch.fd, (struct sockaddr *)&a.sa, &a.len) == 0) s->port = address_port(&a);
    st = loop_watch_add(l, &s->watch, EPOLLIN);
    if (st != STATUS_OK) goto fail;
    *out = s;
    return STATUS_OK;
fail:
    if (s->watch.fd >= 0) close(s->watch.fd);
    if (s->reserve_fd >= 0) close(s->reserve_fd);
    mem_free(s);
    return st;
}

enum status listener_probe(struct str address, struct reason *why) {
    struct address a;
    enum status st = address_parse(address, &a, why);
    if (st != STATUS_OK || address_port(&a) == 0) return st;
    int fd;
    st = socket_open(&a, false, &fd, why);
    if (st == STATUS_OK) close(fd);
    return st;
}

uint16_t listener_port(const struct listener *s) {
    return s->port;
}

void listener_close(struct listener *s) {
    if (!s) return;
    loop_timer_stop(s->loop, &s->pause);
    loop_watch_remove(s->loop, &s->watch);
    close(s->watch.fd);
    if (s->reserve_fd >= 0) close(s->reserve_fd);
    mem_free(s);
}

static enum status socket_open(const struct address *a, bool share, int *out, struct reason *why) {
    char text[ADDRESS_TEXT_BYTES];
    address_write(a, text);
    int on = 1, off = 0;
    int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (good && share) good = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
    if (good && a->sa.ss_family == AF_INET6) {
        good = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0;
    }
    good =
        good && bind(fd, (const struct sockaddr *)&a->sa, a->len) == 0 && listen(fd, BACKLOG) == 0;
    if (good) {
        *out = fd;
        return STATUS_OK;
    }
    int err = errno;
    if (fd >= 0) close(fd);
    if (err == EADDRINUSE) {
        return reason_set(why, STATUS_IO, "%s is taken by another program: choose another port",
                          text);
    }
    if (err == EACCES) {
        return reason_set(why, STATUS_IO, "%s may not be used: ports below 1024 need privileges",
                          text);
    }
    return reason_set(why, STATUS_IO, "cannot listen on %s: %s", text, strerror(err));
}

static void on_ready(struct loop_watch *w, uint32_t events) {
    (void)events;
    struct listener *s = (struct listener *)w; // its first member
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            s->on_accept(s->ctx, fd);
        } else if (!listener_accept_failed(s, errno)) {
            return;
        }
    }
}

static void listener_pause(struct listener *s) {
    if (loop_watch_change(s->loop, &s->watch, 0) != STATUS_OK) return;
    if (loop_timer_start(s->loop, &s->pause, PAUSE_MS) != STATUS_OK) on_pause_over(&s->pause);
}

/// True: try the next one.
static bool listener_accept_failed(struct listener *s, int err) {
    if (err == EAGAIN || err == EWOULDBLOCK) return false;
    if (err == ENOBUFS || err == ENOMEM || err == EBADF || err == EINVAL) {
        listener_pause(s);
        return false;
    }
    if (err != EMFILE && err != ENFILE) return true; // the peer's or the network's trouble

    if (s->reserve_fd >= 0) close(s->reserve_fd);
    int fd = accept4(s->watch.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) close(fd);
    s->reserve_fd = reserve_open();
    if (s->reserve_fd >= 0 && fd >= 0) return true;
    listener_pause(s);
    return false;
}

static void on_pause_over(struct loop_timer *t) {
    struct listener *s = (struct listener *)(void *)((char *)t - offsetof(struct listener, pause));
    enum status st = loop_watch_change(s->loop, &s->watch, EPOLLIN);
    (void)st; // cannot fail for a registered descriptor
}
