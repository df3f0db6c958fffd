// io.c - the real system calls, and loops over them.

#include "storage/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int system_open(void *ctx, const char *path, int flags, mode_t mode);
static ssize_t system_pread(void *ctx, int fd, void *bytes, size_t len, off_t at);
static ssize_t system_pwrite(void *ctx, int fd, const void *bytes, size_t len, off_t at);
static int system_sync(void *ctx, int fd);
static int system_truncate(void *ctx, int fd, off_t len);
static int system_rename(void *ctx, const char *from, const char *to);
static int system_unlink(void *ctx, const char *path);

const struct io *io_system(void) {
    static const struct io table = {
        .open = system_open,
        .pread = system_pread,
        .pwrite = system_pwrite,
        .sync = system_sync,
        .truncate = system_truncate,
        .rename = system_rename,
        .unlink = system_unlink,
    };
    return &table;
}

enum status io_write_all(const struct io *io, int fd, const void *bytes, size_t len, uint64_t at) {
    const char *p = bytes;
    while (len > 0) {
        ssize_t n = io->pwrite(io->ctx, fd, p, len, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = EIO; // a disk that takes nothing and says nothing
        if (n <= 0) return io_status(errno);
        p += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return STATUS_OK;
}

enum status io_read(const struct io *io, int fd, void *bytes, size_t len, uint64_t at,
                    size_t *got) {
    size_t have = 0;
    while (have < len) {
        ssize_t n = io->pread(io->ctx, fd, (char *)bytes + have, len - have, (off_t)(at + have));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return io_status(errno);
        if (n == 0) break;
        have += (size_t)n;
    }
    *got = have;
    return STATUS_OK;
}

enum status io_size(int fd, uint64_t *size) {
    struct stat info;
    if (fstat(fd, &info) != 0) return io_status(errno);
    if (!S_ISREG(info.st_mode)) {
        errno = EINVAL;
        return STATUS_IO;
    }
    *size = (uint64_t)info.st_size;
    return STATUS_OK;
}

enum status io_sync(const struct io *io, int fd) {
    int rc;
    do
        rc = io->sync(io->ctx, fd);
    while (rc != 0 && errno == EINTR);
    return rc == 0 ? STATUS_OK : io_status(errno);
}

enum status io_sync_dir(const struct io *io, const char *dir) {
    int fd = io->open(io->ctx, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) return io_status(errno);
    enum status st = io_sync(io, fd);
    int saved = errno;
    close(fd);
    errno = saved;
    return st;
}

enum status io_status(int err) {
    switch (err) {
    case ENOSPC:
    case EDQUOT: return STATUS_DISK_FULL;
    case EROFS:
    case EACCES:
    case EPERM: return STATUS_READ_ONLY;
    case ENOENT: return STATUS_NOT_FOUND;
    case ENOMEM: return STATUS_NO_MEMORY;
    default: return STATUS_IO;
    }
}

static int system_open(void *ctx, const char *path, int flags, mode_t mode) {
    (void)ctx;
    return open(path, flags, mode);
}

static ssize_t system_pread(void *ctx, int fd, void *bytes, size_t len, off_t at) {
    (void)ctx;
    return pread(fd, bytes, len, at);
}

static ssize_t system_pwrite(void *ctx, int fd, const void *bytes, size_t len, off_t at) {
    (void)ctx;
    return pwrite(fd, bytes, len, at);
}

// fdatasync covers the length of a file that grew; for a directory it is fsync.
static int system_sync(void *ctx, int fd) {
    (void)ctx;
    return fdatasync(fd);
}

static int system_truncate(void *ctx, int fd, off_t len) {
    (void)ctx;
    return ftruncate(fd, len);
}

static int system_rename(void *ctx, const char *from, const char *to) {
    (void)ctx;
    return rename(from, to);
}

static int system_unlink(void *ctx, const char *path) {
    (void)ctx;
    return unlink(path);
}
