#include "net/conn.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
    LEFTOVER_MIN = 1 << 20, // bytes the owner did not take: reading stops there, or at conn_room
    LINGER_MS = 2000,
    // What a peer may still send after we have closed: a client that writes its whole body before
    // it reads would otherwise never see why it was refused.
    LINGER_BYTES = 64 << 20,
    IOV_COUNT = 64,
};

/// Bytes on their way out: a block of the loop, filled piece by piece, or a buffer that was handed over.
struct chunk {
    struct chunk *next;
    char *data;
    size_t from, to, cap;
    bool is_block; // the chunk and its bytes are one block
};

enum phase {
    OPEN,
    CLOSING,   // sends what is queued, then shuts down its side
    LINGERING, // both sides said all; waits until the peer closes, reads into nothing
    DEAD,      // on_close and free follow at the end of the turn
};

struct conn {
    struct loop_watch watch;
    struct loop_late late;
    struct loop_timer timer;
    struct loop *loop;
    const struct conn_events *events;
    void *owner;
    struct chunk *out_first, *out_last;
    size_t queued;
    char *in; // what the owner has not taken
    uint32_t in_len, in_cap, in_most;
    uint64_t deadline_ns; // 0: none
    uint32_t lingered;
    uint32_t armed; // epoll events asked for
    uint8_t phase, status;
    bool paused, offer, eof, eof_told, was_queued;
};

static void on_ready(struct loop_watch *w, uint32_t events);
static void on_late(struct loop_late *t);
static void on_timer(struct loop_timer *t);
static void conn_read(struct conn *c);
static void conn_read_nothing(struct conn *c);
static void conn_give(struct conn *c, const char *bytes, size_t len);
static void conn_tell_eof(struct conn *c);
static bool conn_keep(struct conn *c, const char *bytes, size_t len);
static void conn_flush(struct conn *c);
static void conn_sent(struct conn *c, size_t n);
static void conn_finish(struct conn *c);
static void conn_arm(struct conn *c);
static void chunk_free(struct conn *c, struct chunk *k);

#define CONN_OF(pointer, member)                                                                   \
    ((struct conn *)(void *)((char *)(pointer)-offsetof(struct conn, member)))

enum status conn_new(struct loop *l, int fd, const struct conn_events *events, void *owner,
                     struct conn **out) {
    struct conn *c = mem_zalloc(1, sizeof *c);
    if (!c) {
        close(fd);
        return STATUS_NO_MEMORY;
    }
    *c = (struct conn){.watch = {fd, on_ready},
                       .late.fn = on_late,
                       .timer.on_due = on_timer,
                       .loop = l,
                       .events = events,
                       .owner = owner,
                       .in_most = LEFTOVER_MIN,
                       .armed = EPOLLIN};
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // not for Unix sockets: no matter
    enum status st = loop_watch_add(l, &c->watch, EPOLLIN);
    if (st != STATUS_OK) {
        close(fd);
        mem_free(c);
        return st;
    }
    *out = c;
    return STATUS_OK;
}

void conn_write(struct conn *c, const void *bytes, size_t len) {
    if (c->phase != OPEN) return;
    const char *from = bytes;
    while (len) {
        struct chunk *k = c->out_last;
        if (!k || !k->is_block || k->to == k->cap) {
            k = loop_block_get(c->loop);
            if (!k) {
                conn_abort(c, STATUS_NO_MEMORY);
                return;
            }
            *k = (struct chunk){
                .data = (char *)(k + 1), .cap = LOOP_BLOCK_BYTES - sizeof *k, .is_block = true};
            if (c->out_last)
                c->out_last->next = k;
            else
                c->out_first = k;
            c->out_last = k;
        }
        size_t n = len < k->cap - k->to ? len : k->cap - k->to;
        memcpy(k->data + k->to, from, n);
        k->to += n;
        from += n;
        len -= n;
        c->queued += n;
    }
    loop_late_add(c->loop, &c->late);
}

void conn_write_take(struct conn *c, struct buf *bytes) {
    if (c->phase != OPEN || bytes->len == 0) {
        buf_deinit(bytes);
        return;
    }
    struct chunk *k = mem_alloc(sizeof *k);
    if (!k) {
        buf_deinit(bytes);
        conn_abort(c, STATUS_NO_MEMORY);
        return;
    }
    *k = (struct chunk){.data = bytes->data, .to = bytes->len, .cap = bytes->len};
    if (c->out_last)
        c->out_last->next = k;
    else
        c->out_first = k;
    c->out_last = k;
    c->queued += bytes->len;
    buf_init(bytes);
    loop_late_add(c->loop, &c->late);
}

size_t conn_queued(const struct conn *c) {
    return c->queued;
}

void conn_pause(struct conn *c) {
    c->paused = true;
}

