// Objects as Tile38 writes them, and what SET takes.

#include "unit/command/support.h"

#include "command/object_parse.h"
#include "command/object_write.h"
#include "engine/row.h"

/// SET's words -> a row -> `write`'s text.
static void check(const char *line, const char *expected,
                  void (*write)(const struct object *o, struct buf *out)) {
    struct desk d;
    desk_open(&d);
    struct str args[8];
    size_t count = 0;
    for (struct str rest = str_of(line), part; count < 8 && str_split(&rest, ' ', &part);) {
        args[count++] = part;
    }
    struct reason why = {0};
    struct command_call call = {.commands = d.commands,
                                .client = &d.client,
                                .args = args,
                                .count = count,
                                .arena = &d.arena,
                                .why = &why};
    struct args a = args_begin(&call, 1);
    struct object_parse parsed;
    assert_true(object_parse_is_type(args[0]));
    if (!expected) {
        assert_int_not_equal(object_parse_rest(&a, args[0], &parsed), STATUS_OK);
        desk_close(&d);
        return;
    }
    assert_int_equal(object_parse_rest(&a, args[0], &parsed), STATUS_OK);
    parsed.draft.id = STR("x");
    struct row *row;
    assert_int_equal(row_new(&parsed.draft, &row), STATUS_OK);
    object_parse_release(&parsed);
    struct object o;
    row_read(row, &o);
    write(&o, &d.out);
    buf_append_char(&d.out, '\0');
    assert_string_equal(d.out.data, expected);
    row_free(row);
    desk_close(&d);
}

static void every_form_comes_back(void **state) {
    (void)state;
    static const char *const same[] = {
        "{\"type\":\"Point\",\"coordinates\":[-115.123456789,33]}",
        "{\"type\":\"Point\",\"coordinates\":[-115,33,-8.5]}",
        "{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]}",
        "{\"type\":\"MultiPoint\",\"coordinates\":[[1,2],[3,4]]}",
        "{\"type\":\"MultiLineString\",\"coordinates\":[[[1,2],[3,4]],[[5,6],[7,8]]]}",
        // Wound as they came.
        "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[0,9],[9,9],[9,0],[0,0]],[[1,1],[1,2],[2,2],"
        "[1,"
        "1]]]}",
        "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[0,9],[9,9],[0,0]]],[[[20,0],[20,9],["
        "29,9],"
        "[20,0]]]]}",
        "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\",\"coordinates\":[1,2]"
        "}]}",
        "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]},\"id\":7,"
        "\"properties\":{\"b\":1,\"a\":\"x\"},\"bbox\":[1,2,1,2]}",
        "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]},"
        "\"properties\":null}",
        "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{"
        "\"type\":"
        "\"Point\",\"coordinates\":[1,2]},\"properties\":{}}]}",
        "{\"type\":\"FeatureCollection\",\"features\":[]}",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        char line[400];
        snprintf(line, sizeof line, "OBJECT %s", same[i]);
        const char *expected = same[i];
        char rounded[] = "{\"type\":\"Point\",\"coordinates\":[-115.12345679,33]}";
        check(line, i == 0 ? rounded : expected, object_write_text);
    }
    check("OBJECT {\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]}}",
          "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]},"
          "\"properties\":{}}",
          object_write_text);
    check("STRING a\"b", "a\"b", object_write_text);
    check("STRING a\"b", "\"a\\\"b\"", object_write_json);
    check("BOUNDS 33 -115 34 -114",
          "{\"type\":\"Polygon\",\"coordinates\":[[[-115,33],[-114,33],[-114,34],[-115,34],[-115,"
          "33]]]}",
          object_write_text);
    check("BOUNDS 33 -115 33 -115",
          "{\"type\":\"Polygon\",\"coordinates\":[[[-115,33],[-115,33],[-115,33],[-115,33],[-115,"
          "33]]]}",
          object_write_text);
}

static void positions(void **state) {
    (void)state;
    check("POINT 33 -115", "*2\r\n$2\r\n33\r\n$4\r\n-115\r\n", object_write_point);
    check("POINT 33.5 -115 7", "{\"lat\":33.5,\"lon\":-115,\"z\":7}", object_write_point_json);
    check("POINT 33 -115 0", "{\"lat\":33,\"lon\":-115}", object_write_point_json);
    check("POINT 0.0000001 -0.00000125", "{\"lat\":0.0000001,\"lon\":-0.00000125}",
          object_write_point_json);
    check("BOUNDS 33 -115 34 -114", "{\"lat\":33.5,\"lon\":-114.5}", object_write_point_json);
    check("BOUNDS 33 -115 34 -114",
          "{\"sw\":{\"lat\":33,\"lon\":-115},\"ne\":{\"lat\":34,\"lon\":-114}}",
          object_write_bounds_json);
    check("BOUNDS 33 170 34 -170",
          "{\"sw\":{\"lat\":33,\"lon\":170},\"ne\":{\"lat\":34,\"lon\":-170}}",
          object_write_bounds_json);
    check("POINT 33 -115", "*2\r\n*2\r\n$2\r\n33\r\n$4\r\n-115\r\n*2\r\n$2\r\n33\r\n$4\r\n-115\r\n",
          object_write_bounds);
    check("STRING x", "{\"lat\":0,\"lon\":0}", object_write_point_json);
    check("HASH 9my5xp7", "{\"lat\":32.999,\"lon\":-115}", object_write_point_json);
}

