// slot_set.c - keeping, cutting and sorting slots.

#include "engine/slot_set.h"

#include <string.h>

#define FEW 32 // sorted by insertion

static bool grow(struct slot_set *s);
static void cut(struct slot_set *s);
static void insertion_sort(uint32_t *v, size_t n);
static void radix_sort(uint32_t *v, uint32_t *other, size_t n);

void slot_set_init(struct slot_set *s, struct arena *arena, uint32_t first, size_t max) {
    s->arena = arena;
    s->items = s->here;
    s->cap = max < SLOT_SET_INLINE ? max : SLOT_SET_INLINE;
    s->max = max;
    s->first = first;
    slot_set_clear(s);
}

void slot_set_clear(struct slot_set *s) {
    s->count = 0;
    s->bound = UINT32_MAX;
    s->cut = s->failed = false;
}

bool slot_set_add(struct slot_set *s, const uint32_t *slots, size_t count) {
    while (count) {
        if (s->count == s->cap && !grow(s)) {
            return false;
        }
        size_t room = s->cap - s->count;
        size_t take = count < room ? count : room;
        uint32_t *out = s->items + s->count;
        if (s->first == 0 && s->bound == UINT32_MAX) {
            memcpy(out, slots, take * sizeof *out);
            out += take;
        } else {
            for (size_t i = 0; i < take; i++) {
                *out = slots[i];
                out += slots[i] >= s->first && slots[i] <= s->bound;
            }
        }
        s->count = (size_t)(out - s->items);
        slots += take;
        count -= take;
    }
    return true;
}

enum status slot_set_finish(struct slot_set *s) {
    if (s->failed) {
        return STATUS_NO_MEMORY;
    }
    if (s->count <= FEW) {
        insertion_sort(s->items, s->count);
    } else {
        uint32_t few[SLOT_SET_INLINE];
        uint32_t *other = few;
        if (s->count > SLOT_SET_INLINE) {
            other = arena_alloc(s->arena, s->count * sizeof *other);
        }
        if (!other) {
            return STATUS_NO_MEMORY;
        }
        radix_sort(s->items, other, s->count);
    }
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (kept == 0 || s->items[kept - 1] != s->items[i]) {
            s->items[kept++] = s->items[i];
        }
    }
    s->count = kept;
    return STATUS_OK;
}

static bool grow(struct slot_set *s) {
    if (s->cap >= s->max) {
        cut(s);
        return true;
    }
    size_t cap = s->cap * 4 < s->max ? s->cap * 4 : s->max;
    uint32_t *items = arena_alloc(s->arena, cap * sizeof *items);
    if (!items) {
        s->failed = true;
        return false;
    }
    memcpy(items, s->items, s->count * sizeof *items);
    s->items = items;
    s->cap = cap;
    return true;
}

/// The k-th smallest (from 0), a byte at a time from the top.
static uint32_t select_kth(const uint32_t *v, size_t n, size_t k) {
    uint32_t prefix = 0, mask = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        size_t counts[256] = {0};
        for (size_t i = 0; i < n; i++) {
            counts[v[i] >> shift & 255] += (v[i] & mask) == prefix;
        }
        uint32_t byte = 0;
        while (k >= counts[byte]) {
            k -= counts[byte++];
        }
        prefix |= byte << shift;
        mask |= (uint32_t)255 << shift;
    }
    return prefix;
}

/// Keep the smaller half.
static void cut(struct slot_set *s) {
    s->bound = select_kth(s->items, s->count, s->count / 2 - 1);
    s->cut = true;
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        uint32_t slot = s->items[i];
        s->items[kept] = slot;
        kept += slot < s->bound;
    }
    s->items[kept++] = s->bound; // once, however often it is there: so that half is free
    s->count = kept;
}

static void insertion_sort(uint32_t *v, size_t n) {
    for (size_t i = 1; i < n; i++) {
        uint32_t x = v[i];
        size_t j = i;
        for (; j > 0 && v[j - 1] > x; j--) {
            v[j] = v[j - 1];
        }
        v[j] = x;
    }
}

/// Least significant digit first, over the bits that differ; narrow digits for few slots, so that
/// going through the counts does not cost more than the slots.
static void radix_sort(uint32_t *v, uint32_t *other, size_t n) {
    uint32_t any = 0, all = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        any |= v[i];
        all &= v[i];
    }
    uint32_t differ = any ^ all;
    unsigned width = n >= 1024 ? 8 : differ >> 18 && !(differ >> 21) ? 7 : 6; // a pass less
    uint32_t mask = (1u << width) - 1;
    uint32_t *from = v, *to = other;
    for (unsigned shift = 0; shift < 32 && differ >> shift; shift += width) {
        if ((differ >> shift & mask) == 0) {
            continue;
        }
        uint32_t start[256];
        memset(start, 0, (mask + 1) * sizeof *start);
        for (size_t i = 0; i < n; i++) {
            start[from[i] >> shift & mask]++;
        }
        uint32_t sum = 0;
        for (unsigned b = 0; b <= mask; b++) {
            uint32_t count = start[b];
            start[b] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++) {
            to[start[from[i] >> shift & mask]++] = from[i];
        }
        uint32_t *t = from;
        from = to;
        to = t;
    }
    if (from != v) {
        memcpy(v, from, n * sizeof *v);
    }
}
