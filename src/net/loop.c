#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { EVENTS_MAX = 256, POSTS_FIRST = 64, BLOCKS_KEPT = 32 };

struct post {
    void (*fn)(void *ctx);
    void *ctx;
};

struct loop {
    int epoll_fd;
    uint64_t now_ns;
    struct loop_watch wake; // an eventfd
    _Atomic bool stopping;

    struct loop_timer **timers; // a binary heap by due_ns
    size_t timer_count, timer_cap;

    struct loop_late *late_first, *late_last;

    struct epoll_event *ready; // of this turn
    int ready_next, ready_count;

    char *scratch;
    void *blocks[BLOCKS_KEPT];
    unsigned block_count;

    pthread_mutex_t post_lock; // guards the next four
    struct post *posts;
    size_t post_count, post_cap;
    bool closed;
    struct post *running; // the other half of the double buffer, the loop's own
    size_t running_cap;
};

static void on_wake(struct loop_watch *w, uint32_t events);
static int turn_timeout(const struct loop *l);
static void turn_events(struct loop *l, int timeout_ms);
static void turn_posts(struct loop *l);
static void turn_timers(struct loop *l);
static void turn_late(struct loop *l);
static void heap_up(struct loop *l, size_t i);
static void heap_down(struct loop *l, size_t i);

enum status loop_new(struct loop **out) {
    struct loop *l = mem_zalloc(1, sizeof *l);
    if (!l) return STATUS_NO_MEMORY;
    enum status st = STATUS_NO_MEMORY;
    pthread_mutex_init(&l->post_lock, NULL);
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake =
        (struct loop_watch){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .on_ready = on_wake};
    l->ready = mem_alloc(EVENTS_MAX * sizeof *l->ready);
    l->scratch = mem_alloc(LOOP_SCRATCH_BYTES);
    l->posts = mem_alloc(POSTS_FIRST * sizeof *l->posts);
    l->running = mem_alloc(POSTS_FIRST * sizeof *l->running);
    l->post_cap = l->running_cap = POSTS_FIRST;
    if (!l->ready || !l->scratch || !l->posts || !l->running) goto fail;
    if (l->epoll_fd < 0 || l->wake.fd < 0) {
        st = status_from_errno(errno);
        goto fail;
    }
    st = loop_watch_add(l, &l->wake, EPOLLIN);
    if (st != STATUS_OK) goto fail;
    l->now_ns = clock_mono_ns();
    *out = l;
    return STATUS_OK;
fail:
    loop_free(l);
    return st;
}

void loop_free(struct loop *l) {
    if (!l) return;
    if (l->epoll_fd >= 0) close(l->epoll_fd);
    if (l->wake.fd >= 0) close(l->wake.fd);
    for (unsigned i = 0; i < l->block_count; i++)
        mem_free(l->blocks[i]);
    pthread_mutex_destroy(&l->post_lock);
    mem_free(l->timers);
    mem_free(l->ready);
    mem_free(l->scratch);
    mem_free(l->posts);
    mem_free(l->running);
    mem_free(l);
}

void loop_run(struct loop *l, void (*on_turn)(void *ctx), void *ctx) {
    while (!atomic_load_explicit(&l->stopping, memory_order_acquire)) {
        turn_events(l, turn_timeout(l));
        turn_posts(l);
        turn_timers(l);
        turn_late(l);
        if (on_turn) on_turn(ctx);
    }
    atomic_store_explicit(&l->stopping, false, memory_order_release);
}

void loop_stop(struct loop *l) {
    atomic_store_explicit(&l->stopping, true, memory_order_release);
    uint64_t one = 1;
    ssize_t n = write(l->wake.fd, &one, sizeof one);
    (void)n; // a full counter wakes as well
}

uint64_t loop_now_ns(const struct loop *l) {
    return l->now_ns;
}

// --- descriptors ---

