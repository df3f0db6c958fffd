// test_writer.c - what export writes, in every format, and what does not fit into a table.

#include "support/support.h"

#include "api/json.h"
#include "cli/writer.h"

static const char features[] =
    "[{\"id\":\"a\",\"collection\":\"c\",\"version\":3,\"geometry\":{\"type\":\"Point\","
    "\"coordinates\":"
    "[1.5,-2]},\"properties\":{\"n\":1,\"t\":\"x,\\\"y\\\"\\n\"},\"coordinates\":[-2,1.5]},"
    "{\"id\":\"b;\",\"time\":\"2026-01-02T03:04:05.000Z\",\"geometry\":{\"type\":\"LineString\","
    "\"coordinates\":[[1,2],[3,4]]},\"properties\":{\"l\":[1,null],\"z\":null,\"n\":true}}]";

static const char *written(enum reader_format format, bool learn) {
    static char *out;
    static char copy[4096];
    size_t size;
    FILE *to = open_memstream(&out, &size);
    struct writer w;
    struct json json;
    struct reason why = {0};
    assert_int_equal(json_parse(str_of(features), NULL, &json, &why), STATUS_OK);
    assert_int_equal(writer_open(format, to, &w), STATUS_OK);
    assert_int_equal(writer_must_learn(&w), format == READER_CSV);
    for (size_t i = 0; learn && i < 2; i++)
        assert_int_equal(writer_learn(&w, yyjson_arr_get(json.root, i), &why), STATUS_OK);
    assert_int_equal(writer_begin(&w, &why), STATUS_OK);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(writer_put(&w, yyjson_arr_get(json.root, i), &why), STATUS_OK);
    assert_int_equal(writer_end(&w, &why), STATUS_OK);
    assert_int_equal(w.count, 2);
    if (format == READER_CSV) assert_int_equal(w.lost, learn ? 0 : 7);
    writer_close(&w);
    json_free(&json);
    fclose(to);
    snprintf(copy, sizeof copy, "%s", out);
    free(out);
    return copy;
}

#define A                                                                                          \
    "{\"type\":\"Feature\",\"id\":\"a\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[1.5,-2]" \
    "},"                                                                                           \
    "\"properties\":{\"n\":1,\"t\":\"x,\\\"y\\\"\\n\"}}"
#define B                                                                                          \
    "{\"type\":\"Feature\",\"id\":\"b;\",\"time\":\"2026-01-02T03:04:05.000Z\",\"geometry\":{"     \
    "\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]},\"properties\":{\"l\":[1,null],"       \
    "\"z\":null,\"n\":true}}"

static void formats(void **state) {
    (void)state;
    assert_string_equal(written(READER_NDJSON, false), A "\n" B "\n");
    assert_string_equal(written(READER_GEOJSONSEQ, false), "\x1e" A "\n\x1e" B "\n");
    assert_string_equal(written(READER_GEOJSON, false),
                        "{\"type\":\"FeatureCollection\",\"features\":[\n" A ",\n" B "\n]}\n");
}

static void tables(void **state) {
    (void)state;
    assert_string_equal(written(READER_CSV, true),
                        "id,lat,lon,wkt,time,n,t,l,z\n"
                        "a,-2,1.5,,,1,\"x,\"\"y\"\"\n\",,\n"
                        "\"b;\",,,\"LINESTRING (1 2, 3 4)\",2026-01-02T03:04:05.000Z,true,,"
                        "\"[1,null]\",\n");
    // Nothing learnt: what has no column is counted, not dropped in silence.
    assert_string_equal(written(READER_CSV, false), "id,lat,lon\na,-2,1.5\n\"b;\",,\n");
}

static void too_many_columns(void **state) {
    (void)state;
    struct writer w;
    struct json json;
    struct reason why = {0};
    struct buf text;
    buf_init(&text);
    buf_append_str(&text, STR("{\"properties\":{"));
    for (int i = 0; i <= WRITER_COLUMNS_MAX; i++)
        buf_printf(&text, "%s\"p%d\":%d", i ? "," : "", i, i);
    buf_append_str(&text, STR("}}"));
    assert_int_equal(json_parse(buf_str(&text), NULL, &json, &why), STATUS_OK);
    assert_int_equal(writer_open(READER_CSV, stdout, &w), STATUS_OK);
    assert_int_equal(writer_learn(&w, json.root, &why), STATUS_TOO_LARGE);
    assert_non_null(strstr(why.text, "ndjson"));
    writer_close(&w);
    json_free(&json);
    buf_deinit(&text);
}

static void a_full_output(void **state) {
    (void)state;
    struct writer w;
    struct reason why = {0};
    FILE *full = fopen("/dev/full", "w");
    if (!full) skip();
    assert_int_equal(writer_open(READER_GEOJSON, full, &w), STATUS_OK);
    assert_int_equal(writer_begin(&w, &why), STATUS_OK); // still in the stream's memory
    assert_int_equal(writer_end(&w, &why), STATUS_IO);
    writer_close(&w);
    fclose(full);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),
        cmocka_unit_test(tables),
        cmocka_unit_test(too_many_columns),
        cmocka_unit_test(a_full_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
