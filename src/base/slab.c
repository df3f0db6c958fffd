// slab.c - slabs, the runs in them, the blocks in those, and each thread's store of blocks.
//
// Locks: a class's, then the one of the slabs. A thread takes and gives blocks of a class by the
// dozen, so it seldom meets either.

#include "base/slab.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define PLAIN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PLAIN 1
#endif
#endif
#ifndef PLAIN
#define PLAIN 0
#endif

#define SLAB_BYTES ((size_t)2 << 20)
#define RUN_BYTES ((size_t)64 << 10)
#define RUNS 32u          // in a slab
#define STEP ((size_t)16) // between classes
#define SMALL_MAX ((size_t)1024)
#define TABLE_MAX ((size_t)1 << 20)
#define CLASSES (SMALL_MAX / STEP)
#define KEPT 32u // blocks of a class a thread keeps at most; half go and come at a time

struct block {
    struct block *next;
};

struct slab {
    struct slab *next, *prev; // in a list, while it has room
    char *base;
    uint32_t taken; // bit i: run i
};

/// At the beginning of 64 KiB of blocks of one class. Under the lock of the class.
struct run {
    _Alignas(64) struct run *next; // in the list of those with room
    struct run *prev;
    struct slab *slab;
    struct block *free;
    uint32_t used, fresh, count; // blocks: in use, handed out once, in all
    uint32_t class;
};

struct class {
    _Alignas(64) pthread_mutex_t lock;
    struct run *room; // runs with room
};

static struct {
    struct class classes[CLASSES];
    _Alignas(64) pthread_mutex_t lock; // guards what follows
    struct slab *small, *tables;       // with room
    struct slab *full_tables;
    struct slab *spare; // one that is empty is kept
    _Atomic size_t held;
} all = {
    .classes = {[0 ... CLASSES - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}},
    .lock = PTHREAD_MUTEX_INITIALIZER,
};

static _Thread_local struct {
    bool hooked; // its blocks are given back when the thread ends
    uint8_t count[CLASSES];
    struct block *blocks[CLASSES][KEPT];
} mine;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

enum kind { SMALL, TABLE, LARGE, PLAINLY };

static enum kind kind_of(size_t size);
static void *take_small(size_t size);
static void give_small(void *ptr, size_t size);
static void *take_table(size_t size);
static void give_table(void *ptr, size_t size);
static void *take_large(size_t size);
static void give_large(void *ptr, size_t size);
static size_t charge_of(size_t size, enum kind kind);
static bool hook_thread(void);
static unsigned refill(unsigned class);
static void flush(unsigned class, unsigned leave);
static struct slab *slab_new(void);
static void slab_done(struct slab **list, struct slab *s);
static void push(struct slab **list, struct slab *s);
static void unlink_slab(struct slab **list, struct slab *s);

void *slab_alloc(size_t size) {
    enum kind kind = kind_of(size);
    if (kind == PLAINLY) {
        return mem_alloc_aligned(size <= SMALL_MAX ? STEP : 64, size);
    }
    size_t charge = charge_of(size, kind);
    if (size > SIZE_MAX / 2 || !mem_charge(charge)) {
        return NULL;
    }
    void *ptr = kind == SMALL   ? take_small(size)
                : kind == TABLE ? take_table(size)
                                : take_large(size);
    if (!ptr) {
        mem_discharge(charge);
    }
    return ptr;
}

void *slab_zalloc(size_t size) {
    void *ptr = slab_alloc(size);
    return ptr && kind_of(size) != LARGE ? memset(ptr, 0, size) : ptr; // new mappings are zero
}

void slab_free(void *ptr, size_t size) {
    enum kind kind = kind_of(size);
    if (kind == PLAINLY || !ptr) {
        mem_free(ptr);
        return;
    }
    if (kind == SMALL) {
        give_small(ptr, size);
    } else if (kind == TABLE) {
        give_table(ptr, size);
    } else {
        give_large(ptr, size);
    }
    mem_discharge(charge_of(size, kind));
}

size_t slab_held(void) {
    return atomic_load_explicit(&all.held, memory_order_relaxed);
}

static inline enum kind kind_of(size_t size) {
    if (PLAIN) {
        return PLAINLY;
    }
    return size <= SMALL_MAX   ? SMALL
           : size < RUN_BYTES  ? PLAINLY
           : size <= TABLE_MAX ? TABLE
                               : LARGE;
}

static inline unsigned class_of(size_t size) {
    assert(size);
    return (unsigned)((size - 1) / STEP);
}

static unsigned runs_of(size_t size) {
    return (unsigned)((size + RUN_BYTES - 1) / RUN_BYTES);
}

static size_t large_bytes(size_t size) {
    return (size + 4095) & ~(size_t)4095;
}

