// kit.h - what the tests of the store share: a directory, a model of what was stored, a table of calls that fails.
//
// The model: KIT_KEYS objects; a batch writes a value to some of them. Values are numbers, 0 is "absent".

#ifndef TESTS_UNIT_STORAGE_KIT_H
#define TESTS_UNIT_STORAGE_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rand.h"
#include "storage/wal_store.h"

#define KIT_KEYS 64

struct kit_model {
    _Atomic uint64_t value[KIT_KEYS];
    uint64_t last_lsn; // of the record seen last
    uint64_t records;
    bool strange; // a record that nobody wrote
    size_t body_bytes;
};

static inline void kit_dir_make(char dir[64]) {
    strcpy(dir, "/tmp/warp-store-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

static inline void kit_dir_remove(const char *dir) {
    DIR *d = opendir(dir);
    if (!d) return;
    struct dirent *e;
    while ((e = readdir(d))) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.') unlink(path);
    }
    closedir(d);
    rmdir(dir);
}

/// Copy every file but LOCK into `to`, which is made and emptied first.
static inline void kit_dir_copy(const char *from, const char *to) {
    kit_dir_remove(to);
    assert_int_equal(mkdir(to, 0700), 0);
    DIR *d = opendir(from);
    assert_non_null(d);
    struct dirent *e;
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.' || strcmp(e->d_name, "LOCK") == 0) continue;
        char a[600], b[600];
        snprintf(a, sizeof a, "%s/%s", from, e->d_name);
        snprintf(b, sizeof b, "%s/%s", to, e->d_name);
        int in = open(a, O_RDONLY), out = open(b, O_WRONLY | O_CREAT | O_EXCL, 0600);
        assert_true(in >= 0 && out >= 0);
        char bytes[65536];
        ssize_t n;
        while ((n = read(in, bytes, sizeof bytes)) > 0)
            assert_int_equal(write(out, bytes, (size_t)n), n);
        close(in);
        close(out);
    }
    closedir(d);
}

/// The n-th file (0 = first by name) whose name begins with `prefix`. False when there are fewer.
static inline bool kit_file(const char *dir, const char *prefix, size_t n, char path[600]) {
    struct dirent **names;
    int count = scandir(dir, &names, NULL, alphasort);
    assert_true(count >= 0);
    bool found = false;
    for (int i = 0; i < count; i++) {
        if (!found && strncmp(names[i]->d_name, prefix, strlen(prefix)) == 0 && n-- == 0) {
            snprintf(path, 600, "%s/%s", dir, names[i]->d_name);
            found = true;
        }
        free(names[i]);
    }
    free(names);
    return found;
}

static inline size_t kit_file_count(const char *dir, const char *prefix) {
    char path[600];
    size_t n = 0;
    while (kit_file(dir, prefix, n, path))
        n++;
    return n;
}

static inline uint64_t kit_file_size(const char *path) {
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (uint64_t)info.st_size;
}

static inline void kit_flip(const char *path, uint64_t at, unsigned char bits) {
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    unsigned char c;
    assert_int_equal(pread(fd, &c, 1, (off_t)at), 1);
    c ^= bits;
    assert_int_equal(pwrite(fd, &c, 1, (off_t)at), 1);
    close(fd);
}

static inline void kit_put(struct buf *batch, unsigned key, uint64_t value, size_t body_bytes) {
    char id[16], body[4096];
    if (body_bytes < 8) body_bytes = 8;
    assert_true(body_bytes <= sizeof body);
    memset(body, (int)('a' + value % 26), body_bytes);
    memcpy(body, &value, sizeof value);
    int n = snprintf(id, sizeof id, "%u", key);
    struct record r = {RECORD_PUT, STR("c"), {id, (size_t)n}, {body, body_bytes}};
    record_write(batch, &r);
}

static inline void kit_delete(struct buf *batch, unsigned key) {
    char id[16];
    int n = snprintf(id, sizeof id, "%u", key);
    struct record r = {RECORD_DELETE, STR("c"), {id, (size_t)n}, STR_NONE};
    record_write(batch, &r);
}

static inline enum status kit_take(void *ctx, uint64_t lsn, const struct record *r) {
    struct kit_model *m = ctx;
    uint64_t key = 0, value = 0;
    m->records++;
    if (lsn < m->last_lsn) m->strange = true;
    m->last_lsn = lsn;
    if (!str_eq(r->collection, STR("c")) || !str_parse_u64(r->id, &key) || key >= KIT_KEYS ||
        (r->kind == RECORD_PUT ? r->body.len < 8 : r->kind != RECORD_DELETE)) {
        m->strange = true;
        return STATUS_OK;
    }
    if (r->kind == RECORD_PUT) memcpy(&value, r->body.p, sizeof value);
    for (size_t i = 8; i < r->body.len; i++)
        if (r->body.p[i] != (char)('a' + value % 26)) m->strange = true;
    m->value[key] = value;
    return STATUS_OK;
}

