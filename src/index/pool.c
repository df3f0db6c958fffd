#include "index/pool.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/slab.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define SLAB_BYTES ((size_t)64 << 20) // at most

static enum status slab_add(struct pool *p);
static uint32_t slab_chunks(const struct pool *p);
static enum status directory_grow(void *directory, size_t each, uint32_t *cap, uint32_t used,
                                  uint32_t wanted);
static uint32_t *link_of(const struct pool *p, uint32_t entry);

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
    mem_free(p->chunks);
    pool_init(p, p->shift, p->link_stride, p->chunk_bytes, p->limit);
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
        p->free_head = *link_of(p, entry);
        p->free_count--;
        return entry;
    }
    assert(p->used < (uint64_t)p->chunk_count << p->shift);
    return p->used++;
}

void pool_give(struct pool *p, uint32_t entry) {
    *link_of(p, entry) = p->free_head;
    p->free_head = entry;
    p->free_count++;
}

void pool_clear(struct pool *p) {
    for (uint32_t i = 1; i < p->slab_count; i++)
        slab_free(p->slabs[i].at, p->slabs[i].bytes);
    if (p->slab_count > 1) p->slab_count = 1;
    p->chunk_count = p->slab_count ? p->first_chunks : 0;
    p->used = p->free_count = 0;
    p->free_head = POOL_NONE;
}

size_t pool_bytes(const struct pool *p) {
    return p->chunk_count * p->chunk_bytes + p->chunk_cap * sizeof *p->chunks +
           p->slab_cap * sizeof *p->slabs;
}

static enum status slab_add(struct pool *p) {
    uint32_t more = slab_chunks(p);
    if (((uint64_t)(p->chunk_count + more) << p->shift) > p->limit) return STATUS_NO_MEMORY;
    enum status st = directory_grow(&p->chunks, sizeof *p->chunks, &p->chunk_cap, p->chunk_count,
                                    p->chunk_count + more);
    if (st == STATUS_OK)
        st = directory_grow(&p->slabs, sizeof *p->slabs, &p->slab_cap, p->slab_count,
                            p->slab_count + 1);
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

/// `directory` points to the pointer to its entries of `each` bytes.
static enum status directory_grow(void *directory, size_t each, uint32_t *cap, uint32_t used,
                                  uint32_t wanted) {
    if (wanted <= *cap) return STATUS_OK;
    uint32_t more = *cap ? *cap * 2 : 4;
    while (more < wanted)
        more *= 2;
    void *old, *wider = mem_alloc(more * each);
    if (!wider) return STATUS_NO_MEMORY;
    memcpy(&old, directory, sizeof old);
    if (used) memcpy(wider, old, used * each);
    mem_free(old);
    memcpy(directory, &wider, sizeof wider);
    *cap = more;
    return STATUS_OK;
}

static uint32_t *link_of(const struct pool *p, uint32_t entry) {
    size_t within = entry & ((1u << p->shift) - 1);
    return (uint32_t *)(void *)(pool_chunk(p, entry) + within * p->link_stride);
}
