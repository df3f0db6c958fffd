// mem.c - glibc's malloc with a count per thread, a limit and planned failures.
//
// Why a count per thread: one shared counter would bounce between cores at each
// allocation. A thread folds its difference into the total at 64 KiB and when it ends.

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define FOLD_BYTES ((int64_t)64 * 1024)

// Written rarely, read by each allocation: a cache line apart from the total.
static struct {
    _Alignas(64) _Atomic size_t limit;
    _Atomic bool counting; // mem_fail_at was called once
    _Alignas(64) _Atomic int64_t total;
    _Alignas(64) _Atomic uint64_t allocations;
    _Atomic uint64_t fail_at;
    _Atomic bool fail_after;
} mem;

static _Thread_local struct {
    int64_t delta;   // counted, not yet in the total
    int64_t fold_at; // 0 until the thread has its exit hook: the first count takes the slow way
} local;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

static bool refused(size_t extra);
static bool planned_to_fail(void);
static void count(int64_t bytes);
static void fold(void);

void *mem_alloc(size_t size) {
    if (refused(size)) {
        return NULL;
    }
    void *ptr = malloc(size ? size : 1);
    if (ptr) {
        count((int64_t)malloc_usable_size(ptr));
    }
    return ptr;
}

void *mem_zalloc(size_t n, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || refused(bytes)) {
        return NULL;
    }
    void *ptr = calloc(1, bytes ? bytes : 1);
    if (ptr) {
        count((int64_t)malloc_usable_size(ptr));
    }
    return ptr;
}

void *mem_realloc(void *ptr, size_t size) {
    if (!ptr) {
        return mem_alloc(size);
    }
    size_t before = malloc_usable_size(ptr);
    if (refused(size > before ? size - before : 0)) {
        return NULL;
    }
    void *moved = realloc(ptr, size ? size : 1);
    if (moved) {
        count((int64_t)malloc_usable_size(moved) - (int64_t)before);
    }
    return moved;
}

void *mem_alloc_aligned(size_t align, size_t size) {
    assert(align && (align & (align - 1)) == 0);
    if (refused(size)) {
        return NULL;
    }
    void *ptr = NULL;
    if (posix_memalign(&ptr, align < sizeof(void *) ? sizeof(void *) : align, size ? size : 1)) {
        return NULL;
    }
    count((int64_t)malloc_usable_size(ptr));
    return ptr;
}

void mem_free(void *ptr) {
    if (!ptr) {
        return;
    }
    int err = errno; // a cleanup path must not hide the error it reports
    count(-(int64_t)malloc_usable_size(ptr));
    free(ptr);
    errno = err;
}

bool mem_charge(size_t size) {
    if (refused(size)) {
        return false;
    }
    count((int64_t)size);
    return true;
}

void mem_discharge(size_t size) {
    count(-(int64_t)size);
}

size_t mem_used(void) {
    int64_t used = atomic_load_explicit(&mem.total, memory_order_relaxed) + local.delta;
    return used > 0 ? (size_t)used : 0;
}

void mem_set_limit(size_t limit_bytes) {
    atomic_store_explicit(&mem.limit, limit_bytes, memory_order_relaxed);
}

size_t mem_limit(void) {
    return atomic_load_explicit(&mem.limit, memory_order_relaxed);
}

void mem_fail_at(uint64_t n, bool and_after) {
    atomic_store(&mem.fail_at, n);
    atomic_store(&mem.fail_after, and_after);
    atomic_store(&mem.allocations, 0);
    atomic_store(&mem.counting, true);
}

uint64_t mem_alloc_count(void) {
    return atomic_load(&mem.allocations);
}

static inline bool refused(size_t extra) {
    if (__builtin_expect(atomic_load_explicit(&mem.counting, memory_order_relaxed), false) &&
        planned_to_fail()) {
        return true;
    }
    size_t limit = mem_limit();
    if (limit == 0) {
        return false;
    }
    size_t used = mem_used();
    return extra > 0 && (used >= limit || extra > limit - used);
}

static bool planned_to_fail(void) {
    uint64_t n = atomic_fetch_add(&mem.allocations, 1) + 1;
    uint64_t at = atomic_load(&mem.fail_at);
    return at && (n == at || (n > at && atomic_load(&mem.fail_after)));
}

static inline void count(int64_t bytes) {
    local.delta += bytes;
    if (__builtin_expect(local.delta >= local.fold_at || -local.delta >= local.fold_at, false)) {
        fold();
    }
}

static void fold_to_total(void) {
    atomic_fetch_add_explicit(&mem.total, local.delta, memory_order_relaxed);
    local.delta = 0;
}

// Other destructors may still allocate or free: the thread starts over, and its next count
// hooks it again (glibc runs up to four rounds of destructors).
static void thread_ended(void *unused) {
    (void)unused;
    fold_to_total();
    local.fold_at = 0;
}

static void make_key(void) {
    key_made = pthread_key_create(&key, thread_ended) == 0;
}

// A thread without an exit hook (no key, no memory for it) folds at every count: slow, never wrong.
static void fold(void) {
    fold_to_total();
    if (local.fold_at) {
        return;
    }
    pthread_once(&key_once, make_key);
    if (key_made && pthread_setspecific(key, &local) == 0) {
        local.fold_at = FOLD_BYTES;
    }
}
