// slab.h - blocks that are looked at in no order, on huge pages: objects, and tables by number or hash.
//
// With a million things on pages of 4 KiB each look costs a miss of the TLB, dearer than the miss of
// the cache. Memory comes in slabs of 2 MiB, cut into runs of 64 KiB:
//
//   up to 1 KiB         blocks of one size in a run; threads keep a few for themselves
//   64 KiB to 1 MiB     neighbouring runs
//   above               a mapping of its own, beginning on a huge page
//   between             mem_alloc
//
// A run or slab whose last block is freed goes back. The state is the process', like malloc's; blocks are counted
// by base/mem, against its limit, and fail when it is told to. Under the address sanitizer
// all of it is mem_alloc, so that misuse is seen.
// Threads: all functions from any thread; a block may be freed by another.

#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stddef.h>

/// `size` bytes (not 0), uninitialised, aligned to 16 (to 64 above 1 KiB); NULL as from mem_alloc.
void *slab_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
/// The same, zeroed.
void *slab_zalloc(size_t size) __attribute__((malloc, alloc_size(1)));
/// `size` as it was asked for. NULL is allowed.
void slab_free(void *ptr, size_t size);
/// Bytes that slabs take from the system now, those of no use at the moment included.
size_t slab_held(void);

#endif
