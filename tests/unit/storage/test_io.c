// test_io.c - loops over the system calls: short writes, interruptions, ends of files.

#include "unit/storage/kit.h"

struct slow {
    unsigned calls;
    size_t most; // bytes per call
};

/// Every other call is interrupted, the rest take a few bytes.
static ssize_t slow_pwrite(void *ctx, int fd, const void *bytes, size_t len, off_t at) {
    struct slow *s = ctx;
    if (s->calls++ % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    return pwrite(fd, bytes, len < s->most ? len : s->most, at);
}

static ssize_t slow_pread(void *ctx, int fd, void *bytes, size_t len, off_t at) {
    struct slow *s = ctx;
    if (s->calls++ % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    return pread(fd, bytes, len < s->most ? len : s->most, at);
}

static ssize_t nothing_pwrite(void *ctx, int fd, const void *bytes, size_t len, off_t at) {
    (void)ctx, (void)fd, (void)bytes, (void)len, (void)at;
    return 0;
}

static int slow_sync(void *ctx, int fd) {
    struct slow *s = ctx;
    (void)fd;
    if (s->calls++ % 2 == 1) return 0;
    errno = EINTR;
    return -1;
}

static void short_and_interrupted_calls_go_on(void **state) {
    (void)state;
    char path[] = "/tmp/warp-io-XXXXXX", bytes[1000], back[1200];
    int fd = mkstemp(path);
    unlink(path);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7);
    struct slow slow = {.most = 33};
    struct io io = *io_system();
    io.ctx = &slow;
    io.pwrite = slow_pwrite;
    io.pread = slow_pread;
    io.sync = slow_sync;
    assert_int_equal(io_write_all(&io, fd, bytes, sizeof bytes, 5), STATUS_OK);
    size_t got;
    assert_int_equal(io_read(&io, fd, back, sizeof back, 5, &got), STATUS_OK);
    assert_int_equal(got, sizeof bytes); // the end of the file, no failure
    assert_memory_equal(bytes, back, sizeof bytes);
    assert_int_equal(io_sync(&io, fd), STATUS_OK);
    uint64_t size;
    assert_int_equal(io_size(fd, &size), STATUS_OK);
    assert_int_equal(size, 1005);
    io.pwrite = nothing_pwrite;
    assert_int_equal(io_write_all(&io, fd, bytes, 1, 0), STATUS_IO); // does not spin
    close(fd);
}

static void errors_have_their_status(void **state) {
    (void)state;
    assert_int_equal(io_status(ENOSPC), STATUS_DISK_FULL);
    assert_int_equal(io_status(EDQUOT), STATUS_DISK_FULL);
    assert_int_equal(io_status(EROFS), STATUS_READ_ONLY);
    assert_int_equal(io_status(EACCES), STATUS_READ_ONLY);
    assert_int_equal(io_status(EIO), STATUS_IO);
    uint64_t size;
    int fd = open("/tmp", O_RDONLY);
    assert_int_equal(io_size(fd, &size), STATUS_IO); // not a file
    close(fd);
    assert_int_equal(io_sync_dir(io_system(), "/nowhere/at/all"), STATUS_NOT_FOUND);
    assert_int_equal(io_sync_dir(io_system(), "/tmp"), STATUS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_and_interrupted_calls_go_on),
        cmocka_unit_test(errors_have_their_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
