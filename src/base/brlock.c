// brlock.c - readers raise their own flag and look at the writer's; the writer the reverse.
//
// Each side stores its own flag and then loads the other's, both sequentially consistent: in the
// one order of these four operations at least one side sees the other (Dekker). The reader then
// steps back, the writer waits, so both are never inside. `used` is raised before
// the reader's flag: a writer that reads it too low raised its own flag earlier still, and is seen.

#include "base/brlock.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/cpu.h"
#include "base/mem.h"

#define SPINS 128 // then the processor is given away: the other side may need it

// Two lines: the processor fetches lines in pairs.
struct slot {
    _Alignas(128) _Atomic unsigned inside;
};

struct brlock {
    _Alignas(128) _Atomic bool writing;
    _Atomic unsigned used; // one more than the highest reader ever inside: how far a writer looks
    unsigned readers;
    _Alignas(128) pthread_mutex_t writers;
    struct slot slots[];
};

static void pause_or_yield(unsigned *spins);

enum status brlock_new(unsigned readers, struct brlock **out) {
    size_t size = sizeof(struct brlock) + readers * sizeof(struct slot);
    struct brlock *lock = mem_alloc_aligned(_Alignof(struct brlock), size);
    if (!lock) {
        return STATUS_NO_MEMORY;
    }
    memset(lock, 0, size);
    lock->readers = readers;
    if (pthread_mutex_init(&lock->writers, NULL) != 0) {
        mem_free(lock);
        return STATUS_NO_MEMORY;
    }
    *out = lock;
    return STATUS_OK;
}

void brlock_free(struct brlock *lock) {
    if (lock) {
        pthread_mutex_destroy(&lock->writers);
        mem_free(lock);
    }
}

void brlock_read_begin(struct brlock *lock, unsigned reader) {
    assert(reader < lock->readers);
    _Atomic unsigned *inside = &lock->slots[reader].inside;
    assert(atomic_load_explicit(inside, memory_order_relaxed) == 0);
    unsigned used = atomic_load_explicit(&lock->used, memory_order_relaxed);
    while (reader >= used && !atomic_compare_exchange_weak(&lock->used, &used, reader + 1)) {
    }
    unsigned spins = 0;
    for (;;) {
        atomic_store(inside, 1);
        if (!atomic_load(&lock->writing)) {
            return;
        }
        atomic_store_explicit(inside, 0, memory_order_release);
        while (atomic_load_explicit(&lock->writing, memory_order_relaxed)) {
            pause_or_yield(&spins);
        }
    }
}

void brlock_read_end(struct brlock *lock, unsigned reader) {
    atomic_store_explicit(&lock->slots[reader].inside, 0, memory_order_release);
}

void brlock_write_begin(struct brlock *lock) {
    pthread_mutex_lock(&lock->writers);
    atomic_store(&lock->writing, true);
    unsigned spins = 0;
    unsigned used = atomic_load(&lock->used);
    for (unsigned i = 0; i < used; i++) {
        while (atomic_load(&lock->slots[i].inside)) {
            pause_or_yield(&spins);
        }
    }
}

void brlock_write_end(struct brlock *lock) {
    atomic_store_explicit(&lock->writing, false, memory_order_release);
    pthread_mutex_unlock(&lock->writers);
}

static void pause_or_yield(unsigned *spins) {
    if (++*spins >= SPINS) {
        sched_yield();
        return;
    }
    cpu_pause();
}
