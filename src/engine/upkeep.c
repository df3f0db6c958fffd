// upkeep.c - a thread that removes what has expired and gives memory back.

#include <time.h>

#include "base/clock.h"
#include "engine/engine_state.h"

#define TICK_MS 100
#define DUE_AT_ONCE 256 // objects removed in one batch

static void *run(void *engine);
static size_t expire_some(struct engine *e, int64_t now_ms, bool *more);

enum status engine_start(struct engine *e) {
    e->upkeep.stop = false;
    if (pthread_create(&e->upkeep.thread, NULL, run, e) != 0) {
        return STATUS_NO_MEMORY;
    }
    e->upkeep.running = true;
    return STATUS_OK;
}

void engine_stop(struct engine *e) {
    if (!e->upkeep.running) {
        return;
    }
    pthread_mutex_lock(&e->upkeep.lock);
    e->upkeep.stop = true;
    pthread_cond_signal(&e->upkeep.wake);
    pthread_mutex_unlock(&e->upkeep.lock);
    pthread_join(e->upkeep.thread, NULL);
    e->upkeep.running = false;
}

size_t engine_tick(struct engine *e, int64_t now_ms) {
    size_t removed = 0;
    bool more = true;
    pthread_mutex_lock(&e->upkeep.tick);
    while (more) {
        removed += expire_some(e, now_ms, &more);
    }
    pthread_mutex_unlock(&e->upkeep.tick);
    fences_expire(e, now_ms);
    epoch_collect(e->epoch);
    return removed;
}

// Without room in memory or in the store they stay, unseen, and are tried again with the next tick.
static size_t expire_some(struct engine *e, int64_t now_ms, bool *more) {
    struct expiry_entry due[DUE_AT_ONCE];
    size_t removed = 0;
    unsigned reader = e->upkeep.reader;
    epoch_enter(e->epoch, reader);
    size_t count = expiry_due(&e->expiry, now_ms, due, DUE_AT_ONCE);
    enum status st = STATUS_OK;
    if (count) {
        st = engine_apply_expiry(e, reader, now_ms, due, count, &removed);
        expiry_return(&e->expiry, due, count);
    }
    epoch_leave(e->epoch, reader);
    *more = st == STATUS_OK && count == DUE_AT_ONCE;
    return removed;
}

static int64_t wait_ms(struct engine *e) {
    int64_t until_due = expiry_next_ms(&e->expiry) - clock_wall_ms();
    return until_due > 0 && until_due < TICK_MS ? until_due : TICK_MS;
}

static void *run(void *engine) {
    struct engine *e = engine;
    pthread_mutex_lock(&e->upkeep.lock);
    while (!e->upkeep.stop) {
        pthread_mutex_unlock(&e->upkeep.lock);
        (void)engine_tick(e, clock_wall_ms());
        uint64_t until_ns = clock_mono_ns() + (uint64_t)wait_ms(e) * 1000000u;
        struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u),
                                 .tv_nsec = (long)(until_ns % 1000000000u)};
        pthread_mutex_lock(&e->upkeep.lock);
        if (!e->upkeep.stop) {
            pthread_cond_timedwait(&e->upkeep.wake, &e->upkeep.lock, &until);
        }
    }
    pthread_mutex_unlock(&e->upkeep.lock);
    return NULL;
}
