// epoch.c - three epochs, one slot per reader, retired memory in one list per epoch.
//
// Why it is safe. Everything marked (sc) is sequentially consistent; the epoch only advances,
// and memory is only retired, under the mutex.
//
//   reader   slot := e (sc); epoch still e? (sc), else again; ... use ...; slot := outside
//   writer   unlink; lock; note (ptr, r = epoch); unlock
//   advance  lock; every slot outside (sc) or = epoch (sc)? epoch := epoch + 1 (sc); unlock
//
// Memory noted in epoch r is freed when the epoch reaches r + 2.
// A reader that entered with e > r cannot find the memory: its read of e follows the advance to
// e, which follows the writer's unlock, which follows the unlink.
// A reader that entered with e <= r may hold it. Its second look at the epoch still gave e, so
// the store to its slot precedes the advance to e + 1, and any later advance sees the slot: it is
// neither outside nor e + 1, and the epoch stays at e + 1 <= r + 1 until the reader leaves.
// Two (sc) operations, the exchange and the second look, are needed because a store may otherwise
// pass a later load; no fence does it more cheaply, and thread sanitizers do not follow fences.

#include "base/epoch.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

#define CHUNK_ITEMS 62 // a chunk is 1 KiB

// Two lines: the processor fetches lines in pairs.
struct slot {
    _Alignas(128) _Atomic uint64_t state; // 0 outside, else epoch * 2 + 1
    unsigned depth;                       // the reader's own
};

struct chunk {
    struct chunk *next;
    size_t count;
    struct {
        void *ptr;
        void (*free_fn)(void *);
    } items[CHUNK_ITEMS];
};

struct retired {
    struct chunk *chunks;
    struct epoch_node *nodes;
};

struct epoch {
    _Alignas(128) _Atomic uint64_t now;
    _Atomic unsigned readers;            // one more than the highest id ever taken
    _Alignas(128) pthread_mutex_t mutex; // guards what follows, and advances
    struct retired retired[3];           // by epoch modulo 3
    bool taken[EPOCH_MAX_READERS];
    struct slot slots[EPOCH_MAX_READERS];
};

static struct retired advance(struct epoch *e, bool *advanced);
static void free_retired(struct retired retired);
static bool note(struct epoch *e, void *ptr, void (*free_fn)(void *), uint64_t *at);

enum status epoch_new(struct epoch **out) {
    struct epoch *e = mem_alloc_aligned(_Alignof(struct epoch), sizeof *e);
    if (!e) {
        return STATUS_NO_MEMORY;
    }
    memset(e, 0, sizeof *e);
    if (pthread_mutex_init(&e->mutex, NULL) != 0) {
        mem_free(e);
        return STATUS_NO_MEMORY;
    }
    *out = e;
    return STATUS_OK;
}

void epoch_free(struct epoch *e) {
    if (!e) {
        return;
    }
    for (unsigned i = 0; i < epoch_reader_count(e); i++) {
        assert(atomic_load(&e->slots[i].state) == 0);
    }
    for (int i = 0; i < 3; i++) {
        free_retired(e->retired[i]);
    }
    pthread_mutex_destroy(&e->mutex);
    mem_free(e);
}

enum status epoch_register(struct epoch *e, unsigned *reader) {
    enum status st = STATUS_BUSY;
    pthread_mutex_lock(&e->mutex);
    for (unsigned i = 0; i < EPOCH_MAX_READERS; i++) {
        if (!e->taken[i]) {
            e->taken[i] = true;
            if (i >= epoch_reader_count(e)) {
                atomic_store(&e->readers, i + 1);
            }
            *reader = i;
            st = STATUS_OK;
            break;
        }
    }
    pthread_mutex_unlock(&e->mutex);
    return st;
}

void epoch_unregister(struct epoch *e, unsigned reader) {
    pthread_mutex_lock(&e->mutex);
    assert(reader < EPOCH_MAX_READERS && e->taken[reader] && e->slots[reader].depth == 0);
    e->taken[reader] = false;
    pthread_mutex_unlock(&e->mutex);
}

