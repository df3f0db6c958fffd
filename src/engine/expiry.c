// expiry.c - a heap that is corrected when an entry comes up, not when its object changes.

#include "engine/expiry.h"

#include <assert.h>

#include "base/mem.h"

#define FANOUT 4 // children per node: half the depth of two, the same comparisons

static void place(struct expiry *x, size_t at, const struct expiry_entry *entry);
static void rise(struct expiry *x, size_t at, struct expiry_entry entry);
static void sink(struct expiry *x, size_t at, struct expiry_entry entry);
static void push(struct expiry *x, const struct expiry_entry *entry);
static void take_first(struct expiry *x);
static int64_t expiry_of(const struct expiry_entry *entry);

static struct slot_access *access_of(const struct expiry_entry *entry) {
    return slots_access(&entry->collection->slots, entry->slot);
}

enum status expiry_init(struct expiry *x) {
    memset(x, 0, sizeof *x);
    return pthread_mutex_init(&x->lock, NULL) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

void expiry_deinit(struct expiry *x) {
    mem_free(x->heap);
    pthread_mutex_destroy(&x->lock);
}

enum status expiry_reserve(struct expiry *x, size_t count) {
    enum status st = STATUS_OK;
    pthread_mutex_lock(&x->lock);
    size_t need = x->count + x->promised + count;
    if (need > x->cap) {
        size_t cap = x->cap * 2 > need ? x->cap * 2 : need + 64;
        struct expiry_entry *heap = mem_realloc(x->heap, cap * sizeof heap[0]);
        if (heap) {
            x->heap = heap;
            x->cap = cap;
        } else {
            st = STATUS_NO_MEMORY;
        }
    }
    x->promised += st == STATUS_OK ? count : 0;
    pthread_mutex_unlock(&x->lock);
    return st;
}

void expiry_release(struct expiry *x, size_t count) {
    pthread_mutex_lock(&x->lock);
    assert(x->promised >= count);
    x->promised -= count;
    pthread_mutex_unlock(&x->lock);
}

void expiry_note(struct expiry *x, struct collection *c, uint32_t slot, int64_t ms) {
    struct expiry_entry entry = {ms, c, slot};
    atomic_store_explicit(&c->expires, true, memory_order_release);
    pthread_mutex_lock(&x->lock);
    assert(x->promised > 0);
    x->promised--;
    uint32_t at = access_of(&entry)->expiry_at;
    if (!at) {
        push(x, &entry);
    } else if (ms < x->heap[at - 1].ms) {
        rise(x, at - 1, entry);
    }
    pthread_mutex_unlock(&x->lock);
}

size_t expiry_due(struct expiry *x, int64_t now_ms, struct expiry_entry *out, size_t limit) {
    size_t count = 0;
    pthread_mutex_lock(&x->lock);
    while (count < limit && x->count && x->heap[0].ms <= now_ms) {
        struct expiry_entry first = x->heap[0];
        int64_t ms = expiry_of(&first);
        if (ms <= now_ms) {
            take_first(x);
            x->promised++; // it may come back
            out[count++] = first;
        } else if (ms == INT64_MAX) {
            take_first(x);
        } else {
            first.ms = ms;
            sink(x, 0, first);
        }
    }
    pthread_mutex_unlock(&x->lock);
    return count;
}

void expiry_return(struct expiry *x, const struct expiry_entry *entries, size_t count) {
    pthread_mutex_lock(&x->lock);
    for (size_t i = 0; i < count; i++) {
        struct expiry_entry entry = entries[i];
        assert(x->promised > 0);
        x->promised--;
        entry.ms = entry.collection->dropped ? INT64_MAX : expiry_of(&entry);
        if (entry.ms != INT64_MAX && !access_of(&entry)->expiry_at) {
            push(x, &entry);
        }
    }
    pthread_mutex_unlock(&x->lock);
}

void expiry_purge(struct expiry *x, const struct collection *c) {
    pthread_mutex_lock(&x->lock);
    size_t kept = 0;
    for (size_t i = 0; i < x->count; i++) {
        if (x->heap[i].collection != c) {
            x->heap[kept++] = x->heap[i];
        }
    }
    bool changed = kept != x->count;
    x->count = kept;
    for (size_t at = kept; changed && at-- > 0;) {
        sink(x, at, x->heap[at]);
    }
    pthread_mutex_unlock(&x->lock);
}

int64_t expiry_next_ms(struct expiry *x) {
    pthread_mutex_lock(&x->lock);
    int64_t ms = x->count ? x->heap[0].ms : INT64_MAX;
    pthread_mutex_unlock(&x->lock);
    return ms;
}

// INT64_MAX when the slot is empty or its object stays.
static int64_t expiry_of(const struct expiry_entry *entry) {
    const struct row *row = slots_load(&entry->collection->slots, entry->slot);
    return row ? row_expires_ms(row) : INT64_MAX;
}

static void push(struct expiry *x, const struct expiry_entry *entry) {
    assert(x->count < x->cap);
    rise(x, x->count++, *entry);
}

static void take_first(struct expiry *x) {
    access_of(&x->heap[0])->expiry_at = 0;
    struct expiry_entry last = x->heap[--x->count];
    if (x->count) {
        sink(x, 0, last);
    }
}

static void place(struct expiry *x, size_t at, const struct expiry_entry *entry) {
    x->heap[at] = *entry;
    access_of(entry)->expiry_at = (uint32_t)at + 1;
}

static void rise(struct expiry *x, size_t at, struct expiry_entry entry) {
    while (at > 0) {
        size_t parent = (at - 1) / FANOUT;
        if (x->heap[parent].ms <= entry.ms) {
            break;
        }
        place(x, at, &x->heap[parent]);
        at = parent;
    }
    place(x, at, &entry);
}

static void sink(struct expiry *x, size_t at, struct expiry_entry entry) {
    for (;;) {
        size_t first = at * FANOUT + 1, least = first;
        for (size_t i = first + 1; i < first + FANOUT && i < x->count; i++) {
            least = x->heap[i].ms < x->heap[least].ms ? i : least;
        }
        if (first >= x->count || x->heap[least].ms >= entry.ms) {
            break;
        }
        place(x, at, &x->heap[least]);
        at = least;
    }
    place(x, at, &entry);
}
