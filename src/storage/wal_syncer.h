// wal_syncer.h - the thread that syncs now and then (modes interval and off), beside the writer, so that
// answers wait for the page cache and never for the disk.

#ifndef STORAGE_WAL_SYNCER_H
#define STORAGE_WAL_SYNCER_H

#include "storage/wal_log.h"

struct wal_syncer {
    struct wal_log *log;
    pthread_t thread;
    bool running;
};

MUST_USE enum status wal_syncer_start(struct wal_syncer *s, struct wal_log *log);
/// After log->closing.
void wal_syncer_join(struct wal_syncer *s);

#endif
