// Reading ahead gives what reading frame by frame gives: whatever the threads, the pieces and the damage.

#include "kit.h"

#include "storage/wal_ahead.h"

#define SEED 20261122u

static const uint8_t id[16] = "store of a test";

/// A segment of `count` frames, a few of them longer than a piece; gives its size.
static uint64_t segment_write(const char *path, struct rand *r, unsigned count) {
    struct wal_header header = {.lsn = 1};
    memcpy(header.store_id, id, sizeof id);
    struct buf out, records;
    buf_init(&out);
    buf_init(&records);
    char head[WAL_FRAME_FILE_HEADER];
    wal_frame_file_write(WAL_FILE_SEGMENT, &header, head);
    buf_append(&out, head, sizeof head);
    for (unsigned i = 1; i <= count; i++) {
        buf_clear(&records);
        unsigned puts = (unsigned)rand_below(r, i % 37 == 0 ? 200 : 4);
        for (unsigned k = 0; k < puts; k++)
            kit_put(&records, (unsigned)rand_below(r, KIT_KEYS), i, (size_t)rand_below(r, 300));
        if (i % 41 == 0) buf_append_str(&records, STR("no record"));
        size_t size = wal_frame_size((uint32_t)records.len);
        char *at = buf_reserve(&out, size);
        assert_non_null(at);
        wal_frame_begin(at, i % 29 ? WAL_FRAME_BATCH : WAL_FRAME_MARK, i, (uint32_t)records.len);
        if (records.len) memcpy(at + WAL_FRAME_HEADER, records.data, records.len);
        out.len += wal_frame_finish(at, 0, header.seed);
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(out.data, 1, out.len, f), out.len);
    fclose(f);
    uint64_t size = out.len;
    buf_deinit(&out);
    buf_deinit(&records);
    return size;
}

/// What a reader met, in one number, and where it ended.
struct seen {
    uint64_t sum, frames, end;
    enum wal_scan_step step;
    const char *bad;
};

static void note(struct seen *s, uint64_t value) {
    s->sum = (s->sum ^ value) * 0x9e3779b97f4a7c15u;
}

static enum status note_record(void *ctx, uint64_t lsn, const struct record *r) {
    note(ctx, lsn);
    note(ctx, r->id.len + r->body.len);
    for (size_t i = 0; i < r->body.len; i++)
        note(ctx, (unsigned char)r->body.p[i]);
    return STATUS_OK;
}

static void note_batch(struct seen *s, uint64_t lsn, struct str rest) {
    struct record r;
    struct str probe = rest;
    while (probe.len)
        if (record_parse(&probe, &r) != STATUS_OK) {
            note(s, 77);
            return;
        }
    while (rest.len && record_parse(&rest, &r) == STATUS_OK)
        note_record(s, lsn, &r);
}

static void scan_open(const struct io *io, const char *path, struct wal_scan *scan) {
    assert_int_equal(wal_scan_open(io, path, WAL_FILE_SEGMENT, scan, NULL), STATUS_OK);
}

static struct seen read_by_frame(const char *path) {
    struct wal_scan scan;
    struct seen s = {0};
    scan_open(io_system(), path, &scan);
    for (;;) {
        struct wal_frame frame;
        assert_int_equal(wal_scan_next(&scan, &frame, &s.step), STATUS_OK);
        if (s.step != WAL_SCAN_FRAME) break;
        note(&s, frame.lsn * 8 + frame.kind);
        if (frame.kind == WAL_FRAME_BATCH)
            note_batch(&s, frame.lsn, (struct str){frame.payload, frame.len});
        s.frames++;
    }
    s.end = scan.offset;
    s.bad = scan.bad;
    wal_scan_close(&scan);
    return s;
}

struct decoder {
    struct seen seen;
    _Atomic int64_t alive;    // decoded, neither applied nor discarded
    _Atomic uint64_t fail_at; // this many more are decoded, then memory is out
};

struct decoded {
    struct str records;
    uint64_t first; // byte, when decoded
};

static enum status decode(void *ctx, struct str records, void **out, uint64_t *count) {
    struct decoder *d = ctx;
    struct record r;
    struct str rest = records;
    for (*count = 0; rest.len; ++*count)
        if (record_parse(&rest, &r) != STATUS_OK) return STATUS_CORRUPT;
    if (atomic_fetch_sub(&d->fail_at, 1) == 0) return STATUS_NO_MEMORY;
    struct decoded *made = malloc(sizeof *made);
    assert_non_null(made);
    *made = (struct decoded){records, records.len ? (unsigned char)records.p[0] : 0};
    d->alive++;
    *out = made;
    return STATUS_OK;
}

static void discard(void *ctx, void *decoded_take) {
    struct decoder *d = ctx;
    d->alive--;
    free(decoded_take);
}

static enum status apply(void *ctx, uint64_t lsn, void *decoded_take) {
    struct decoder *d = ctx;
    struct decoded *made = decoded_take;
    struct str rest = made->records;
    struct record r;
    if (rest.len) assert_int_equal(made->first, (unsigned char)rest.p[0]);
    while (rest.len && record_parse(&rest, &r) == STATUS_OK)
        note_record(&d->seen, lsn, &r);
    discard(ctx, decoded_take);
    return STATUS_OK;
}

