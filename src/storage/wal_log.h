// wal_log.h - the state that appenders, the writer thread, the syncer thread and those who wait share.
//
//   append -> queue -> writer: write(2) [always: + fdatasync] -> on_durable
//                      syncer (interval, off): fdatasync now and then
//
// Every field below `lock` is read and written under it, unless it is atomic or names its owner.

#ifndef STORAGE_WAL_LOG_H
#define STORAGE_WAL_LOG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/reason.h"
#include "base/str.h"
#include "storage/storage.h"
#include "storage/wal_queue.h"
#include "storage/wal_segment.h"

// Written bytes that wait for a sync stay in memory, so that a failed sync can be repeated from them: beyond this
// a sync is due whatever the clock or the mode says.
#define WAL_LOG_UNSYNCED_BYTES ((uint64_t)32 << 20)

struct wal_log {
    const struct storage_options *options; // the store's own copy
    const struct io *io;
    uint8_t store_id[16];

    pthread_mutex_t lock;
    pthread_cond_t wake_writer, wake_syncer, progress;
    struct wal_queue queue;
    uint64_t last_lsn;                // given out
    uint64_t written_lsn, synced_lsn; // given to the kernel; on the disk
    uint64_t sealed_lsn;              // all up to here is in segments that never change again
    uint64_t sync_wanted_lsn, seal_wanted_lsn; // asked for by those who wait
    bool writer_idle, closing;
    bool gathering; // the writer's own: changes come in numbers, the next group may wait for more

    // The segment: its fields change under the lock, by the writer alone.
    struct wal_segment segment;
    uint64_t synced_offset;      // in it
    uint64_t known_lsn;          // the highest synced LSN that its bytes tell
    char mark[WAL_FRAME_HEADER]; // the last mark, while it is not synced
    bool mark_unsynced;
    bool sync_running; // one at a time: the kernel tells a failure to one caller only
    bool sync_failed;  // told by the syncer, mended by the writer

    enum status problem; // not OK: refusing new writes
    char problem_text[200];
    bool last_try; // closing has been seen by a retry
    bool dead;     // gave up while closing
    uint32_t retry_ms;

    // Read without the lock:
    _Atomic int condition; // enum status of `problem`
    _Atomic uint64_t durable_lsn;
    _Atomic uint64_t backlog; // bytes appended, not yet written
    _Atomic uint64_t bytes_appended, syncs, segments, disk_bytes;
    _Atomic uint64_t bytes_since_snapshot;
};

MUST_USE enum status wal_log_init(struct wal_log *log, const struct storage_options *options,
                                  const struct io *io);
void wal_log_deinit(struct wal_log *log);
/// Begin behind `last_lsn`, which is on the disk in sealed segments.
void wal_log_begin(struct wal_log *log, const uint8_t store_id[16], uint64_t last_lsn);

MUST_USE enum status wal_log_append(struct wal_log *log, struct str batch, uint64_t *lsn);
/// A chunk set aside so that wal_log_append_reserved of up to `len` bytes cannot fail.
MUST_USE enum status wal_log_reserve(struct wal_log *log, size_t len,
                                     struct wal_queue_chunk **room);
/// Gives the LSN; an empty batch appends nothing and gives 0.
uint64_t wal_log_append_reserved(struct wal_log *log, struct str batch,
                                 struct wal_queue_chunk *room_take);
MUST_USE enum status wal_log_ready(struct wal_log *log, struct reason *why);
/// Wait until everything appended before the call is on the disk.
MUST_USE enum status wal_log_sync(struct wal_log *log, struct reason *why);
/// Wait until everything appended before the call is in sealed segments; `*lsn` is the first that is not.
MUST_USE enum status wal_log_seal(struct wal_log *log, uint64_t *lsn, struct reason *why);

/// Under the lock: begin to refuse writes (logged once), or end it.
void wal_log_fail(struct wal_log *log, enum status st, int err, const char *doing);
void wal_log_heal(struct wal_log *log);
/// Under the lock: all up to here is on the disk (`queued` bytes of the queue, `offset` bytes of the segment).
void wal_log_synced(struct wal_log *log, uint64_t lsn, uint64_t queued, uint64_t offset);
/// Under the lock: wait on `cond` for at most `ms`. False when the time is over.
bool wal_log_wait_ms(struct wal_log *log, pthread_cond_t *cond, uint32_t ms);
bool wal_log_wait_until(struct wal_log *log, pthread_cond_t *cond, uint64_t mono_ns);

#endif
