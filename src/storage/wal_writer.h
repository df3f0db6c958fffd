// wal_writer.h - the thread that takes what was appended to the segment: group commit, marks, seals, mending.

#ifndef STORAGE_WAL_WRITER_H
#define STORAGE_WAL_WRITER_H

#include "storage/wal_log.h"

struct wal_writer {
    struct wal_log *log;
    pthread_t thread;
    bool running;
};

MUST_USE enum status wal_writer_start(struct wal_writer *w, struct wal_log *log);
/// After log->closing: writes, syncs and seals what is left, or gives up when that fails (log->dead).
void wal_writer_join(struct wal_writer *w);

#endif
