// mem.h - all heap memory of the process, counted against one limit.
//
// Counts are kept per thread and folded into the total in steps of 64 KiB, so that an
// allocation touches no shared line; mem_used() is exact to (threads x 64 KiB).
// Threads: all functions from any thread.

#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// `size` bytes, uninitialised; NULL when out of memory or over the limit. size 0 gives a valid pointer.
void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
/// `count * size` zero bytes; NULL when out of memory, over the limit, or on overflow.
void *mem_zalloc(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));
/// Grow or shrink; NULL leaves the old block valid. `ptr` may be NULL.
void *mem_realloc(void *ptr, size_t size) __attribute__((alloc_size(2)));
/// `size` bytes aligned to `align` (a power of two); freed by mem_free.
void *mem_alloc_aligned(size_t align, size_t size) __attribute__((malloc, alloc_size(2)));
/// NULL is allowed.
void mem_free(void *ptr);

/// For memory that does not come from here (slab.h): count `size` bytes as one allocation, or refuse.
bool mem_charge(size_t size);
void mem_discharge(size_t size);

/// Bytes in use, as malloc counts them (usable size).
size_t mem_used(void);
/// Refuse allocations that would take mem_used() above `limit_bytes`; 0: no limit (the start value).
void mem_set_limit(size_t limit_bytes);
size_t mem_limit(void);

/// Fault injection for tests: the n-th allocation from now on (1 = the next) fails, once, or, with
/// `and_after`, that one and every later one; 0 switches off. Process wide.
void mem_fail_at(uint64_t n, bool and_after);
/// Allocations made since mem_fail_at was last called.
uint64_t mem_alloc_count(void);

#endif