/// A storage_source_fn over a model.
static inline enum status kit_source(void *ctx, uint64_t lsn, storage_emit_fn *emit,
                                     void *emit_ctx) {
    (void)lsn;
    struct kit_model *m = ctx;
    for (unsigned key = 0; key < KIT_KEYS; key++) {
        uint64_t value = m->value[key];
        if (!value) continue;
        struct buf bytes;
        buf_init(&bytes);
        kit_put(&bytes, key, value, m->body_bytes);
        struct str rest = buf_str(&bytes);
        struct record r;
        enum status st = buf_status(&bytes);
        if (st == STATUS_OK) st = record_parse(&rest, &r);
        if (st == STATUS_OK) st = emit(emit_ctx, &r);
        buf_deinit(&bytes);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static inline bool kit_model_equal(const struct kit_model *a, const struct kit_model *b) {
    for (int i = 0; i < KIT_KEYS; i++)
        if (a->value[i] != b->value[i]) return false;
    return true;
}

static inline struct storage_options kit_options(const char *dir, enum storage_mode mode) {
    return (struct storage_options){.dir = dir, .mode = mode, .sync_interval_ms = 20};
}

/// Open and replay into `model` (cleared first).
static inline enum status kit_open_with(const struct storage_options *o, const struct io *io,
                                        struct kit_model *model, struct storage **out,
                                        struct reason *why) {
    size_t body_bytes = model->body_bytes;
    memset(model, 0, sizeof *model);
    model->body_bytes = body_bytes;
    why->text[0] = '\0';
    enum status st = wal_store_open_with(o, io, 5, out, why);
    if (st != STATUS_OK) {
        *out = NULL;
        return st;
    }
    st = storage_replay(*out, kit_take, model, why);
    if (st == STATUS_OK) return st;
    storage_close(*out);
    *out = NULL;
    return st;
}

static inline struct storage *kit_open(const struct storage_options *o, struct kit_model *model) {
    struct storage *st;
    struct reason why;
    enum status s = kit_open_with(o, io_system(), model, &st, &why);
    if (s != STATUS_OK) fail_msg("open: %s: %s", status_name(s), why.text);
    return st;
}

/// One batch that puts `value` to keys [from, from + count). Gives its LSN.
static inline uint64_t kit_write(struct storage *st, struct kit_model *model, unsigned from,
                                 unsigned count, uint64_t value, size_t body_bytes) {
    struct buf batch;
    buf_init(&batch);
    for (unsigned i = 0; i < count; i++)
        kit_put(&batch, (from + i) % KIT_KEYS, value, body_bytes);
    uint64_t lsn = 0;
    assert_int_equal(storage_append(st, buf_str(&batch), &lsn), STATUS_OK);
    buf_deinit(&batch);
    if (model)
        for (unsigned i = 0; i < count; i++)
            model->value[(from + i) % KIT_KEYS] = value;
    return lsn;
}

static inline void kit_sync(struct storage *st) {
    struct reason why = {0};
    enum status s = storage_sync(st, &why);
    if (s != STATUS_OK) fail_msg("sync: %s: %s", status_name(s), why.text);
}

// --- calls that fail ---

enum kit_call { KIT_OPEN, KIT_READ, KIT_WRITE, KIT_SYNC, KIT_TRUNCATE, KIT_RENAME, KIT_UNLINK };
#define KIT_CALLS 7

struct kit_io {
    struct io io;
    _Atomic uint64_t count[KIT_CALLS];   // calls made
    _Atomic uint64_t fail_at[KIT_CALLS]; // this call fails ...
    _Atomic uint64_t fail_for;           // ... and so many after it (0: only it)
    _Atomic int err;
    _Atomic uint64_t room; // bytes that pwrite still takes: then ENOSPC, after a short write
    _Atomic bool limited;
};

static inline bool kit_fails(struct kit_io *k, enum kit_call call) {
    uint64_t n = atomic_fetch_add(&k->count[call], 1) + 1;
    uint64_t at = k->fail_at[call];
    if (at == 0 || n < at || n - at > k->fail_for) return false;
    errno = k->err;
    return true;
}

static inline int kit_io_open(void *ctx, const char *path, int flags, mode_t mode) {
    return kit_fails(ctx, KIT_OPEN) ? -1 : open(path, flags, mode);
}
static inline ssize_t kit_io_pread(void *ctx, int fd, void *bytes, size_t len, off_t at) {
    return kit_fails(ctx, KIT_READ) ? -1 : pread(fd, bytes, len, at);
}
static inline ssize_t kit_io_pwrite(void *ctx, int fd, const void *bytes, size_t len, off_t at) {
    struct kit_io *k = ctx;
    if (kit_fails(k, KIT_WRITE)) {
        // As a real disk does: a part of it may have been written.
        ssize_t half = pwrite(fd, bytes, len / 2, at);
        (void)half;
        errno = k->err;
        return -1;
    }
    if (k->limited) {
        uint64_t room = k->room;
        if (room == 0) {
            errno = ENOSPC;
            return -1;
        }
        if (len > room) len = room;
        atomic_fetch_sub(&k->room, len);
    }
    return pwrite(fd, bytes, len, at);
}
static inline int kit_io_sync(void *ctx, int fd) {
    return kit_fails(ctx, KIT_SYNC) ? -1 : fdatasync(fd);
}
static inline int kit_io_truncate(void *ctx, int fd, off_t len) {
    return kit_fails(ctx, KIT_TRUNCATE) ? -1 : ftruncate(fd, len);
}
static inline int kit_io_rename(void *ctx, const char *from, const char *to) {
    return kit_fails(ctx, KIT_RENAME) ? -1 : rename(from, to);
}
static inline int kit_io_unlink(void *ctx, const char *path) {
    return kit_fails(ctx, KIT_UNLINK) ? -1 : unlink(path);
}

static inline void kit_io_init(struct kit_io *k) {
    memset(k, 0, sizeof *k);
    k->err = EIO;
    k->io = (struct io){k,           kit_io_open,     kit_io_pread,  kit_io_pwrite,
                        kit_io_sync, kit_io_truncate, kit_io_rename, kit_io_unlink};
}

#endif
