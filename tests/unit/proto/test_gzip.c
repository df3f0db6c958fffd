#include "base/mem.h"
#include "base/rand.h"
#include "proto/gzip.h"
#include "support/support.h"

static void test_round_trip(void **state) {
    (void)state;
    struct rand rand;
    rand_init(&rand, test_seed());
    struct gzip *g;
    assert_int_equal(gzip_new(1, &g), STATUS_OK);
    for (int i = 0; i < 60; i++) {
        struct buf plain, packed, back;
        buf_init(&plain);
        buf_init(&packed);
        buf_init(&back);
        size_t len = rand_below(&rand, i % 3 == 0 ? 300000 : 200);
        while (plain.len < len) {
            buf_append_char(&plain, (char)rand_below(&rand, i % 2 ? 256 : 3));
        }
        assert_int_equal(gzip_deflate(g, buf_str(&plain), &packed), STATUS_OK);
        assert_int_equal(gzip_inflate(buf_str(&packed), len, &back), STATUS_OK);
        assert_true(str_eq(buf_str(&plain), buf_str(&back)));
        if (len) {
            buf_clear(&back);
            assert_int_equal(gzip_inflate(buf_str(&packed), len - 1, &back), STATUS_TOO_LARGE);
        }
        buf_clear(&back); // cut anywhere: not gzip
        size_t cut = rand_below(&rand, packed.len);
        assert_int_equal(gzip_inflate(str_sub(buf_str(&packed), 0, cut), 1 << 20, &back),
                         STATUS_BAD_REQUEST);
        buf_deinit(&plain);
        buf_deinit(&packed);
        buf_deinit(&back);
    }
    gzip_free(g);
}

static void test_members_and_garbage(void **state) {
    (void)state;
    struct gzip *g;
    struct buf packed, back;
    buf_init(&packed);
    buf_init(&back);
    assert_int_equal(gzip_new(9, &g), STATUS_OK);
    assert_int_equal(gzip_deflate(g, STR("ab"), &packed), STATUS_OK);
    assert_int_equal(gzip_deflate(g, STR("cd"), &packed), STATUS_OK);
    assert_int_equal(gzip_inflate(buf_str(&packed), 4, &back), STATUS_OK);
    assert_true(str_eq(buf_str(&back), STR("abcd")));
    buf_clear(&back);
    assert_int_equal(gzip_inflate(buf_str(&packed), 3, &back), STATUS_TOO_LARGE);
    buf_append_char(&packed, 'x');
    assert_int_equal(gzip_inflate(buf_str(&packed), 99, &back), STATUS_BAD_REQUEST);
    assert_int_equal(gzip_inflate(STR("plain text"), 99, &back), STATUS_BAD_REQUEST);
    assert_int_equal(gzip_inflate(STR(""), 99, &back), STATUS_BAD_REQUEST);
    buf_deinit(&packed);
    buf_deinit(&back);
    gzip_free(g);
}

static void test_no_memory(void **state) {
    (void)state;
    size_t before = mem_used();
    struct gzip *g;
    struct buf packed, back;
    buf_init(&packed);
    assert_int_equal(gzip_new(1, &g), STATUS_OK);
    assert_int_equal(gzip_deflate(g, STR("hello"), &packed), STATUS_OK);
    bool ended = false;
    for (uint64_t n = 1; !ended; n++) {
        buf_init(&back);
        mem_fail_at(n, false);
        enum status st = gzip_inflate(buf_str(&packed), 99, &back);
        ended = mem_alloc_count() < n;
        mem_fail_at(0, false);
        assert_int_equal(st, ended ? STATUS_OK : STATUS_NO_MEMORY);
        buf_deinit(&back);
    }
    gzip_free(g);
    mem_fail_at(2, false);
    assert_int_equal(gzip_new(1, &g), STATUS_NO_MEMORY);
    mem_fail_at(0, false);
    buf_deinit(&packed);
    assert_int_equal(mem_used(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_members_and_garbage),
                                       cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