static enum status watch_control(struct loop *l, int op, struct loop_watch *w, uint32_t events) {
    struct epoll_event e = {.events = events, .data.ptr = w};
    return epoll_ctl(l->epoll_fd, op, w->fd, &e) == 0 ? STATUS_OK : status_from_errno(errno);
}

enum status loop_watch_add(struct loop *l, struct loop_watch *w, uint32_t epoll_events) {
    return watch_control(l, EPOLL_CTL_ADD, w, epoll_events);
}

enum status loop_watch_change(struct loop *l, struct loop_watch *w, uint32_t epoll_events) {
    return watch_control(l, EPOLL_CTL_MOD, w, epoll_events);
}

void loop_watch_remove(struct loop *l, struct loop_watch *w) {
    struct epoll_event unused;
    epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, &unused);
    for (int i = l->ready_next; i < l->ready_count; i++) {
        if (l->ready[i].data.ptr == w)
            l->ready[i].data.ptr = NULL; // an event of this turn, too late
    }
}

static void turn_events(struct loop *l, int timeout_ms) {
    int n = epoll_wait(l->epoll_fd, l->ready, EVENTS_MAX, timeout_ms);
    l->now_ns = clock_mono_ns();
    l->ready_count = n > 0 ? n : 0;
    for (l->ready_next = 0; l->ready_next < l->ready_count;) {
        struct epoll_event *e = &l->ready[l->ready_next++];
        struct loop_watch *w = e->data.ptr;
        if (w) w->on_ready(w, e->events);
    }
    l->ready_count = 0;
}

static int turn_timeout(const struct loop *l) {
    if (l->late_first) return 0;
    if (l->timer_count == 0) return -1;
    uint64_t now = clock_mono_ns(), due = l->timers[0]->due_ns;
    if (due <= now) return 0;
    uint64_t ms = (due - now + 999999) / 1000000;
    return ms > 3600000 ? 3600000 : (int)ms;
}

// --- work of other threads ---

enum status loop_post(struct loop *l, void (*fn)(void *ctx), void *ctx) {
    enum status st = STATUS_OK;
    bool first = false;
    pthread_mutex_lock(&l->post_lock);
    if (l->post_count == l->post_cap) {
        struct post *more = mem_realloc(l->posts, 2 * l->post_cap * sizeof *more);
        if (more) {
            l->posts = more;
            l->post_cap *= 2;
        } else {
            st = STATUS_NO_MEMORY;
        }
    }
    if (l->closed) st = STATUS_CLOSED;
    if (st == STATUS_OK) {
        first = l->post_count == 0;
        l->posts[l->post_count++] = (struct post){fn, ctx};
    }
    pthread_mutex_unlock(&l->post_lock);
    if (first) {
        uint64_t one = 1;
        ssize_t n = write(l->wake.fd, &one, sizeof one);
        (void)n;
    }
    return st;
}

void loop_refuse_posts(struct loop *l) {
    pthread_mutex_lock(&l->post_lock);
    l->closed = true;
    pthread_mutex_unlock(&l->post_lock);
}

static void on_wake(struct loop_watch *w, uint32_t events) {
    (void)events;
    uint64_t count;
    ssize_t n = read(w->fd, &count, sizeof count);
    (void)n;
}

static void turn_posts(struct loop *l) {
    pthread_mutex_lock(&l->post_lock);
    struct post *posts = l->posts;
    size_t count = l->post_count, cap = l->post_cap;
    l->posts = l->running;
    l->post_cap = l->running_cap;
    l->post_count = 0;
    pthread_mutex_unlock(&l->post_lock);
    l->running = posts;
    l->running_cap = cap;
    for (size_t i = 0; i < count; i++)
        posts[i].fn(posts[i].ctx);
}

// --- late work ---

void loop_late_add(struct loop *l, struct loop_late *t) {
    if (t->waiting) return;
    t->waiting = true;
    t->next = NULL;
    if (l->late_last) {
        l->late_last->next = t;
    } else {
        l->late_first = t;
    }
    l->late_last = t;
}