void conn_resume(struct conn *c) {
    if (!c->paused) return;
    c->paused = false;
    c->offer = true;
    loop_late_add(c->loop, &c->late);
}

void conn_room(struct conn *c, size_t bytes) {
    c->in_most = bytes <= LEFTOVER_MIN ? LEFTOVER_MIN
                 : bytes < UINT32_MAX  ? (uint32_t)bytes
                                       : UINT32_MAX;
    loop_late_add(c->loop, &c->late); // reading may go on
}

void conn_close(struct conn *c) {
    if (c->phase != OPEN) return;
    c->phase = CLOSING;
    conn_deadline(c, LINGER_MS * 5); // for the queue; a slow reader is cut then
    loop_late_add(c->loop, &c->late);
}

void conn_abort(struct conn *c, enum status st) {
    if (c->phase == DEAD) return;
    c->phase = DEAD;
    c->status = (uint8_t)st;
    loop_watch_remove(c->loop, &c->watch);
    loop_timer_stop(c->loop, &c->timer);
    loop_late_add(c->loop, &c->late);
}

void conn_deadline(struct conn *c, uint64_t after_ms) {
    if (c->phase == DEAD) return;
    if (after_ms == 0) {
        c->deadline_ns = 0; // the timer finds nothing to do
        return;
    }
    c->deadline_ns = loop_now_ns(c->loop) + after_ms * 1000000;
    if (c->timer.due_ns && c->timer.due_ns <= c->deadline_ns) return;
    if (loop_timer_start(c->loop, &c->timer, after_ms) != STATUS_OK) {
        conn_abort(c, STATUS_NO_MEMORY); // better than a connection without an end
    }
}

bool conn_is_open(const struct conn *c) {
    return c->phase == OPEN && !c->eof;
}

void conn_peer(const struct conn *c, char out[ADDRESS_TEXT_BYTES]) {
    struct address a = {.len = sizeof a.sa};
    if (getpeername(c->watch.fd, (struct sockaddr *)&a.sa, &a.len) != 0) {
        out[0] = 0;
        return;
    }
    address_write(&a, out);
}

// --- what the loop calls ---

static void on_ready(struct loop_watch *w, uint32_t events) {
    struct conn *c = CONN_OF(w, watch);
    if (events & EPOLLOUT) loop_late_add(c->loop, &c->late);
    if (events & EPOLLIN) {
        c->phase == OPEN || c->phase == CLOSING ? conn_read(c) : conn_read_nothing(c);
    } else if (events & (EPOLLHUP | EPOLLERR)) {
        conn_abort(c, c->phase == LINGERING ? (enum status)c->status : STATUS_CLOSED);
    }
}

static void on_late(struct loop_late *t) {
    struct conn *c = CONN_OF(t, late);
    if (c->phase == DEAD) {
        conn_finish(c);
        return;
    }
    if (c->offer && !c->paused && c->phase == OPEN) {
        c->offer = false;
        conn_give(c, NULL, 0);
        if (c->eof) conn_tell_eof(c);
    }
    if (c->phase == OPEN || c->phase == CLOSING) conn_flush(c);
    if (c->phase == OPEN || c->phase == CLOSING) conn_arm(c);
}

static void on_timer(struct loop_timer *t) {
    struct conn *c = CONN_OF(t, timer);
    if (!c->deadline_ns) return;
    uint64_t now = clock_mono_ns();
    if (now < c->deadline_ns) { // it was moved meanwhile
        uint64_t ms = (c->deadline_ns - now) / 1000000 + 1;
        if (loop_timer_start(c->loop, &c->timer, ms) != STATUS_OK) conn_abort(c, STATUS_NO_MEMORY);
        return;
    }
    c->deadline_ns = 0;
    if (c->phase == LINGERING) {
        conn_abort(c, (enum status)c->status);
    } else if (c->phase == OPEN && c->events->on_deadline) {
        c->events->on_deadline(c->owner);
    } else {
        conn_abort(c, STATUS_TIMEOUT);
    }
}

static void conn_finish(struct conn *c) {
    c->events->on_close(c->owner, (enum status)c->status);
    close(c->watch.fd);
    for (struct chunk *k = c->out_first, *next; k; k = next) {
        next = k->next;
        chunk_free(c, k);
    }
    mem_free(c->in);
    mem_free(c);
}

// --- in ---

