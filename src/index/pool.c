#include "index/pool.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/slab.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define SLAB_BYTES ((size_t)64 << 20) // at most

static enum status slab_add(struct pool *p);
static uint32_t slab_chunks(const struct pool *p);
static enum status chunks_grow(struct pool *p, uint32_t wanted);
static enum status slabs_grow(struct pool *p);
static uint32_t doubled(uint32_t cap, uint32_t wanted);
static _Atomic uint32_t *link_of(const struct pool *p, uint32_t entry);

void pool_init(struct pool *p, unsigned shift, size_t entry_bytes, size_t chunk_bytes,
               uint32_t limit) {
    *p = (struct pool){
        .chunk_bytes = chunk_bytes,
        .link_stride = entry_bytes,
        .shift = shift,
        .limit = limit,
        .free_head = POOL_NONE,
    };
}

void pool_deinit(struct pool *p) {
    for (uint32_t i = 0; i < p->slab_count; i++)
        slab_free(p->slabs[i].at, p->slabs[i].bytes);
    mem_free(p->slabs);
    for (char **d = p->chunks, **before; d; d = before) {
        before = (char **)(void *)d[-1];
        mem_free(d - 1);
    }
    pool_init(p, p->shift, p->link_stride, p->chunk_bytes, p->limit);
}

void pool_readers_beside(struct pool *p, size_t link_at, size_t link_stride) {
    p->link_at = link_at;
    p->link_stride = link_stride;
    p->lasting = true;
}

enum status pool_reserve(struct pool *p, uint32_t count) {
    for (;;) {
        uint64_t fresh = ((uint64_t)p->chunk_count << p->shift) - p->used;
        if (fresh + p->free_count >= count) return STATUS_OK;
        enum status st = slab_add(p);
        if (st != STATUS_OK) return st;
    }
}

uint32_t pool_take(struct pool *p) {
    uint32_t entry = p->free_head;
    if (entry != POOL_NONE) {
        p->free_head = atomic_load_explicit(link_of(p, entry), memory_order_relaxed);
        p->free_count--;
        return entry;
    }
    assert(p->used < (uint64_t)p->chunk_count << p->shift);
    return p->used++;
}

void pool_give(struct pool *p, uint32_t entry) {
    atomic_store_explicit(link_of(p, entry), p->free_head, memory_order_release);
    p->free_head = entry;
    p->free_count++;
}

void pool_clear(struct pool *p) {
    if (!p->lasting && p->slab_count > 1) {
        for (uint32_t i = 1; i < p->slab_count; i++)
            slab_free(p->slabs[i].at, p->slabs[i].bytes);
        p->slab_count = 1;
        p->chunk_count = p->first_chunks;
    }
    p->used = p->free_count = 0;
    p->free_head = POOL_NONE;
}

size_t pool_bytes(const struct pool *p) {
    size_t directories = 2 * p->chunk_cap * sizeof(char *); // with those before the present one
    return p->chunk_count * p->chunk_bytes + directories + p->slab_cap * sizeof *p->slabs;
}

static enum status slab_add(struct pool *p) {
    uint32_t more = slab_chunks(p);
    if (((uint64_t)(p->chunk_count + more) << p->shift) > p->limit) return STATUS_NO_MEMORY;
    enum status st = chunks_grow(p, p->chunk_count + more);
    if (st == STATUS_OK) st = slabs_grow(p);
    if (st != STATUS_OK) return st;

    size_t bytes = more * p->chunk_bytes;
    char *slab = slab_alloc(bytes);
    if (!slab) return STATUS_NO_MEMORY;
    if (p->slab_count == 0) p->first_chunks = more;
    p->slabs[p->slab_count++] = (struct pool_slab){slab, bytes};
    for (uint32_t i = 0; i < more; i++)
        p->chunks[p->chunk_count++] = slab + i * p->chunk_bytes;
    return STATUS_OK;
}

/// A chunk while small, then two huge pages or an eighth of what there is.
static uint32_t slab_chunks(const struct pool *p) {
    size_t have = p->chunk_count * p->chunk_bytes;
    if (have < HUGE_PAGE / 2) return 1;
    size_t bytes = have / 8 > 2 * HUGE_PAGE ? have / 8
                   : have > 2 * HUGE_PAGE   ? 2 * HUGE_PAGE
                                            : HUGE_PAGE;
    if (bytes > SLAB_BYTES) bytes = SLAB_BYTES;
    return (uint32_t)(bytes / p->chunk_bytes);
}

/// The directory before stays: a reader may be in it.
static enum status chunks_grow(struct pool *p, uint32_t wanted) {
    if (wanted <= p->chunk_cap) return STATUS_OK;
    uint32_t cap = doubled(p->chunk_cap, wanted);
    char **wider = mem_alloc(((size_t)cap + 1) * sizeof *wider);
    if (!wider) return STATUS_NO_MEMORY;
    char **old = atomic_load_explicit(&p->chunks, memory_order_relaxed);
    *wider++ = (char *)(void *)old;
    if (old) memcpy(wider, old, p->chunk_count * sizeof *wider);
    atomic_store_explicit(&p->chunks, wider, memory_order_release);
    p->chunk_cap = cap;
    return STATUS_OK;
}

static enum status slabs_grow(struct pool *p) {
    if (p->slab_count < p->slab_cap) return STATUS_OK;
    uint32_t cap = doubled(p->slab_cap, p->slab_count + 1);
    struct pool_slab *wider = mem_realloc(p->slabs, cap * sizeof *wider);
    if (!wider) return STATUS_NO_MEMORY;
    p->slabs = wider;
    p->slab_cap = cap;
    return STATUS_OK;
}

static uint32_t doubled(uint32_t cap, uint32_t wanted) {
    if (cap == 0) cap = 4;
    while (cap < wanted)
        cap *= 2;
    return cap;
}

static _Atomic uint32_t *link_of(const struct pool *p, uint32_t entry) {
    size_t within = entry & ((1u << p->shift) - 1);
    char *link = pool_chunk(p, entry) + p->link_at + within * p->link_stride;
    return (_Atomic uint32_t *)(void *)link;
}
