// arena.h - memory of one request: taken piece by piece, given back at once.
//
// Blocks double from the first size to 1 MiB; reset keeps the first block.
// Owner: the one thread that serves the request.

#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *first;
    struct arena_block *block; // the one being filled
    size_t first_bytes;
};

/// No allocation happens before the first arena_alloc. `first_bytes` 0: 4 KiB.
void arena_init(struct arena *arena, size_t first_bytes);
/// Frees everything but the first block.
void arena_reset(struct arena *arena);
void arena_deinit(struct arena *arena);
/// 16-byte aligned, uninitialised; NULL when out of memory.
void *arena_alloc(struct arena *arena, size_t size);
/// Zeroed `count * size`; NULL when out of memory or on overflow.
void *arena_zalloc(struct arena *arena, size_t count, size_t size);
/// A copy of `s` with a NUL behind it; {NULL, 0} when out of memory.
struct str arena_str(struct arena *arena, struct str s);
/// Bytes the arena holds from the heap.
size_t arena_bytes(const struct arena *arena);

#endif
