// storage.h - where changes are made to last; one table of functions, several kinds.
//
//   engine --append(batch)--> LSN ... on_durable(lsn) --> answers that wait go out
//   open --replay--> on_record ... the engine is as it was
//
// A batch is all or nothing: after a crash either every record of it comes back or none. LSNs grow by
// one per batch and have no gaps; the order of LSNs is the order of the changes (callers append inside
// the locks that order them). Appending copies into memory and never waits for a disk; a
// background thread writes and syncs by the mode.
//
// Threads: append, durable_lsn, ready, stats from any; replay before anything else, from one; snapshot and
//          backup from any, one at a time (BUSY otherwise).

#ifndef STORAGE_STORAGE_H
#define STORAGE_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/reason.h"
#include "base/str.h"
#include "storage/record.h"

enum storage_mode {
    STORAGE_ALWAYS, // acknowledged = on disk (group commit)
    STORAGE_INTERVAL, // synced every sync_interval_ms: that much can be lost by a power cut, nothing by a dead process
    STORAGE_OFF, // written when the kernel likes; synced every 32 MiB, at snapshots and on close only
};

/// Called by replay, in order. A status other than OK ends the replay with it.
typedef enum status storage_record_fn(void *ctx, uint64_t lsn, const struct record *record);

/// Who takes in what a replay finds: record by record, or batch by batch with the work that needs no order done ahead.
struct storage_intake {
    storage_record_fn *on_record; // where `decode` is NULL
    void *ctx;
    /// From any thread, batches in any order: `*decoded` is what `apply` needs. `records` stays as it is until `apply` or
    /// `discard` has returned. CORRUPT when the bytes are not records; a record that makes no sense is left to `apply` to tell.
    enum status (*decode)(void *ctx, struct str records, void **decoded, uint64_t *count);
    /// In order, like on_record; takes `decoded`, also when it fails.
    enum status (*apply)(void *ctx, uint64_t lsn, void *decoded_take);
    /// Never applied: the replay has ended before.
    void (*discard)(void *ctx, void *decoded_take);
};

/// Gives all that is alive to a snapshot, in any order, while writes go on: calls `emit` for every object
/// as it is at some moment after the call began. Returns emit's status when that is not OK.
/// Every batch whose append returned before the call must be seen: the source first takes and releases, once, each lock
/// under which batches are appended and applied.
typedef enum status storage_emit_fn(void *emit_ctx, const struct record *record);
/// `lsn`: what the log has from it on is replayed on top of what is emitted; BUSY when that cannot be done, with what has
/// happened since: the snapshot is tried again.
typedef enum status storage_source_fn(void *source_ctx, uint64_t lsn, storage_emit_fn *emit,
                                      void *emit_ctx);

struct storage_options {
    const char *dir; // data directory, made when missing
    enum storage_mode mode;
    uint32_t sync_interval_ms; // 0: 1000
    uint64_t segment_bytes;    // 0: 64 MiB
    uint64_t
        snapshot_after_bytes; // log written since the last snapshot that starts one; 0: 256 MiB
    uint64_t backlog_bytes;   // unwritten bytes above which ready() says BUSY; 0: 64 MiB
    struct log *log;          // may be NULL
    // Given by the engine or the server:
    storage_source_fn *source; // for background snapshots; NULL: none are taken by themselves
    void *source_ctx;
    void (*on_durable)(void *ctx, uint64_t lsn); // from the store's thread, after each group
    // From the store's threads whenever writing has failed; only to wake somebody, who asks ready(): it must not call the store.
    void (*on_refusing)(void *ctx);
    void *durable_ctx; // of both
    bool read_only;    // for check and export: no lock is taken for writing, nothing is written
};

struct storage_stats {
    uint64_t last_lsn, durable_lsn, snapshot_lsn;
    uint64_t bytes_appended, bytes_on_disk, segments, syncs, snapshots;
    uint64_t replayed_records, replay_ms;
    uint64_t cut_bytes; // a torn tail, cut off at the last open
    bool read_only;     // refusing writes now (full or failing disk)
    char problem[200];  // why, or empty
};

struct storage;

struct storage_room; // memory set aside for one append

