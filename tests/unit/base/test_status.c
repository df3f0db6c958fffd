// test_status.c - the one list of errors is complete and consistent.

#include "support/support.h"

#include <errno.h>

#include "base/status.h"

static void every_status_has_its_texts(void **state) {
    (void)state;
    for (int i = 0; i < STATUS_COUNT; i++) {
        enum status st = (enum status)i;
        assert_in_range(status_http(st), 200, 599);
        assert_true(status_name(st)[0] && status_resp(st)[0] && status_text(st)[0]);
        assert_true(status_resp(st)[0] != '-');
        assert_null(strpbrk(status_resp(st), "\r\n"));
    }
    assert_string_equal(status_name(STATUS_NOT_FOUND), "NOT_FOUND");
    assert_int_equal(status_http(STATUS_INVALID), 422);
    assert_int_equal(status_http(STATUS_URI_TOO_LONG), 414);
    assert_string_equal(status_resp(STATUS_NO_MEMORY), "OOM out of memory");
}

static void errno_is_read_as_a_status(void **state) {
    (void)state;
    static const struct {
        int err;
        enum status st;
    } cases[] = {{0, STATUS_OK},
                 {ENOMEM, STATUS_NO_MEMORY},
                 {ENOSPC, STATUS_DISK_FULL},
                 {EDQUOT, STATUS_DISK_FULL},
                 {EROFS, STATUS_READ_ONLY},
                 {ENOENT, STATUS_NOT_FOUND},
                 {EEXIST, STATUS_EXISTS},
                 {EACCES, STATUS_FORBIDDEN},
                 {EPIPE, STATUS_CLOSED},
                 {EIO, STATUS_IO},
                 {12345, STATUS_IO}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(status_from_errno(cases[i].err), cases[i].st);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_texts),
        cmocka_unit_test(errno_is_read_as_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
