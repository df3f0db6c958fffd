#include "command/tile_command.h"

#include "support.h"

static enum status ask_tile(struct desk *d, const char *path, const char *query,
                            struct reason *why) {
    struct command_call call = {.commands = d->commands,
                                .client = &d->client,
                                .arena = &d->arena,
                                .reader = d->reader,
                                .why = why};
    buf_clear(&d->out);
    assert_true(tile_command_is(str_of(path)));
    engine_enter(d->engine, d->reader);
    enum status st = tile_command_write(&call, str_of(path), str_of(query), &d->out);
    engine_leave(d->engine, d->reader);
    arena_reset(&d->arena);
    return st;
}

static void test_paths(void **state) {
    (void)state;
    assert_true(tile_command_is(STR("/fleet/0/0/0.mvt")));
    assert_false(tile_command_is(STR("/fleet/0/0.mvt")));
    assert_false(tile_command_is(STR("/fleet/0/0/0")));
    assert_false(tile_command_is(STR("fleet/0/0/0.mvt")));
    assert_false(tile_command_is(STR("/a/b/0/0/0.mvt")));
    assert_false(tile_command_is(STR("/set+fleet+truck+point+1+2")));
}

static void test_tiles(void **state) {
    struct desk *d = *state;
    struct reason why = {"", ""};
    assert_reply(d, "SET fleet truck FIELD speed 50 POINT 33 -112", "+OK\r\n");
    assert_reply(d, "SET fleet note STRING hello", "+OK\r\n"); // shows nowhere
    assert_int_equal(ask_tile(d, "/fleet/0/0/0.mvt", "", &why), STATUS_OK);
    assert_non_null(memmem(d->out.data, d->out.len, "tile38", 6));
    assert_non_null(memmem(d->out.data, d->out.len, "truck", 5));
    assert_non_null(memmem(d->out.data, d->out.len, "speed", 5));
    assert_null(memmem(d->out.data, d->out.len, "note", 4));
    assert_int_equal(ask_tile(d, "/fleet/0/0/0.mvt", "limit=5&sparse=3", &why), STATUS_OK);
    assert_true(d->out.len > 0);
    assert_int_equal(ask_tile(d, "/fleet/1/1/1.mvt", "sparse=x&limit=", &why), STATUS_OK);
    assert_int_equal(d->out.len, 0);
    assert_int_equal(ask_tile(d, "/none/0/0/0.mvt", "", &why), STATUS_OK);
    assert_int_equal(d->out.len, 0);
    assert_int_equal(ask_tile(d, "/fleet/0/1/0.mvt", "", &why), STATUS_INVALID);
    assert_int_equal(ask_tile(d, "/fleet/z/1/0.mvt", "", &why), STATUS_INVALID);
    assert_int_equal(ask_tile(d, "/fleet/99/1/0.mvt", "", &why), STATUS_INVALID);
}

static int open_desk(void **state) {
    static struct desk d;
    desk_open(&d);
    *state = &d;
    return 0;
}

static int close_desk(void **state) {
    desk_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_tiles),
    };
    return cmocka_run_group_tests(tests, open_desk, close_desk);
}
