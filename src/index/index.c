#include "index/index.h"

#include <math.h>

int32_t index_quantise(double degrees) {
    double scaled = degrees * 1e7;
    if (!(scaled > (double)INT32_MIN)) return INT32_MIN; // NaN too
    if (scaled >= (double)INT32_MAX) return INT32_MAX;
    int32_t whole = (int32_t)scaled;
    return whole - ((double)whole > scaled); // floor without a call
}

struct index_box index_box_of(const struct bbox *b) {
    return (struct index_box){
        .min_lon = index_quantise(b->min_lon),
        .min_lat = index_quantise(b->min_lat),
        .max_lon = index_quantise(b->max_lon),
        .max_lat = index_quantise(b->max_lat),
    };
}
