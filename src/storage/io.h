// io.h - the system calls by which the store touches a disk, as a table.
//
// The store calls nothing else, so a test can let the n-th write, sync, open or rename fail, or make a
// disk full, without touching a global. Errors are reported as the calls themselves do: -1 and errno.
//
// Threads: a table is read-only once made; `ctx` looks after itself.

#ifndef STORAGE_IO_H
#define STORAGE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"

struct io {
    void *ctx;
    int (*open)(void *ctx, const char *path, int flags, mode_t mode);
    ssize_t (*pread)(void *ctx, int fd, void *bytes, size_t len, off_t at);
    ssize_t (*pwrite)(void *ctx, int fd, const void *bytes, size_t len, off_t at);
    int (*sync)(void *ctx, int fd); // fdatasync of a file, fsync of a directory
    int (*truncate)(void *ctx, int fd, off_t len);
    int (*rename)(void *ctx, const char *from, const char *to);
    int (*unlink)(void *ctx, const char *path);
};

/// The real calls.
const struct io *io_system(void);

/// All of `len` bytes, or a status with errno left as it was set. Short writes go on.
MUST_USE enum status io_write_all(const struct io *io, int fd, const void *bytes, size_t len,
                                  uint64_t at);
/// As many bytes as there are up to `len`; `*got` says how many.
MUST_USE enum status io_read(const struct io *io, int fd, void *bytes, size_t len, uint64_t at,
                             size_t *got);
MUST_USE enum status io_size(int fd, uint64_t *size);
MUST_USE enum status io_sync(const struct io *io, int fd);
/// Make names in `dir` last: made, renamed, removed.
MUST_USE enum status io_sync_dir(const struct io *io, const char *dir);
/// DISK_FULL, READ_ONLY (no right to write, or a read-only disk), NOT_FOUND, or IO.
enum status io_status(int err);

#endif
