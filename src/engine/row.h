// row.h - one thing on the map, as it is kept.
//
//   slot table --> struct row { numbers | position or geometry | id, properties, options }
//
// What an object is (id, properties, geometry, flags) never changes in a row: such a change makes a new row, swaps the
// pointer in the slot and retires the old row to the epoch. Only a plain point that moves is written over in
// place, position, time and version together: readers take all of it or none (row_read).
// One block of memory: the fixed part, then `bytes`: altitude, time, expiry (8 bytes each, those the flags
// name, in this order), id, NUL, properties, NUL, and, when the form is not plain, the length of its text (4), the
// text, NUL.
//
// Ownership: the collection's slot owns it. Readers borrow it until epoch_leave.
// Threads: row_read from any; row_move by the holder of the id's stripe.

#ifndef ENGINE_ROW_H
#define ENGINE_ROW_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/cpu.h"
#include "engine/object.h"

#define ROW_VERSION_MAX 0x7fffffffu // then they begin again at 1
#define ROW_MOVING 0x80000000u      // in `version`: being written over

struct row {
    _Atomic uint32_t version;
    uint32_t slot;
    _Atomic int64_t updated_ms;
    union {
        struct {
            _Atomic double lon, lat;
        };
        struct geometry *geometry; // a reference of its own
    };
    int64_t created_ms;
    uint32_t properties_len;
    uint16_t id_len;
    uint8_t flags;
    uint8_t generation;
    char bytes[];
};

/// Who made it when, and where it stands: what the engine adds to a draft.
struct row_stamp {
    uint32_t slot;
    uint32_t version;
    uint8_t generation;
    int64_t created_ms, updated_ms;
};

/// A Point geometry without need for one becomes a plain position. Not stamped yet.
MUST_USE enum status row_new(const struct object_draft *draft, struct row **out);
/// Before anyone else knows it.
void row_stamp(struct row *row, const struct row_stamp *stamp);
/// NULL is allowed.
void row_free(struct row *row);
/// The record body in the store of an object as it was read (docs/storage.md).
void row_write(const struct object *o, struct buf *out);
/// From a record body that row_write made; checks everything: CORRUPT.
MUST_USE enum status row_parse(struct str body, struct str id, struct row **out);

static inline struct str row_id(const struct row *row) {
    return (struct str){row->bytes + object_extras_bytes(row->flags), row->id_len};
}
/// INT64_MAX: never.
int64_t row_expires_ms(const struct row *row);
/// Resident bytes, the same over its life: prepared structures of the geometry left out.
size_t row_weight(const struct row *row);
/// All resident bytes of an object's row, its own share of the geometry included ("data_mass").
size_t row_bytes(const struct object *o);

/// A plain point, without altitude, to another place.
static inline bool row_can_move(const struct row *row) {
    return (row->flags & (OBJECT_HAS_GEOMETRY | OBJECT_HAS_Z | OBJECT_FORM)) == 0;
}
/// `states` later: a call may move it several times.
void row_move(struct row *row, struct point to, int64_t now_ms, unsigned states);
static inline uint32_t row_next_version(uint32_t version) {
    return version >= ROW_VERSION_MAX ? 1 : version + 1;
}

/// The object as it stands now. The loads and row_move's stores pair as acquire and release: whoever reads
/// one new number reads, after it, a version that is not the one read before.
static inline void row_read(const struct row *row, struct object *out) {
    out->created_ms = row->created_ms;
    out->slot = row->slot;
    out->properties_len = row->properties_len;
    out->id_len = row->id_len;
    out->flags = row->flags;
    out->generation = row->generation;
    out->bytes = row->bytes;
    if (row->flags & OBJECT_HAS_GEOMETRY) {
        out->version = atomic_load_explicit(&row->version, memory_order_relaxed);
        out->updated_ms = atomic_load_explicit(&row->updated_ms, memory_order_relaxed);
        out->geometry = row->geometry;
        return;
    }
    for (;;) {
        uint32_t version = atomic_load_explicit(&row->version, memory_order_acquire);
        out->updated_ms = atomic_load_explicit(&row->updated_ms, memory_order_acquire);
        out->point.lon = atomic_load_explicit(&row->lon, memory_order_acquire);
        out->point.lat = atomic_load_explicit(&row->lat, memory_order_acquire);
        out->version = version;
        if (!(version & ROW_MOVING) &&
            atomic_load_explicit(&row->version, memory_order_relaxed) == version) {
            return;
        }
        cpu_pause();
    }
}

#endif
