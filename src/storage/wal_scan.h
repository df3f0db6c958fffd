// wal_scan.h - reads a segment or a snapshot front to back, frame by frame, and says where it stops being one.
//
// It never trusts a length before the bytes are there and the CRC has passed. Memory: a window of 1 MiB, or of one
// frame when that is longer.
// Owner: one thread.

#ifndef STORAGE_WAL_SCAN_H
#define STORAGE_WAL_SCAN_H

#include "base/reason.h"
#include "storage/io.h"
#include "storage/wal_frame.h"

struct wal_scan {
    const struct io *io;
    int fd;
    uint64_t size;   // of the file
    uint64_t offset; // of the next frame, or of what is not one
    bool has_header; // false: damaged, or shorter than a header
    struct wal_header header;
    const char *bad; // after WAL_SCAN_BAD: what is wrong with the bytes at offset

    char *window;
    size_t window_cap, window_len;
    uint64_t window_at;
};

enum wal_scan_step { WAL_SCAN_FRAME, WAL_SCAN_EOF, WAL_SCAN_BAD };

/// A damaged header is no failure: look at has_header. IO or NO_MEMORY with the file named.
MUST_USE enum status wal_scan_open(const struct io *io, const char *path, enum wal_file file,
                                   struct wal_scan *out, struct reason *why);
/// The next frame; its payload is valid until the next call. The offset moves only past a good frame.
MUST_USE enum status wal_scan_next(struct wal_scan *scan, struct wal_frame *frame,
                                   enum wal_scan_step *step);

struct wal_scan_behind {
    uint64_t frames, batches; // good ones, found behind the bad place
    uint64_t synced_lsn;      // the highest that any of them knows to be on the disk
    uint64_t offset;          // of the first
    bool gave_up;             // hostile bytes: too many lengths to try; what lies behind is unknown
};
/// Look for good frames behind `offset`, at every multiple of 8.
MUST_USE enum status wal_scan_behind(struct wal_scan *scan, struct wal_scan_behind *out);
void wal_scan_close(struct wal_scan *scan);

#endif
