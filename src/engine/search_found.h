// search_found.h - hits in the order of distance, then of slots.

#ifndef ENGINE_SEARCH_FOUND_H
#define ENGINE_SEARCH_FOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct search_found {
    double distance_m;
    uint32_t slot;
    uint32_t at; // where its object is
};

static inline bool search_found_before(const struct search_found *a, const struct search_found *b) {
    return a->distance_m != b->distance_m ? a->distance_m < b->distance_m : a->slot < b->slot;
}
void search_found_sort(struct search_found *found, size_t count);

#endif