struct storage_ops {
    const char *name;
    enum status (*replay)(struct storage *st, const struct storage_intake *intake,
                          struct reason *why);
    enum status (*ready)(struct storage *st, struct reason *why);
    enum status (*append)(struct storage *st, struct str batch, uint64_t *lsn);
    // Both or neither; a kind that never fails to append for memory needs neither.
    enum status (*reserve)(struct storage *st, size_t len, struct storage_room **room);
    uint64_t (*append_reserved)(struct storage *st, struct str batch,
                                struct storage_room *room_take);
    uint64_t (*durable_lsn)(const struct storage *st);
    enum status (*sync)(struct storage *st, struct reason *why);
    enum status (*snapshot)(struct storage *st, struct reason *why);
    enum status (*backup)(struct storage *st, const char *dir, struct reason *why);
    void (*stats)(const struct storage *st, struct storage_stats *out);
    enum status (*close)(struct storage *st);
};

/// Every kind begins with this.
struct storage {
    const struct storage_ops *ops;
};

/// Feed everything that is kept to `intake`: snapshot, then log. Once, right after open. Replay stops with CORRUPT
/// and the place named when anything but the tail is damaged.
static inline MUST_USE enum status
storage_replay_into(struct storage *st, const struct storage_intake *intake, struct reason *why) {
    return st->ops->replay(st, intake, why);
}
/// The same, record by record.
static inline MUST_USE enum status storage_replay(struct storage *st, storage_record_fn *on_record,
                                                  void *ctx, struct reason *why) {
    const struct storage_intake intake = {.on_record = on_record, .ctx = ctx};
    return storage_replay_into(st, &intake, why);
}
/// May a write begin? OK, BUSY (backlog), DISK_FULL, READ_ONLY or IO with the reason. Ask before taking locks.
static inline MUST_USE enum status storage_ready(struct storage *st, struct reason *why) {
    return st->ops->ready(st, why);
}
/// Append a batch (records in a row). Only NO_MEMORY can fail, and then nothing was appended.
static inline MUST_USE enum status storage_append(struct storage *st, struct str batch,
                                                  uint64_t *lsn) {
    return st->ops->append(st, batch, lsn);
}
/// Set memory aside for one append of at most `len` bytes, so that it cannot fail any more: for callers that
/// make changes visible before they append them. NO_MEMORY, TOO_LARGE.
static inline MUST_USE enum status storage_reserve(struct storage *st, size_t len,
                                                   struct storage_room **room) {
    *room = NULL;
    return st->ops->reserve ? st->ops->reserve(st, len, room) : STATUS_OK;
}
/// Append into the room, which is used up; an empty batch only gives it back (and the LSN 0).
static inline uint64_t storage_append_reserved(struct storage *st, struct str batch,
                                               struct storage_room *room_take) {
    if (st->ops->append_reserved) return st->ops->append_reserved(st, batch, room_take);
    uint64_t lsn = 0;
    return batch.len && st->ops->append(st, batch, &lsn) == STATUS_OK ? lsn : 0;
}
/// Every batch up to this LSN survives what the mode promises to survive.
static inline uint64_t storage_durable_lsn(const struct storage *st) {
    return st->ops->durable_lsn(st);
}
/// Wait until all that was appended is synced, whatever the mode.
static inline MUST_USE enum status storage_sync(struct storage *st, struct reason *why) {
    return st->ops->sync(st, why);
}
/// Take a snapshot now and drop the segments before it; waits for its end.
static inline MUST_USE enum status storage_snapshot(struct storage *st, struct reason *why) {
    return st->ops->snapshot(st, why);
}
/// A consistent copy of the store as of now into `dir` (made; must be empty), while writes go on.
static inline MUST_USE enum status storage_backup(struct storage *st, const char *dir,
                                                  struct reason *why) {
    return st->ops->backup(st, dir, why);
}
static inline void storage_stats(const struct storage *st, struct storage_stats *out) {
    st->ops->stats(st, out);
}
/// Sync, stop the threads, release the directory. NULL is allowed. Not OK: something could not be written, and is lost.
static inline enum status storage_close(struct storage *st) {
    return st ? st->ops->close(st) : STATUS_OK;
}

#endif
