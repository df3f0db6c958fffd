// wal_ahead.h - the frames of a file in order, read, checked and decoded ahead of whoever takes them in.
//
//   cut (one thread at a time): read a piece of the file, hop from header to header
//     --> check the CRCs and decode the batches of a piece (any thread, pieces side by side)
//     --> next, apply (the owner, in the order of the file)
//
// The owner works too, on whatever there is, and only waits for a piece that another thread is at. Where a
// piece meets something that is not a good frame, the verdict is left to wal_scan_next.
// Memory: AHEAD_PIECES pieces of 512 KiB, or of one frame when that is longer.
// Owner: one thread.

#ifndef STORAGE_WAL_AHEAD_H
#define STORAGE_WAL_AHEAD_H

#include "storage/storage.h"
#include "storage/wal_scan.h"

struct wal_ahead;

struct wal_ahead_options {
    const struct storage_intake *intake; // NULL: batches are only counted
    unsigned threads;                    // beside the owner
    size_t piece_bytes;                  // 0: 512 KiB
};

/// One for each processor beyond the first, as far as a file of that size is worth them.
unsigned wal_ahead_threads(uint64_t file_bytes);

/// From `scan`, which is open behind its header, on; the scan stays the caller's and is moved along. NO_MEMORY.
MUST_USE enum status wal_ahead_open(struct wal_scan *scan, const struct wal_ahead_options *options,
                                    struct wal_ahead **out);
/// As wal_scan_next.
MUST_USE enum status wal_ahead_next(struct wal_ahead *a, struct wal_frame *frame,
                                    enum wal_scan_step *step);
/// Hand the records of the frame that `next` gave (a batch or a block) to the intake; `*records` of them.
/// `*sound` is false when they are not records, and none was handed over.
MUST_USE enum status wal_ahead_apply(struct wal_ahead *a, uint64_t lsn, uint64_t *records,
                                     bool *sound);
/// Stops the threads. NULL is allowed.
void wal_ahead_close(struct wal_ahead *a);

#endif
