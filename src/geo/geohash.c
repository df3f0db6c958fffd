#include "geo/geohash.h"

#include <assert.h>

#define CHAR_BITS 5
#define AXIS_BITS 30 // per axis, for the 60 bits of 12 characters

static const char ALPHABET[33] = "0123456789bcdefghjkmnpqrstuvwxyz";

static uint32_t quantise(double v, double min, double width);
static uint64_t spread(uint32_t v);
static uint32_t squeeze(uint64_t v);
static int digit_of(char c);

void geohash_write(struct point p, size_t length, char out[GEOHASH_MAX + 1]) {
    assert(length >= 1 && length <= GEOHASH_MAX);
    uint64_t hash = geohash_encode(p, (unsigned)length * CHAR_BITS);
    for (size_t i = 0; i < length; i++) {
        out[i] = ALPHABET[hash >> ((length - 1 - i) * CHAR_BITS) & 31];
    }
    out[length] = '\0';
}

enum status geohash_parse(struct str text, struct bbox *cell) {
    if (text.len < 1 || text.len > GEOHASH_MAX) return STATUS_INVALID;
    uint64_t hash = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.p[i]);
        if (digit < 0) return STATUS_INVALID;
        hash = hash << CHAR_BITS | (unsigned)digit;
    }
    *cell = geohash_cell(hash, (unsigned)text.len * CHAR_BITS);
    return STATUS_OK;
}

uint64_t geohash_encode(struct point p, unsigned bits) {
    assert(bits >= 1 && bits <= 2 * AXIS_BITS);
    uint64_t lon = spread(quantise(p.lon, -180.0, 360.0));
    uint64_t lat = spread(quantise(p.lat, -90.0, 180.0));
    return (lon << 1 | lat) >> (2 * AXIS_BITS - bits);
}

struct bbox geohash_cell(uint64_t hash, unsigned bits) {
    assert(bits >= 1 && bits <= 2 * AXIS_BITS);
    uint64_t full = hash << (2 * AXIS_BITS - bits);
    double width = ldexp(360.0, -(int)((bits + 1) / 2));
    double height = ldexp(180.0, -(int)(bits / 2));
    double lon = -180.0 + ldexp(360.0 * squeeze(full >> 1), -AXIS_BITS);
    double lat = -90.0 + ldexp(180.0 * squeeze(full), -AXIS_BITS);
    return (struct bbox){lon, lat, lon + width, lat + height};
}

// The last cell is closed: 180 and 90 belong to it.
static uint32_t quantise(double v, double min, double width) {
    double cells = floor(ldexp((v - min) / width, AXIS_BITS));
    double last = (double)((1u << AXIS_BITS) - 1);
    return cells <= 0 ? 0 : (uint32_t)(cells < last ? cells : last);
}

// Morton order: bit i goes to bit 2i.
static uint64_t spread(uint32_t v) {
    uint64_t x = v;
    x = (x | x << 16) & 0x0000ffff0000ffff;
    x = (x | x << 8) & 0x00ff00ff00ff00ff;
    x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
    x = (x | x << 2) & 0x3333333333333333;
    return (x | x << 1) & 0x5555555555555555;
}

static uint32_t squeeze(uint64_t v) {
    uint64_t x = v & 0x5555555555555555;
    x = (x | x >> 1) & 0x3333333333333333;
    x = (x | x >> 2) & 0x0f0f0f0f0f0f0f0f;
    x = (x | x >> 4) & 0x00ff00ff00ff00ff;
    x = (x | x >> 8) & 0x0000ffff0000ffff;
    return (uint32_t)(x | x >> 16);
}

static int digit_of(char c) {
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    for (int i = 0; i < 32; i++) {
        if (ALPHABET[i] == c) return i;
    }
    return -1;
}