/// Gives the status that ended it.
static enum status read_ahead(struct wal_scan *scan, const struct wal_ahead_options *options,
                              struct seen *s) {
    struct wal_ahead *a;
    assert_int_equal(wal_ahead_open(scan, options, &a), STATUS_OK);
    enum status st;
    for (;;) {
        struct wal_frame frame;
        st = wal_ahead_next(a, &frame, &s->step);
        if (st != STATUS_OK || s->step != WAL_SCAN_FRAME) break;
        note(s, frame.lsn * 8 + frame.kind);
        s->frames++;
        bool sound = true;
        uint64_t records;
        if (frame.kind == WAL_FRAME_BATCH) st = wal_ahead_apply(a, frame.lsn, &records, &sound);
        if (st != STATUS_OK) break;
        if (!sound) note(s, 77);
    }
    wal_ahead_close(a);
    s->end = scan->offset;
    s->bad = scan->bad;
    return st;
}

static void compare(const char *path, bool decodes, unsigned threads, size_t piece_bytes) {
    struct seen want = read_by_frame(path);
    struct decoder d = {.fail_at = UINT64_MAX};
    struct storage_intake intake = {.on_record = note_record, .ctx = &d};
    if (decodes) {
        intake.decode = decode;
        intake.apply = apply;
        intake.discard = discard;
    }
    const struct wal_ahead_options options = {
        .intake = &intake, .threads = threads, .piece_bytes = piece_bytes};
    struct wal_scan scan;
    scan_open(io_system(), path, &scan);
    assert_int_equal(read_ahead(&scan, &options, &d.seen), STATUS_OK);
    wal_scan_close(&scan);
    assert_int_equal(d.alive, 0);
    assert_int_equal(d.seen.frames, want.frames);
    assert_int_equal(d.seen.sum, want.sum);
    assert_int_equal(d.seen.end, want.end);
    assert_int_equal(d.seen.step, want.step);
    assert_ptr_equal(d.seen.bad, want.bad);
}

static void as_frame_by_frame(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, SEED);
    printf("seed %u\n", SEED);
    char dir[64], path[600];
    kit_dir_make(dir);
    snprintf(path, sizeof path, "%s/segment", dir);
    for (unsigned round = 0; round < 60; round++) {
        uint64_t size = segment_write(path, &r, (unsigned)rand_below(&r, 400));
        unsigned damage = (unsigned)rand_below(&r, 3);
        uint64_t rest = size - WAL_FRAME_FILE_HEADER;
        if (damage == 1 && rest)
            kit_flip(path, WAL_FRAME_FILE_HEADER + rand_below(&r, rest),
                     (unsigned char)(1 + rand_below(&r, 255)));
        if (damage == 2 && rest)
            assert_int_equal(truncate(path, (off_t)(WAL_FRAME_FILE_HEADER + rand_below(&r, rest))),
                             0);
        for (unsigned i = 0; i < 4; i++)
            compare(path, rand_below(&r, 2), (unsigned)rand_below(&r, 5),
                    (size_t)rand_below(&r, i % 2 ? 20000 : 500) + 1);
    }
    kit_dir_remove(dir);
}

static void no_memory_is_told_in_its_place(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, SEED);
    char dir[64], path[600];
    kit_dir_make(dir);
    snprintf(path, sizeof path, "%s/segment", dir);
    segment_write(path, &r, 40);
    for (unsigned threads = 0; threads < 4; threads++)
        for (uint64_t at = 0; at < 35; at++) {
            struct decoder d = {.fail_at = at};
            const struct storage_intake intake = {
                .ctx = &d, .decode = decode, .apply = apply, .discard = discard};
            const struct wal_ahead_options options = {
                .intake = &intake, .threads = threads, .piece_bytes = 700};
            struct wal_scan scan;
            scan_open(io_system(), path, &scan);
            assert_int_equal(read_ahead(&scan, &options, &d.seen), STATUS_NO_MEMORY);
            if (threads == 0) assert_true(d.seen.frames >= at + 1);
            wal_scan_close(&scan);
            assert_int_equal(d.alive, 0);
        }
    kit_dir_remove(dir);
}

static void every_failed_read_is_told(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, SEED);
    char dir[64], path[600];
    kit_dir_make(dir);
    snprintf(path, sizeof path, "%s/segment", dir);
    segment_write(path, &r, 40);
    for (unsigned threads = 0; threads < 3; threads++) {
        enum status st = STATUS_IO;
        uint64_t n = 1;
        for (; st != STATUS_OK; n++) {
            struct kit_io k;
            kit_io_init(&k);
            struct wal_scan scan;
            struct seen s = {0};
            scan_open(&k.io, path, &scan);
            k.err = EIO;
            k.fail_at[KIT_READ] = k.count[KIT_READ] + n;
            const struct wal_ahead_options options = {.threads = threads, .piece_bytes = 700};
            st = read_ahead(&scan, &options, &s);
            assert_true(st == STATUS_OK || st == STATUS_IO);
            wal_scan_close(&scan);
        }
        assert_true(n > 5);
    }
    kit_dir_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_frame_by_frame),
        cmocka_unit_test(no_memory_is_told_in_its_place),
        cmocka_unit_test(every_failed_read_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