void loop_late_remove(struct loop *l, struct loop_late *t) {
    if (!t->waiting) return;
    struct loop_late *before = NULL;
    for (struct loop_late **at = &l->late_first; *at; at = &(*at)->next) {
        if (*at == t) {
            *at = t->next;
            if (l->late_last == t) l->late_last = before;
            break;
        }
        before = *at;
    }
    t->waiting = false;
}

static void turn_late(struct loop *l) {
    struct loop_late *last = l->late_last;
    while (l->late_first) {
        struct loop_late *t = l->late_first;
        l->late_first = t->next;
        if (!l->late_first) l->late_last = NULL;
        t->waiting = false;
        bool ends = t == last; // `t` may be freed by its function
        t->fn(t);
        if (ends) break;
    }
}

// --- timers ---

static void heap_set(struct loop *l, size_t i, struct loop_timer *t) {
    l->timers[i] = t;
    t->place = (uint32_t)i;
}

enum status loop_timer_start(struct loop *l, struct loop_timer *t, uint64_t after_ms) {
    uint64_t now = clock_mono_ns();
    uint64_t due = after_ms > (UINT64_MAX - now) / 1000000 ? UINT64_MAX : now + after_ms * 1000000;
    if (t->due_ns) {
        uint64_t old = t->due_ns;
        t->due_ns = due;
        due < old ? heap_up(l, t->place) : heap_down(l, t->place);
        return STATUS_OK;
    }
    if (l->timer_count == l->timer_cap) {
        size_t cap = l->timer_cap ? 2 * l->timer_cap : 64;
        struct loop_timer **more = mem_realloc(l->timers, cap * sizeof(*more));
        if (!more) return STATUS_NO_MEMORY;
        l->timers = more;
        l->timer_cap = cap;
    }
    t->due_ns = due;
    heap_set(l, l->timer_count++, t);
    heap_up(l, t->place);
    return STATUS_OK;
}

void loop_timer_stop(struct loop *l, struct loop_timer *t) {
    if (!t->due_ns) return;
    t->due_ns = 0;
    size_t i = t->place;
    struct loop_timer *last = l->timers[--l->timer_count];
    if (last == t) return;
    heap_set(l, i, last);
    heap_up(l, i);
    heap_down(l, last->place);
}

static void turn_timers(struct loop *l) {
    // Those due when the turn came here; a timer that starts itself again waits for the next turn.
    uint64_t now = clock_mono_ns();
    while (l->timer_count && l->timers[0]->due_ns <= now) {
        struct loop_timer *t = l->timers[0];
        loop_timer_stop(l, t);
        t->on_due(t);
    }
}

static void heap_up(struct loop *l, size_t i) {
    struct loop_timer *t = l->timers[i];
    while (i > 0) {
        size_t parent = (i - 1) / 2;
        if (l->timers[parent]->due_ns <= t->due_ns) break;
        heap_set(l, i, l->timers[parent]);
        i = parent;
    }
    heap_set(l, i, t);
}

static void heap_down(struct loop *l, size_t i) {
    struct loop_timer *t = l->timers[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= l->timer_count) break;
        if (child + 1 < l->timer_count && l->timers[child + 1]->due_ns < l->timers[child]->due_ns) {
            child++;
        }
        if (l->timers[child]->due_ns >= t->due_ns) break;
        heap_set(l, i, l->timers[child]);
        i = child;
    }
    heap_set(l, i, t);
}

// --- shared memory ---

char *loop_scratch(struct loop *l) {
    return l->scratch;
}

void *loop_block_get(struct loop *l) {
    return l->block_count ? l->blocks[--l->block_count] : mem_alloc(LOOP_BLOCK_BYTES);
}

void loop_block_put(struct loop *l, void *block) {
    if (l->block_count < BLOCKS_KEPT) {
        l->blocks[l->block_count++] = block;
    } else {
        mem_free(block);
    }
}
