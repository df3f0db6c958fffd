#include "index/pool.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

static enum status chunk_add(struct pool *p);
static enum status directory_grow(struct pool *p);
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
    for (uint32_t i = 0; i < p->chunk_count; i++)
        mem_free(p->chunks[i]);
    mem_free(p->chunks);
    p->chunks = NULL;
    p->chunk_count = p->chunk_cap = 0;
    p->used = p->free_count = 0;
    p->free_head = POOL_NONE;
}

enum status pool_reserve(struct pool *p, uint32_t count) {
    for (;;) {
        uint64_t fresh = ((uint64_t)p->chunk_count << p->shift) - p->used;
        if (fresh + p->free_count >= count) return STATUS_OK;
        enum status st = chunk_add(p);
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
    for (uint32_t i = 1; i < p->chunk_count; i++)
        mem_free(p->chunks[i]);
    if (p->chunk_count > 1) p->chunk_count = 1;
    p->used = p->free_count = 0;
    p->free_head = POOL_NONE;
}

size_t pool_bytes(const struct pool *p) {
    return p->chunk_count * p->chunk_bytes + p->chunk_cap * sizeof *p->chunks;
}

static enum status chunk_add(struct pool *p) {
    if (((uint64_t)(p->chunk_count + 1) << p->shift) > p->limit) return STATUS_NO_MEMORY;
    if (p->chunk_count == p->chunk_cap) {
        enum status st = directory_grow(p);
        if (st != STATUS_OK) return st;
    }
    char *chunk = mem_alloc_aligned(64, p->chunk_bytes);
    if (!chunk) return STATUS_NO_MEMORY;
    p->chunks[p->chunk_count++] = chunk;
    return STATUS_OK;
}

static enum status directory_grow(struct pool *p) {
    uint32_t cap = p->chunk_cap ? p->chunk_cap * 2 : 4;
    char **wider = mem_alloc(cap * sizeof *wider);
    if (!wider) return STATUS_NO_MEMORY;
    if (p->chunk_count) memcpy(wider, p->chunks, p->chunk_count * sizeof *wider);
    mem_free(p->chunks);
    p->chunks = wider;
    p->chunk_cap = cap;
    return STATUS_OK;
}

static uint32_t *link_of(const struct pool *p, uint32_t entry) {
    size_t within = entry & ((1u << p->shift) - 1);
    return (uint32_t *)(void *)(pool_chunk(p, entry) + within * p->link_stride);
}