unsigned epoch_reader_count(const struct epoch *e) {
    return atomic_load(&e->readers);
}

void epoch_enter(struct epoch *e, unsigned reader) {
    assert(reader < EPOCH_MAX_READERS);
    struct slot *slot = &e->slots[reader];
    if (slot->depth++) {
        return;
    }
    uint64_t now = atomic_load_explicit(&e->now, memory_order_relaxed);
    for (;;) {
        atomic_exchange(&slot->state, now * 2 + 1);
        uint64_t again = atomic_load(&e->now);
        if (again == now) {
            return;
        }
        now = again;
    }
}

void epoch_leave(struct epoch *e, unsigned reader) {
    struct slot *slot = &e->slots[reader];
    assert(slot->depth > 0);
    if (--slot->depth == 0) {
        atomic_store_explicit(&slot->state, 0, memory_order_release);
    }
}

void epoch_retire(struct epoch *e, void *ptr, void (*free_fn)(void *)) {
    uint64_t at;
    if (note(e, ptr, free_fn, &at)) {
        return;
    }
    while (atomic_load(&e->now) < at + 2) {
        bool advanced;
        free_retired(advance(e, &advanced));
        if (!advanced) {
            sched_yield();
        }
    }
    free_fn(ptr);
}

void epoch_retire_node(struct epoch *e, struct epoch_node *node) {
    pthread_mutex_lock(&e->mutex);
    struct retired *list = &e->retired[atomic_load(&e->now) % 3];
    node->next = list->nodes;
    list->nodes = node;
    pthread_mutex_unlock(&e->mutex);
}

// Three advances free all that was retired before, if no reader stands in the way.
void epoch_collect(struct epoch *e) {
    bool advanced = true;
    for (int i = 0; i < 3 && advanced; i++) {
        free_retired(advance(e, &advanced));
    }
}

// False without memory; `*at` is the epoch it was (or would have been) noted in.
static bool note(struct epoch *e, void *ptr, void (*free_fn)(void *), uint64_t *at) {
    pthread_mutex_lock(&e->mutex);
    *at = atomic_load(&e->now);
    struct chunk **list = &e->retired[*at % 3].chunks;
    struct chunk *chunk = *list;
    if (!chunk || chunk->count == CHUNK_ITEMS) {
        chunk = mem_alloc(sizeof *chunk);
        if (chunk) {
            chunk->next = *list;
            chunk->count = 0;
            *list = chunk;
        }
    }
    if (chunk) {
        chunk->items[chunk->count].ptr = ptr;
        chunk->items[chunk->count++].free_fn = free_fn;
    }
    pthread_mutex_unlock(&e->mutex);
    return chunk;
}

// Advance if every reader inside has seen the present epoch; gives what became free by it. The
// list taken off is the one that the next epoch will fill.
static struct retired advance(struct epoch *e, bool *advanced) {
    struct retired free_now = {0};
    pthread_mutex_lock(&e->mutex);
    uint64_t now = atomic_load(&e->now);
    unsigned readers = epoch_reader_count(e);
    bool all = true;
    for (unsigned i = 0; i < readers && all; i++) {
        uint64_t state = atomic_load(&e->slots[i].state);
        all = state == 0 || state == now * 2 + 1;
    }
    if (all) {
        atomic_store(&e->now, now + 1);
        free_now = e->retired[(now + 2) % 3];
        e->retired[(now + 2) % 3] = (struct retired){0};
    }
    pthread_mutex_unlock(&e->mutex);
    *advanced = all;
    return free_now;
}

static void free_retired(struct retired retired) {
    struct chunk *chunk = retired.chunks;
    while (chunk) {
        struct chunk *next = chunk->next;
        for (size_t i = 0; i < chunk->count; i++) {
            chunk->items[i].free_fn(chunk->items[i].ptr);
        }
        mem_free(chunk);
        chunk = next;
    }
    struct epoch_node *node = retired.nodes;
    while (node) {
        struct epoch_node *next = node->next;
        node->free_fn(node);
        node = next;
    }
}
