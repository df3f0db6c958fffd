// geohash.h - Niemeyer's geohash: base-32 text, 1..12 characters, and cells.

#ifndef GEO_GEOHASH_H
#define GEO_GEOHASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/str.h"
#include "geo/bbox.h"

#define GEOHASH_MAX 12

/// `length` 1..12 characters and a NUL.
void geohash_write(struct point p, size_t length, char out[GEOHASH_MAX + 1]);
/// The cell; INVALID for characters outside the alphabet or a length outside 1..12. Either case.
MUST_USE enum status geohash_parse(struct str text, struct bbox *cell);
/// Interleaved bits, longitude first, `bits` 1..60 of them, right-aligned: order along the Z curve.
uint64_t geohash_encode(struct point p, unsigned bits);
struct bbox geohash_cell(uint64_t hash, unsigned bits);

#endif
