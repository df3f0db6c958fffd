// wal_keeper.h - keeps the log short: snapshots by a thread of its own or on demand, and what they make needless dropped.
//
// One job at a time: a snapshot or a backup. A caller's job waits for one that the thread began by itself.

#ifndef STORAGE_WAL_KEEPER_H
#define STORAGE_WAL_KEEPER_H

#include "storage/wal_log.h"

struct wal_keeper {
    struct wal_log *log;
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    pthread_t thread;
    bool running;
    _Atomic bool stopping;
    bool busy;     // a job is under way, under the lock
    bool busy_own; // begun by the thread
    _Atomic uint64_t snapshot_lsn, snapshots;
};

MUST_USE enum status wal_keeper_init(struct wal_keeper *k, struct wal_log *log);
void wal_keeper_deinit(struct wal_keeper *k);
/// The thread; only when options give a source.
MUST_USE enum status wal_keeper_start(struct wal_keeper *k);
/// Breaks off a snapshot under way.
void wal_keeper_stop(struct wal_keeper *k);
MUST_USE enum status wal_keeper_snapshot(struct wal_keeper *k, struct reason *why);
/// Begin a caller's job: BUSY when another caller has one.
MUST_USE enum status wal_keeper_claim(struct wal_keeper *k, struct reason *why);
void wal_keeper_release(struct wal_keeper *k);

#endif
