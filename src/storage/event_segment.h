// event_segment.h - one segment of the event log: a file, or a block of memory that looks like one.
//
// Owner: the event log, which counts readers in `refs` under its lock; what lies before `bytes` never changes.

#ifndef STORAGE_EVENT_SEGMENT_H
#define STORAGE_EVENT_SEGMENT_H

#include <limits.h>

#include "base/buf.h"
#include "storage/event_entry.h"
#include "storage/io.h"

#define EVENT_FRAME_HEADER 40u
#define EVENT_FILE_HEADER 32u

struct event_segment {
    uint64_t first_seq, last_seq; // last_seq below first_seq: empty
    int64_t last_ms;
    uint64_t bytes; // readable
    int fd;         // -1: in memory
    char *memory;
    uint64_t room; // of memory
    uint32_t seed; // of the frames' CRCs
    unsigned refs;
    bool dropped; // freed by the last reader
};

/// A frame at the end of `out`. The CRC is put in by event_segment_stamp, when the segment is known.
/// The payload is the parts in a row, not that of `event`.
void event_segment_frame(struct buf *out, const struct event_entry *event, const struct str *parts,
                         size_t count);
/// CRCs of the whole frames in these bytes.
void event_segment_stamp(const struct event_segment *s, char *frames, size_t len);
/// Bytes of the first frame, checked; 0: not whole. `*bad`: it is damaged.
size_t event_segment_check(const struct event_segment *s, struct str bytes, bool *bad,
                           struct event_entry *out);
/// Bytes of the frame that begins with this header, 0 when it cannot be one. Unchecked.
size_t event_segment_peek(const char header[EVENT_FRAME_HEADER], struct event_entry *out);

MUST_USE enum status event_segment_create(const struct io *io, const char *dir, uint64_t first_seq,
                                          struct event_segment **out);
/// In memory, `room` bytes for frames.
MUST_USE enum status event_segment_create_memory(uint64_t first_seq, uint64_t room,
                                                 struct event_segment **out);
/// An existing file. `whole` (the last one): every frame is checked and a torn tail is cut; `*cut` bytes of it.
MUST_USE enum status event_segment_open(const struct io *io, const char *dir, uint64_t first_seq,
                                        bool whole, struct event_segment **out, uint64_t *cut);
void event_segment_free(struct event_segment *s);
MUST_USE enum status event_segment_write(struct event_segment *s, const struct io *io, uint64_t at,
                                         const char *frames, size_t len);
MUST_USE enum status event_segment_read(const struct event_segment *s, const struct io *io,
                                        uint64_t at, char *out, size_t len);
MUST_USE bool event_segment_path(char out[PATH_MAX], const char *dir, uint64_t first_seq);

#endif
