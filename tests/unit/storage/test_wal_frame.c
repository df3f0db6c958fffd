// test_wal_frame.c - the bytes of the format, as docs/storage.md gives them.

#include "unit/storage/kit.h"

#include "base/hash.h"
#include "storage/wal_frame.h"

static struct wal_header header_make(char bytes[WAL_FRAME_FILE_HEADER]) {
    struct wal_header h = {.lsn = 0x0102030405060708, .created_ms = 1700000000000};
    for (int i = 0; i < 16; i++)
        h.store_id[i] = (uint8_t)(i * 3);
    wal_frame_file_write(WAL_FILE_SEGMENT, &h, bytes);
    return h;
}

static void header_round_trip(void **state) {
    (void)state;
    char bytes[WAL_FRAME_FILE_HEADER];
    struct wal_header in = header_make(bytes), out;
    assert_memory_equal(bytes, "WARPWAL1\1\0\0\0", 12);
    assert_memory_equal(bytes + 32, "\x08\x07\x06\x05\x04\x03\x02\x01", 8); // little-endian
    assert_true(wal_frame_file_parse(WAL_FILE_SEGMENT, bytes, &out));
    assert_memory_equal(in.store_id, out.store_id, sizeof in.store_id);
    assert_true(in.lsn == out.lsn && in.created_ms == out.created_ms && in.seed == out.seed);
    assert_false(wal_frame_file_parse(WAL_FILE_SNAPSHOT, bytes, &out));
}

static void every_flipped_bit_of_a_header_is_noticed(void **state) {
    (void)state;
    char bytes[WAL_FRAME_FILE_HEADER];
    (void)header_make(bytes);
    struct wal_header out;
    for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        assert_false(wal_frame_file_parse(WAL_FILE_SEGMENT, bytes, &out));
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static void every_flipped_bit_of_a_frame_is_noticed(void **state) {
    (void)state;
    _Alignas(8) char frame[64];
    for (uint32_t len = 0; len <= 24; len++) {
        memset(frame, 0x55, sizeof frame);
        wal_frame_begin(frame, WAL_FRAME_BATCH, 42, len);
        memcpy(frame + WAL_FRAME_HEADER, "abcdefghijklmnopqrstuvwxyz", len);
        size_t size = wal_frame_finish(frame, 41, 7);
        assert_int_equal(size % 8, 0);
        assert_int_equal(size, wal_frame_size(len));
        struct wal_frame f;
        assert_true(wal_frame_peek(frame, &f) && wal_frame_verify(frame, 7, &f));
        assert_int_equal(f.lsn, 42);
        assert_int_equal(f.synced_lsn, 41);
        assert_int_equal(f.len, len);
        assert_int_equal(f.kind, WAL_FRAME_BATCH);
        assert_false(wal_frame_verify(frame, 8, &f)); // of another file
        for (size_t bit = 0; bit < size * 8; bit++) {
            frame[bit / 8] ^= (char)(1 << bit % 8);
            bool fits = wal_frame_peek(frame, &f) && wal_frame_size(f.len) <= size;
            assert_false(fits && wal_frame_verify(frame, 7, &f));
            frame[bit / 8] ^= (char)(1 << bit % 8);
        }
    }
}

static void lengths_and_kinds_are_bounded(void **state) {
    (void)state;
    _Alignas(8) char frame[64];
    wal_frame_begin(frame, WAL_FRAME_BATCH, 1, 8);
    (void)wal_frame_finish(frame, 0, 0);
    struct wal_frame f;
    memcpy(frame + 24, "\x01\x00\x00\x40", 4); // 1 GiB + 1
    assert_false(wal_frame_peek(frame, &f));
    memcpy(frame + 24, "\x00\x00\x00\x40", 4);
    assert_true(wal_frame_peek(frame, &f));
    memcpy(frame + 28, "\x00\x00\x00\x00", 4);
    assert_false(wal_frame_peek(frame, &f));
    memcpy(frame + 28, "\x06\x00\x00\x00", 4);
    assert_false(wal_frame_peek(frame, &f));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_round_trip),
        cmocka_unit_test(every_flipped_bit_of_a_header_is_noticed),
        cmocka_unit_test(every_flipped_bit_of_a_frame_is_noticed),
        cmocka_unit_test(lengths_and_kinds_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