static bool again(int err) {
    return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

static void conn_read(struct conn *c) {
    char *bytes = loop_scratch(c->loop);
    ssize_t n = recv(c->watch.fd, bytes, LOOP_SCRATCH_BYTES, 0);
    if (n < 0) {
        if (!again(errno)) {
            conn_abort(c, errno == ECONNRESET ? STATUS_CLOSED : status_from_errno(errno));
        }
        return;
    }
    if (n == 0) {
        c->eof = true;
        conn_tell_eof(c);
        loop_late_add(c->loop, &c->late);
        return;
    }
    if (c->phase == OPEN) conn_give(c, bytes, (size_t)n);
    if (c->paused || c->in_len >= c->in_most) conn_arm(c);
}

static void conn_tell_eof(struct conn *c) {
    // What is left over then is part of something that will never be whole.
    if (c->eof_told || c->phase != OPEN || (c->in_len && (c->paused || c->offer))) return;
    c->eof_told = true;
    if (c->events->on_eof) {
        c->events->on_eof(c->owner);
    } else {
        conn_close(c);
    }
}

/// Offer what was left over and what has come, and keep what is not taken.
static void conn_give(struct conn *c, const char *bytes, size_t len) {
    if (c->in_len || c->paused) {
        if (len && !conn_keep(c, bytes, len)) return;
        if (c->paused || !c->in_len) return;
        size_t taken = c->events->on_data(c->owner, c->in, c->in_len);
        assert(taken <= c->in_len);
        c->in_len -= (uint32_t)taken;
        if (taken && c->in_len) memmove(c->in, c->in + taken, c->in_len);
        if (!c->in_len) {
            mem_free(c->in);
            c->in = NULL;
            c->in_cap = 0;
        }
        return;
    }
    if (!len) return;
    size_t taken = c->events->on_data(c->owner, bytes, len);
    assert(taken <= len);
    if (taken < len && c->phase == OPEN) conn_keep(c, bytes + taken, len - taken);
}

static bool conn_keep(struct conn *c, const char *bytes, size_t len) {
    size_t need = c->in_len + len;
    if (need > c->in_cap) {
        size_t cap = c->in_cap ? 2 * (size_t)c->in_cap : 1024;
        if (cap < need) cap = need;
        char *more = mem_realloc(c->in, cap);
        if (!more) {
            conn_abort(c, STATUS_NO_MEMORY);
            return false;
        }
        c->in = more;
        c->in_cap = (uint32_t)cap;
    }
    memcpy(c->in + c->in_len, bytes, len);
    c->in_len += (uint32_t)len;
    return true;
}

static void conn_read_nothing(struct conn *c) {
    ssize_t n = recv(c->watch.fd, loop_scratch(c->loop), LOOP_SCRATCH_BYTES, 0);
    if (n < 0 && again(errno)) return;
    if (n > 0) c->lingered += (uint32_t)n;
    if (n <= 0 || c->lingered > LINGER_BYTES) conn_abort(c, (enum status)c->status);
}

// --- out ---

static void conn_flush(struct conn *c) {
    while (c->out_first) {
        struct iovec iov[IOV_COUNT];
        int count = 0;
        for (struct chunk *k = c->out_first; k && count < IOV_COUNT; k = k->next) {
            iov[count++] = (struct iovec){k->data + k->from, k->to - k->from};
        }
        struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)count};
        ssize_t n = sendmsg(c->watch.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            if (again(errno)) return;
            conn_abort(c, errno == EPIPE || errno == ECONNRESET ? STATUS_CLOSED
                                                                : status_from_errno(errno));
            return;
        }
        c->was_queued = true;
        conn_sent(c, (size_t)n);
    }
    if (c->phase == CLOSING) {
        if (c->eof || shutdown(c->watch.fd, SHUT_WR) != 0) {
            conn_abort(c, STATUS_OK);
            return;
        }
        c->phase = LINGERING;
        c->armed = EPOLLIN;
        if (loop_watch_change(c->loop, &c->watch, EPOLLIN) != STATUS_OK) conn_abort(c, STATUS_IO);
        conn_deadline(c, LINGER_MS);
        return;
    }
    if (c->was_queued) {
        c->was_queued = false;
        if (c->events->on_drained) c->events->on_drained(c->owner);
    }
}

static void conn_sent(struct conn *c, size_t n) {
    c->queued -= n;
    while (c->out_first && n >= c->out_first->to - c->out_first->from) {
        struct chunk *k = c->out_first;
        n -= k->to - k->from;
        c->out_first = k->next;
        if (!c->out_first) c->out_last = NULL;
        chunk_free(c, k);
    }
    if (n) c->out_first->from += n;
}

static void chunk_free(struct conn *c, struct chunk *k) {
    if (k->is_block) {
        loop_block_put(c->loop, k);
        return;
    }
    mem_free(k->data);
    mem_free(k);
}

/// Ask epoll for what can be of use now.
static void conn_arm(struct conn *c) {
    uint32_t want = 0;
    bool full = c->in_len >= c->in_most;
    if (!c->eof && !full && !(c->paused && c->phase == OPEN)) want |= EPOLLIN;
    if (c->out_first) want |= EPOLLOUT;
    if (want == c->armed) return;
    c->armed = want;
    if (loop_watch_change(c->loop, &c->watch, want) != STATUS_OK) conn_abort(c, STATUS_IO);
}
