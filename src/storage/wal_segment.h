// wal_segment.h - the segment being written: make, write at its end, cut, sync, seal.
//
// Errors leave errno as it was set. Owner: the writer thread.

#ifndef STORAGE_WAL_SEGMENT_H
#define STORAGE_WAL_SEGMENT_H

#include "storage/wal_dir.h"

struct wal_segment {
    const struct io *io;
    int fd; // -1: none
    uint32_t seed;
    uint64_t first_lsn;
    uint64_t offset; // end of what is written
};

/// The file, its header and its name are on the disk when this returns OK: a later damage of the header is damage, not a
/// torn write. Nothing is left behind otherwise.
MUST_USE enum status wal_segment_create(const struct io *io, const char *dir,
                                        const uint8_t store_id[16], uint64_t first_lsn,
                                        struct wal_segment *out);
/// Go on in a segment whose end was cut at `offset`.
MUST_USE enum status wal_segment_reopen(const struct io *io, const char *path,
                                        const struct wal_header *header, uint64_t offset,
                                        struct wal_segment *out);
/// Write the seal, sync, close. The seal says that all before it is on the disk: the caller has synced that. May be
/// called again after a failure.
MUST_USE enum status wal_segment_seal(struct wal_segment *seg, uint64_t last_lsn);
void wal_segment_close(struct wal_segment *seg);

#endif
