// event_log.h - the events of fences, by number, for as long as somebody may ask for them.
//
//   events-<first seq>.log | header 32 | frame | frame | ...
//   frame                  | magic 4 | crc 4 | length 4 | 0 4 | seq 8 | lsn 8 | time 8 | payload |
//
// The store's log (RECORD_EVENT in the batch of the change that caused it) is what makes an event last; this log is
// where it is read from. It holds an event back until its batch is durable, so it never knows of a change that a power
// cut could undo, and what it lacks after a crash comes again with the replay (seq above event_log_last). A
// snapshot may drop the store's log only after event_log_sync. A torn tail is cut at open. Old
// segments go by age and by bytes, whole ones, never the one being written.
//
// Without a directory the segments are memory.
//
// Threads: every function from any thread. Readers hold no lock while they read.

#ifndef STORAGE_EVENT_LOG_H
#define STORAGE_EVENT_LOG_H

#include "base/buf.h"
#include "base/log.h"
#include "base/reason.h"
#include "storage/event_entry.h"
#include "storage/io.h"

struct event_log;

struct event_log_options {
    const char *dir;          // made when missing; NULL: in memory
    uint64_t retention_bytes; // 0: 1 GiB; in memory at most 64 MiB
    int64_t retention_ms;     // 0: 7 days
    uint64_t segment_bytes;   // 0: a sixteenth of retention_bytes, at most 16 MiB
    const struct io *io;      // NULL: the system's
    struct log *log;          // may be NULL
};

MUST_USE enum status event_log_open(const struct event_log_options *options, struct event_log **out,
                                    struct reason *why);
/// What is not written yet is written, if its batch is durable. NULL is allowed.
void event_log_close(struct event_log *log);

/// Set memory aside for events that will be appended: `bytes` of payloads of `count` events. NO_MEMORY.
MUST_USE enum status event_log_reserve(struct event_log *log, size_t count, size_t bytes);
/// They were appended, or will not be.
void event_log_release(struct event_log *log, size_t count, size_t bytes);
/// Take in one event, copied; in the order of seq. One that is there already is passed over (a replay repeats).
/// NO_MEMORY, never within what was reserved: it is missing from the log until the next replay.
MUST_USE enum status event_log_append(struct event_log *log, const struct event_entry *event);
/// The same with a payload in pieces.
MUST_USE enum status event_log_append_parts(struct event_log *log, const struct event_entry *event,
                                            const struct str *parts, size_t count);
/// Write what is durable by `durable_lsn` (UINT64_MAX: all) and drop what is too old by `now_ms`. An error of the disk
/// leaves all in memory for the next call.
MUST_USE enum status event_log_flush(struct event_log *log, uint64_t durable_lsn, int64_t now_ms,
                                     struct reason *why);
/// Everything that was appended is on the disk, durable or not: before a snapshot drops the store's log.
MUST_USE enum status event_log_sync(struct event_log *log, struct reason *why);
/// Forget events of changes above `lsn`, which the store does not know: a power cut took them, or it is restored from a
/// backup. Nobody was shown them. After the replay, before the first change.
MUST_USE enum status event_log_cut(struct event_log *log, uint64_t lsn, struct reason *why);

/// Copy all that was appended by now into `dir` (made; must have no events), synced, while events go on. After the
/// store's backup: event_log_cut takes off what that does not know.
MUST_USE enum status event_log_backup(struct event_log *log, const char *dir, struct reason *why);

/// Highest number taken in, held back ones included; 0: none ever.
uint64_t event_log_last(const struct event_log *log);
/// Highest number that can be read.
uint64_t event_log_readable(const struct event_log *log);
/// Lowest number that can be read; event_log_readable() + 1 when there is none.
uint64_t event_log_oldest(const struct event_log *log);
uint64_t event_log_bytes(const struct event_log *log);

/// Where a reader stands; by value: a copy is a way back. {.seq = n} begins at n.
struct event_log_cursor {
    uint64_t seq;     // of the next event wanted
    uint64_t segment; // where it was last seen: first seq of that segment
    uint64_t offset;  // and its place there; 0: not known
};

#define EVENT_LOG_CHUNK (256u * 1024)

/// Replace `chunk` by the whole events from the cursor on, about `most_bytes` of them and at least one, and move the
/// cursor behind them. Empty at the end. NOT_FOUND: the events wanted are gone, `why` names the oldest. CORRUPT: a
/// segment is damaged; the cursor then stands behind it.
MUST_USE enum status event_log_read(struct event_log *log, struct event_log_cursor *cursor,
                                    size_t most_bytes, struct buf *chunk, struct reason *why);
/// Take the first event off a chunk; false at its end.
bool event_log_take(struct str *chunk, struct event_entry *out);
/// The cursor of the event that is next in a chunk of which `rest` bytes are left; `after` is that of the read.
static inline struct event_log_cursor event_log_place(const struct event_log_cursor *after,
                                                      size_t rest, uint64_t seq) {
    return (struct event_log_cursor){seq, after->segment, after->offset - rest};
}

#endif