#define TWICE                                                                                      \
    "OBJECT {\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]},"        \
    "\"properties\":{\"a\":1,\"a\":2}}"

static void refused(void **state) {
    (void)state;
    static const char *const lines[] = {
        "POINT 1",
        "POINT a 2",
        "POINT 91 0",
        "BOUNDS 1 2 3",
        "BOUNDS 3 2 1 4",
        "HASH a",
        "HASH",
        "STRING",
        "OBJECT",
        "OBJECT {",
        "OBJECT []",
        "OBJECT {}",
        "OBJECT {\"type\":7}",
        "OBJECT {\"type\":\"Circle\"}",
        "OBJECT {\"type\":\"Point\"}",
        "OBJECT {\"type\":\"Point\",\"coordinates\":[1]}",
        "OBJECT {\"type\":\"Feature\"}",
        "OBJECT {\"type\":\"Feature\",\"geometry\":null}",
        "OBJECT {\"type\":\"FeatureCollection\"}",
        "OBJECT {\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\"}]}",
        (TWICE),
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        check(lines[i], NULL, NULL);
    }
}

static void values(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"1.10", "1.10"},   {"0", ""},
        {"0.0", "0.0"},     {"-7e3", "-7e3"},
        {"007", "\"007\""}, {"+1", "\"+1\""},
        {"", "\"\""},       {" x ", "\"x\""},
        {"true", "true"},   {"True", "\"True\""},
        {"null", "null"},   {"{ \"a\" : [1, 2] }", "{\"a\":[1,2]}"},
        {"\"7\"", "\"7\""}, {"{a", "\"{a\""},
        {"nan", "\"NaN\""}, {"-Infinity", "\"-Inf\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out;
        buf_init(&out);
        assert_int_equal(object_parse_value(str_of(cases[i][0]), &out), STATUS_OK);
        buf_append_char(&out, '\0');
        assert_string_equal(out.data, cases[i][1]);
        buf_deinit(&out);
    }
    struct buf out;
    buf_init(&out);
    assert_int_equal(object_parse_value(STR("\xff"), &out), STATUS_BAD_REQUEST);
    buf_deinit(&out);
}

static void fields(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct object_draft draft = {.id = STR("x"),
                                 .form = OBJECT_FEATURE,
                                 .text = STR("{\"properties\":{\"own\":1,\"changed\":1}}"),
                                 .properties =
                                     STR("{\"own\":1,\"z\\\"\":\"q\\n\",\"changed\":2,\"a\":[1,"
                                         "2],\"none\":0}")};
    struct row *row;
    assert_int_equal(row_new(&draft, &row), STATUS_OK);
    struct object o;
    row_read(row, &o);
    struct buf out;
    buf_init(&out);
    assert_int_equal(object_write_fields_json(&o, &arena, &out), STATUS_OK);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data, "{\"a\":[1,2],\"changed\":2,\"z\\\"\":\"q\\n\"}");
    buf_clear(&out);
    assert_int_equal(object_write_fields(&o, &arena, &out), STATUS_OK);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data,
                        "*6\r\n$1\r\na\r\n$5\r\n[1,2]\r\n$7\r\nchanged\r\n$1\r\n2\r\n$2\r\nz\""
                        "\r\n$2\r\nq\n\r\n");
    buf_clear(&out);
    object_write_text(&o, &out);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data,
                        "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":"
                        "[0,0]},\"properties\":{\"own\":1,\"changed\":2}}");
    struct property p;
    assert_true(object_write_field_find(&o, STR("z\""), &p));
    assert_false(object_write_field_find(&o, STR("own"), &p));
    assert_false(object_write_field_find(&o, STR("none"), &p));
    buf_deinit(&out);
    row_free(row);
    arena_deinit(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_comes_back),
        cmocka_unit_test(positions),
        cmocka_unit_test(refused),
        cmocka_unit_test(values),
        cmocka_unit_test(fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