static inline size_t charge_of(size_t size, enum kind kind) {
    return kind == SMALL   ? (class_of(size) + 1) * STEP
           : kind == TABLE ? runs_of(size) * RUN_BYTES
                           : large_bytes(size);
}

static inline void *take_small(size_t size) {
    unsigned class = class_of(size);
    unsigned count = mine.count[class];
    if (count == 0 && (count = refill(class)) == 0) {
        return NULL;
    }
    mine.count[class] = (uint8_t)--count;
    return mine.blocks[class][count];
}

static inline void give_small(void *ptr, size_t size) {
    unsigned class = class_of(size);
    if (mine.count[class] == KEPT) {
        flush(class, KEPT / 2);
    }
    mine.blocks[class][mine.count[class]++] = ptr;
    if (__builtin_expect(!mine.hooked, false) && !hook_thread()) {
        flush(class, 0); // no hook, no store
    }
}

// --- threads ---

static void thread_ended(void *unused) {
    (void)unused;
    for (unsigned class = 0; class < CLASSES; class ++) {
        flush(class, 0);
    }
    mine.hooked = false;
}

static void make_key(void) {
    key_made = pthread_key_create(&key, thread_ended) == 0;
}

static bool hook_thread(void) {
    if (!mine.hooked) {
        pthread_once(&key_once, make_key);
        mine.hooked = key_made && pthread_setspecific(key, &mine) == 0;
    }
    return mine.hooked;
}

// --- blocks ---

static struct run *run_new(unsigned class);
static void run_empty(struct class *c, struct run *r);

static void run_list(struct class *c, struct run *r) {
    r->prev = NULL;
    r->next = c->room;
    if (c->room) {
        c->room->prev = r;
    }
    c->room = r;
}

static void run_unlist(struct class *c, struct run *r) {
    if (r->prev) {
        r->prev->next = r->next;
    } else {
        c->room = r->next;
    }
    if (r->next) {
        r->next->prev = r->prev;
    }
}

static struct block *run_take(struct run *r) {
    struct block *b = r->free;
    if (b) {
        r->free = b->next;
    } else {
        b = (struct block *)((char *)(r + 1) + r->fresh++ * (r->class + 1) * STEP);
    }
    r->used++;
    return b;
}

// Blocks for the thread; a thread without a hook gets one at a time. 0 without memory.
static unsigned refill(unsigned class) {
    struct class *c = &all.classes[class];
    unsigned wanted = hook_thread() ? KEPT / 2 : 1, n = 0;
    pthread_mutex_lock(&c->lock);
    while (n < wanted) {
        struct run *r = c->room;
        if (!r) {
            r = n ? NULL : run_new(class);
            if (!r) {
                break;
            }
            run_list(c, r);
        }
        while (n < wanted && r->used < r->count) {
            mine.blocks[class][n++] = run_take(r);
        }
        if (r->used == r->count) {
            run_unlist(c, r);
        }
    }
    pthread_mutex_unlock(&c->lock);
    return n;
}

// The oldest go, the youngest are still in the cache.
static void flush(unsigned class, unsigned leave) {
    struct class *c = &all.classes[class];
    unsigned count = mine.count[class];
    if (count <= leave) {
        return;
    }
    pthread_mutex_lock(&c->lock);
    for (unsigned i = 0; i < count - leave; i++) {
        struct block *b = mine.blocks[class][i];
        struct run *r = (struct run *)((uintptr_t)b & ~(RUN_BYTES - 1));
        assert(r->class == class && r->used);
        b->next = r->free;
        r->free = b;
        if (r->used-- == r->count) {
            run_list(c, r);
        }
        if (r->used == 0) {
            run_empty(c, r);
        }
    }
    pthread_mutex_unlock(&c->lock);
    memmove(mine.blocks[class], mine.blocks[class] + (count - leave),
            leave * sizeof(struct block *));
    mine.count[class] = (uint8_t)leave;
}

// --- runs ---

/// `count` free neighbours, the first of them; RUNS when there are none.
static unsigned find_runs(uint32_t taken, unsigned count) {
    uint32_t wanted = (uint32_t)(((uint64_t)1 << count) - 1);
    for (unsigned at = 0; at + count <= RUNS; at++) {
        if ((taken & wanted << at) == 0) {
            return at;
        }
    }
    return RUNS;
}

static struct run *run_new(unsigned class) {
    pthread_mutex_lock(&all.lock);
    struct slab *s = all.small;
    if (!s && (s = slab_new())) {
        push(&all.small, s);
    }
    struct run *r = NULL;
    if (s) {
        unsigned at = find_runs(s->taken, 1);
        s->taken |= 1u << at;
        if (s->taken == UINT32_MAX) {
            unlink_slab(&all.small, s);
        }
        r = (struct run *)(s->base + at * RUN_BYTES);
    }
    pthread_mutex_unlock(&all.lock);
    if (r) {
        size_t bytes = (class + 1) * STEP;
        *r = (struct run){
            .slab = s, .count = (uint32_t)((RUN_BYTES - sizeof *r) / bytes), .class = class};
    }
    return r;
}

