// pool.h - nodes by number: chunks that never move, freed numbers used again.
//
// The caller lays a chunk out as it likes (1 << shift entries of its own shape); the pool keeps its
// list of free entries in the entries themselves: the pool writes the first uint32 of a free one.
//
// Small pools allocate chunk by chunk, large ones slabs of many chunks on huge pages: moves and searches
// of a million points spend most of their time on misses of the TLB otherwise.
//
// Reserving comes before changing: after pool_reserve(n) the next n pool_take calls cannot fail,
// so a structure can make all its allocations before it touches anything.
//
// Beside a writer others may read entries when they do it with care for what they find there
// (pool_readers_beside): no memory that was ever an entry goes away before pool_deinit, nor does a directory of chunks.
//
// Owner: the index it is in; its lock.

#ifndef INDEX_POOL_H
#define INDEX_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define POOL_NONE UINT32_MAX

struct pool_slab {
    char *at;
    size_t bytes;
};

struct pool {
    _Atomic(char **)
        chunks; // where each begins, within its slab; entry -1 is the directory before this one
    struct pool_slab *slabs; // what was allocated
    size_t chunk_bytes;
    size_t link_at, link_stride;
    bool lasting;
    unsigned shift;
    uint32_t limit; // entries at most
    uint32_t chunk_count, chunk_cap;
    uint32_t slab_count, slab_cap;
    uint32_t first_chunks; // in the first slab
    uint32_t used;         // entries handed out for the first time
    uint32_t free_head;    // POOL_NONE: none
    uint32_t free_count;
};

/// Entries lie `entry_bytes` apart from the start of a chunk of `chunk_bytes`; at most `limit` of them.
void pool_init(struct pool *p, unsigned shift, size_t entry_bytes, size_t chunk_bytes,
               uint32_t limit);
void pool_deinit(struct pool *p);
/// Before the first take: readers walk entries while the writer takes and gives. Links of free entries lie `link_stride`
/// apart from `link_at` in a chunk on, where no reader minds them, and pool_clear keeps all memory.
void pool_readers_beside(struct pool *p, size_t link_at, size_t link_stride);
/// Make room for `count` takes.
MUST_USE enum status pool_reserve(struct pool *p, uint32_t count);
/// A number whose entry holds garbage. Reserved before.
uint32_t pool_take(struct pool *p);
void pool_give(struct pool *p, uint32_t entry);
/// Forget all entries; keep the memory of the first slab, or all of it with readers beside.
void pool_clear(struct pool *p);
size_t pool_bytes(const struct pool *p);

static inline char *pool_chunk(const struct pool *p, uint32_t entry) {
    return atomic_load_explicit(&p->chunks, memory_order_acquire)[entry >> p->shift];
}
/// Entries in use.
static inline uint32_t pool_count(const struct pool *p) {
    return p->used - p->free_count;
}

#endif
