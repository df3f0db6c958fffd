#include "index/places.h"

#include "base/slab.h"

static unsigned chunk_of(uint32_t item) {
    uint32_t high = item >> PLACES_FIRST_BITS;
    return high ? (unsigned)(32 - __builtin_clz(high)) : 0;
}

static size_t chunk_entries(unsigned chunk) {
    return (size_t)1 << (PLACES_FIRST_BITS + (chunk ? chunk - 1 : 0));
}

void places_init(struct places *p) {
    for (unsigned i = 0; i < PLACES_CHUNKS; i++)
        atomic_init(&p->chunks[i], NULL);
}

void places_deinit(struct places *p) {
    for (unsigned i = 0; i < PLACES_CHUNKS; i++) {
        slab_free(atomic_load_explicit(&p->chunks[i], memory_order_relaxed),
                  chunk_entries(i) * sizeof(uint32_t));
        atomic_store_explicit(&p->chunks[i], NULL, memory_order_relaxed);
    }
}

enum status places_grow(struct places *p, uint32_t item) {
    unsigned chunk = chunk_of(item);
    if (atomic_load_explicit(&p->chunks[chunk], memory_order_relaxed)) return STATUS_OK;

    size_t entries = chunk_entries(chunk);
    uint32_t *fresh = slab_alloc(entries * sizeof *fresh);
    if (!fresh) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < entries; i++)
        fresh[i] = PLACES_NONE;
    atomic_store_explicit(&p->chunks[chunk], fresh, memory_order_release);
    return STATUS_OK;
}

size_t places_bytes(const struct places *p) {
    size_t bytes = 0;
    for (unsigned i = 0; i < PLACES_CHUNKS; i++)
        if (atomic_load_explicit(&p->chunks[i], memory_order_relaxed))
            bytes += chunk_entries(i) * sizeof(uint32_t);
    return bytes;
}