// The last run with room of a class stays: the next block is likely to be wanted soon.
static void run_empty(struct class *c, struct run *r) {
    if (c->room == r && !r->next) {
        return;
    }
    run_unlist(c, r);
    struct slab *s = r->slab;
    pthread_mutex_lock(&all.lock);
    if (s->taken == UINT32_MAX) {
        push(&all.small, s);
    }
    s->taken &= ~(1u << ((size_t)((char *)r - s->base) / RUN_BYTES));
    if (s->taken == 0) {
        slab_done(&all.small, s);
    }
    pthread_mutex_unlock(&all.lock);
}

// --- tables ---

static void *take_table(size_t size) {
    unsigned count = runs_of(size), at = RUNS;
    pthread_mutex_lock(&all.lock);
    struct slab *s = all.tables;
    while (s && (at = find_runs(s->taken, count)) == RUNS) {
        s = s->next;
    }
    if (!s && (s = slab_new())) {
        push(&all.tables, s);
        at = 0;
    }
    void *ptr = NULL;
    if (s) {
        s->taken |= (uint32_t)(((uint64_t)1 << count) - 1) << at;
        ptr = s->base + at * RUN_BYTES;
        if (s->taken == UINT32_MAX) {
            unlink_slab(&all.tables, s);
            push(&all.full_tables, s);
        }
    }
    pthread_mutex_unlock(&all.lock);
    return ptr;
}

static struct slab *find_table(struct slab *s, const void *ptr) {
    uintptr_t base = (uintptr_t)ptr & ~(SLAB_BYTES - 1);
    while (s && (uintptr_t)s->base != base) {
        s = s->next;
    }
    return s;
}

// Tables are few and seldom freed: their slab is looked for.
static void give_table(void *ptr, size_t size) {
    unsigned count = runs_of(size);
    pthread_mutex_lock(&all.lock);
    struct slab *s = find_table(all.tables, ptr);
    if (!s) {
        s = find_table(all.full_tables, ptr);
        assert(s);
        unlink_slab(&all.full_tables, s);
        push(&all.tables, s);
    }
    size_t at = (size_t)((char *)ptr - s->base) / RUN_BYTES;
    s->taken &= ~((uint32_t)(((uint64_t)1 << count) - 1) << at);
    if (s->taken == 0) {
        slab_done(&all.tables, s);
    }
    pthread_mutex_unlock(&all.lock);
}

// --- slabs ---

/// `bytes` (a multiple of 4 KiB) of zeroes from the system, beginning on a huge page. It stays
/// ordinary memory where the system does not have those.
static char *map(size_t bytes) {
    size_t wide = bytes + SLAB_BYTES;
    char *at = wide < bytes ? MAP_FAILED
                            : mmap(NULL, wide, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        return NULL;
    }
    size_t before = -(uintptr_t)at & (SLAB_BYTES - 1), after = SLAB_BYTES - before;
    if (before) {
        munmap(at, before);
    }
    if (after) {
        munmap(at + before + bytes, after);
    }
    (void)madvise(at + before, bytes, MADV_HUGEPAGE);
    atomic_fetch_add_explicit(&all.held, bytes, memory_order_relaxed);
    return at + before;
}

static void unmap(char *at, size_t bytes) {
    munmap(at, bytes);
    atomic_fetch_sub_explicit(&all.held, bytes, memory_order_relaxed);
}

static void *take_large(size_t size) {
    return map(large_bytes(size));
}

static void give_large(void *ptr, size_t size) {
    unmap(ptr, large_bytes(size));
}

static struct slab *slab_new(void) {
    struct slab *s = all.spare;
    if (s) {
        all.spare = NULL;
        return s;
    }
    s = calloc(1, sizeof *s); // not counted: what is in the slab is
    if (s && !(s->base = map(SLAB_BYTES))) {
        free(s);
        s = NULL;
    }
    return s;
}

/// Nothing in it is in use any more.
static void slab_done(struct slab **list, struct slab *s) {
    unlink_slab(list, s);
    if (!all.spare) {
        all.spare = s;
        return;
    }
    unmap(s->base, SLAB_BYTES);
    free(s);
}

static void push(struct slab **list, struct slab *s) {
    s->prev = NULL;
    s->next = *list;
    if (*list) {
        (*list)->prev = s;
    }
    *list = s;
}

static void unlink_slab(struct slab **list, struct slab *s) {
    if (s->prev) {
        s->prev->next = s->next;
    } else {
        *list = s->next;
    }
    if (s->next) {
        s->next->prev = s->prev;
    }
}
