// wal_backup.c - real copies, not hard links: a backup that shares its blocks with the store shares their damage.

#include "storage/wal_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "storage/wal_check.h"

#define COPY_BYTES ((size_t)1 << 20)

static enum status copy_files(struct wal_keeper *k, const char *dir, uint64_t end_lsn,
                              struct reason *why);
static enum status copy_file(const struct io *io, const char *from_dir, const char *to_dir,
                             enum wal_file file, uint64_t lsn, struct reason *why);
static enum status copy_bytes(const struct io *io, int from, int to);
static void remove_files(const struct io *io, const char *dir);
static void keep_first(void *ctx, const char *line);

enum status wal_backup(struct wal_keeper *k, const char *dir, struct reason *why) {
    const struct io *io = k->log->io;
    enum status st = wal_dir_make(dir, why);
    bool empty = false;
    if (st == STATUS_OK) st = wal_dir_is_empty(dir, &empty, why);
    if (st == STATUS_OK && !empty)
        st = reason_set(why, STATUS_EXISTS, "%.150s is not empty: back up into a new directory",
                        dir);
    if (st == STATUS_OK) st = wal_keeper_claim(k, why);
    if (st != STATUS_OK) return st;
    uint64_t end_lsn;
    st = wal_log_seal(k->log, &end_lsn, why);
    if (st == STATUS_OK) st = copy_files(k, dir, end_lsn, why);
    wal_keeper_release(k); // nothing of the store is needed any more
    if (st == STATUS_OK) {
        struct wal_check_report report;
        struct reason found = {0};
        st = wal_check_dir(io, dir, &report, keep_first, &found);
        if (st == STATUS_OK && report.surviving_lsn + 1 != end_lsn) st = STATUS_CORRUPT;
        if (st != STATUS_OK) (void)reason_set(why, st, "the copy is not whole: %.180s", found.text);
    }
    if (st != STATUS_OK) remove_files(io, dir);
    return st;
}

static enum status copy_files(struct wal_keeper *k, const char *dir, uint64_t end_lsn,
                              struct reason *why) {
    const struct io *io = k->log->io;
    const char *from = k->log->options->dir;
    uint64_t base = k->snapshot_lsn;
    struct wal_dir_list list;
    enum status st = wal_dir_list(from, &list, why);
    if (st != STATUS_OK) return st;
    if (base) st = copy_file(io, from, dir, WAL_FILE_SNAPSHOT, base, why);
    for (size_t i = 0; st == STATUS_OK && i < list.segment_count; i++) {
        uint64_t lsn = list.segments[i];
        if (lsn >= base && lsn < end_lsn) st = copy_file(io, from, dir, WAL_FILE_SEGMENT, lsn, why);
    }
    wal_dir_list_deinit(&list);
    if (st != STATUS_OK) return st;
    st = io_sync_dir(io, dir);
    if (st == STATUS_OK) return STATUS_OK;
    return reason_set(why, st, "cannot sync %.150s: %s", dir, strerror(errno));
}

static enum status copy_file(const struct io *io, const char *from_dir, const char *to_dir,
                             enum wal_file file, uint64_t lsn, struct reason *why) {
    char from[WAL_DIR_PATH_MAX], to[WAL_DIR_PATH_MAX];
    if (!wal_dir_path(from, from_dir, file, lsn) || !wal_dir_path(to, to_dir, file, lsn))
        return reason_set(why, STATUS_INVALID, "the name of the backup directory is too long");
    int in = io->open(io->ctx, from, O_RDONLY | O_CLOEXEC, 0);
    if (in < 0) return reason_set(why, io_status(errno), "%.150s: %s", from, strerror(errno));
    int out = io->open(io->ctx, to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum status st = out < 0 ? io_status(errno) : copy_bytes(io, in, out);
    if (st == STATUS_OK) st = io_sync(io, out);
    int err = errno;
    close(in);
    if (out >= 0) close(out);
    if (st == STATUS_OK) return STATUS_OK;
    return reason_set(why, st, "cannot copy to %.150s: %s", to, strerror(err));
}

static enum status copy_bytes(const struct io *io, int from, int to) {
    char *bytes = mem_alloc(COPY_BYTES);
    if (!bytes) {
        errno = ENOMEM;
        return STATUS_NO_MEMORY;
    }
    enum status st = STATUS_OK;
    size_t got = COPY_BYTES;
    for (uint64_t at = 0; st == STATUS_OK && got == COPY_BYTES; at += got) {
        st = io_read(io, from, bytes, COPY_BYTES, at, &got);
        if (st == STATUS_OK) st = io_write_all(io, to, bytes, got, at);
    }
    int err = errno;
    mem_free(bytes);
    errno = err;
    return st;
}

static void remove_files(const struct io *io, const char *dir) {
    uint64_t segments, bytes;
    wal_dir_drop_before(dir, io, UINT64_MAX, &segments, &bytes);
}

static void keep_first(void *ctx, const char *line) {
    struct reason *found = ctx;
    (void)reason_set(found, STATUS_CORRUPT, "%s", line); // the last line is the one about the end
}
