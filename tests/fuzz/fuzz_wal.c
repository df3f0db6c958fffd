// fuzz_wal.c - records, segments and snapshots of arbitrary bytes.
//
// The first byte says what the rest is: a batch, a segment or a snapshot, as it stands, or with a right header and right
// checksums put in, so that what lies behind them is reached.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storage/record.h"
#include "storage/wal_replay.h"
#include "storage/wal_snapshot.h"

#define FIRST_LSN 5u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int memory_open(void *ctx, const char *path, int flags, mode_t mode) {
    (void)path, (void)flags, (void)mode;
    return dup(*(int *)ctx);
}

static enum status take(void *ctx, uint64_t lsn, const struct record *r) {
    uint64_t *last = ctx;
    if (lsn < *last) abort(); // never backwards
    *last = lsn;
    if ((unsigned)r->kind < RECORD_PUT || (unsigned)r->kind > RECORD_RENAME) abort();
    // Every byte is there.
    volatile char sum = 0;
    for (size_t i = 0; i < r->collection.len; i++)
        sum = (char)(sum + r->collection.p[i]);
    for (size_t i = 0; i < r->id.len; i++)
        sum = (char)(sum + r->id.p[i]);
    for (size_t i = 0; i < r->body.len; i++)
        sum = (char)(sum + r->body.p[i]);
    return STATUS_OK;
}

static void repair(enum wal_file file, char *bytes, size_t size) {
    if (size < WAL_FRAME_FILE_HEADER) return;
    struct wal_header header = {.lsn = FIRST_LSN};
    wal_frame_file_write(file, &header, bytes);
    for (size_t at = WAL_FRAME_FILE_HEADER; at + WAL_FRAME_HEADER <= size;) {
        uint32_t magic = WAL_FRAME_MAGIC, len;
        memcpy(bytes + at, &magic, sizeof magic);
        memcpy(&len, bytes + at + 24, sizeof len);
        len &= 0xfff;
        memcpy(bytes + at + 24, &len, sizeof len);
        if (wal_frame_size(len) > size - at) return;
        at += wal_frame_finish(bytes + at, wal_frame_get64(bytes + at + 16), header.seed);
    }
}

static void segment(const struct io *io) {
    uint64_t last = 0;
    const struct storage_intake intake = {.on_record = take, .ctx = &last};
    struct wal_replay r = {.io = io, .intake = &intake};
    struct reason why;
    if (wal_replay_segment(&r, "segment", FIRST_LSN, &why) != STATUS_OK) return;
    if (r.good_bytes > r.file_bytes || r.last_lsn + 1 < FIRST_LSN) abort();
    bool whole = r.end == WAL_REPLAY_SEALED || r.end == WAL_REPLAY_OPEN;
    if (whole != (r.good_bytes == r.file_bytes && !r.bad)) abort();
}

static void snapshot(const struct io *io) {
    struct wal_snapshot_info info;
    struct reason why;
    if (wal_snapshot_verify(io, "snapshot", FIRST_LSN, &info, &why) != STATUS_OK) return;
    uint64_t last = 0, records = info.records;
    const struct storage_intake intake = {.on_record = take, .ctx = &last};
    if (wal_snapshot_read(io, "snapshot", FIRST_LSN, &intake, &info, &why) != STATUS_OK) abort();
    if (records != info.records) abort();
}

static void batch(const uint8_t *data, size_t size) {
    struct str rest = {(const char *)data, size};
    uint64_t last = 0;
    while (rest.len) {
        struct record r;
        size_t before = rest.len;
        if (record_parse(&rest, &r) != STATUS_OK) return;
        if (rest.len >= before) abort();
        (void)take(&last, 1, &r);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || size > 1 << 20) return 0;
    unsigned how = data[0] % 5;
    data++, size--;
    if (how == 0) {
        batch(data, size);
        return 0;
    }
    char *bytes = malloc(size + 1);
    if (!bytes) return 0;
    memcpy(bytes, data, size);
    enum wal_file file = how % 2 ? WAL_FILE_SEGMENT : WAL_FILE_SNAPSHOT;
    if (how >= 3) repair(file, bytes, size);
    int fd = memfd_create("fuzz_wal", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, bytes, size) == (ssize_t)size) {
        struct io io = *io_system();
        io.ctx = &fd;
        io.open = memory_open;
        if (file == WAL_FILE_SEGMENT)
            segment(&io);
        else
            snapshot(&io);
    }
    if (fd >= 0) close(fd);
    free(bytes);
    return 0;
}
