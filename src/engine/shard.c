// shard.c - cells of the earth, dealt to shards along a Hilbert curve.

#include "engine/shard.h"

#include <assert.h>
#include <string.h>

#define SIDE (1 << SHARD_CELL_BITS) // cells per side

static unsigned cell_x(double lon);
static unsigned cell_y(double lat);
static unsigned number(unsigned x, unsigned y);
static unsigned hilbert(unsigned x, unsigned y);

enum status shard_map_init(struct shard_map *m, unsigned count, unsigned readers) {
    assert(count >= 1 && count <= SHARD_MAX);
    memset(m, 0, sizeof *m);
    m->count = count;
    for (unsigned y = 0; y < SIDE; y++) {
        for (unsigned x = 0; x < SIDE; x++) {
            m->owner[number(x, y)] = (uint8_t)(hilbert(x, y) * count / SHARD_CELLS);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        enum status st = brlock_new(readers, &m->locks[i]);
        if (st != STATUS_OK) {
            shard_map_deinit(m);
            return st;
        }
    }
    return STATUS_OK;
}

void shard_map_deinit(struct shard_map *m) {
    for (unsigned i = 0; i < m->count; i++) {
        brlock_free(m->locks[i]);
        m->locks[i] = NULL;
    }
}

unsigned shard_of_point(const struct shard_map *m, struct point p) {
    return m->owner[number(cell_x(p.lon), cell_y(p.lat))];
}

uint64_t shard_mask(const struct shard_map *m, const struct bbox *box) {
    const uint64_t all = m->count == 64 ? UINT64_MAX : ((uint64_t)1 << m->count) - 1;
    unsigned min_x = cell_x(box->min_lon), max_x = cell_x(box->max_lon);
    unsigned min_y = cell_y(box->min_lat), max_y = cell_y(box->max_lat);
    if (min_x == max_x && min_y == max_y) {
        return (uint64_t)1 << m->owner[number(min_x, min_y)];
    }
    uint64_t mask = 0;
    for (unsigned y = min_y; y <= max_y && mask != all; y++) {
        for (unsigned x = min_x; x <= max_x; x++) {
            mask |= (uint64_t)1 << m->owner[number(x, y)];
        }
    }
    return mask;
}

static unsigned cell(double at) {
    return at < 0 ? 0 : at >= SIDE ? SIDE - 1 : (unsigned)at;
}

static unsigned cell_x(double lon) {
    return cell((lon + 180.0) * (SIDE / 360.0));
}

static unsigned cell_y(double lat) {
    return cell((lat + 90.0) * (SIDE / 180.0));
}

static unsigned number(unsigned x, unsigned y) {
    return y * SIDE + x;
}

// Distance along the curve; each step of the loop settles one quadrant (Hilbert, Math. Ann. 38, 1891).
static unsigned hilbert(unsigned x, unsigned y) {
    unsigned d = 0;
    for (unsigned s = SIDE / 2; s > 0; s /= 2) {
        unsigned right = (x & s) != 0, up = (y & s) != 0;
        d += s * s * ((3 * right) ^ up);
        if (!up) {
            if (right) {
                x = SIDE - 1 - x;
                y = SIDE - 1 - y;
            }
            unsigned swap = x;
            x = y;
            y = swap;
        }
    }
    return d;
}
