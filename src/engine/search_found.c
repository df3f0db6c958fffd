#include "engine/search_found.h"

// Shell's, with Ciura's gaps (2001): most have a handful of hits.
void search_found_sort(struct search_found *found, size_t count) {
    static const size_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
    size_t g = 0;
    while (gaps[g] >= count && gaps[g] > 1) {
        g++;
    }
    for (; g < sizeof gaps / sizeof gaps[0]; g++) {
        size_t gap = gaps[g];
        for (size_t i = gap; i < count; i++) {
            struct search_found moving = found[i];
            size_t j = i;
            for (; j >= gap && search_found_before(&moving, &found[j - gap]); j -= gap) {
                found[j] = found[j - gap];
            }
            found[j] = moving;
        }
    }
}
