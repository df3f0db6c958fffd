// wal_dir.h - the data directory: which files are there, their names, and the lock.

#ifndef STORAGE_WAL_DIR_H
#define STORAGE_WAL_DIR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "storage/io.h"
#include "storage/wal_frame.h"

#define WAL_DIR_PATH_MAX PATH_MAX

/// Names by LSN, ascending.
struct wal_dir_list {
    uint64_t *segments, *snapshots;
    size_t segment_count, snapshot_count;
    size_t leftovers; // unfinished snapshots: snapshot-*.tmp
};

/// DIR/wal-%016x.log or DIR/snapshot-%016x.snap. False when it is too long.
MUST_USE bool wal_dir_path(char out[WAL_DIR_PATH_MAX], const char *dir, enum wal_file file,
                           uint64_t lsn);
/// The same name while it is being written.
MUST_USE bool wal_dir_path_tmp(char out[WAL_DIR_PATH_MAX], const char *dir, uint64_t lsn);
/// Made with its parents when missing.
MUST_USE enum status wal_dir_make(const char *dir, struct reason *why);
MUST_USE enum status wal_dir_list(const char *dir, struct wal_dir_list *out, struct reason *why);
void wal_dir_list_deinit(struct wal_dir_list *list);
MUST_USE enum status wal_dir_is_empty(const char *dir, bool *empty, struct reason *why);
/// Remove unfinished snapshots: what a crash left, nobody reads them.
void wal_dir_remove_leftovers(const char *dir, const struct io *io);

/// Remove segments and snapshots of lower LSNs: a snapshot of `lsn` is on the disk and has been verified.
void wal_dir_drop_before(const char *dir, const struct io *io, uint64_t lsn, uint64_t *segments,
                         uint64_t *bytes);

/// flock DIR/LOCK: for the one that writes, or shared among readers. `*fd` is -1 when a reader finds no
/// LOCK (a backup never used). LOCKED names the directory and the process.
MUST_USE enum status wal_dir_lock(const char *dir, bool shared, int *fd, struct reason *why);
void wal_dir_unlock(int fd);

#endif
