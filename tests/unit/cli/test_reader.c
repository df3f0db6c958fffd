// test_reader.c - files of every format as Features: ids, times, numbers, and what is refused.

#include "support/support.h"

#include <zlib.h>

#include "cli/reader.h"

/// The Features, a line each; a record that is refused as "! " and why.
static const char *read_all(struct str bytes, struct reader_options options) {
    static char out[16384];
    struct input *in;
    struct reader *reader;
    struct reason why = {0};
    struct buf text;
    buf_init(&text);
    if (!options.ids.collection.p) options.ids.collection = STR("c");
    if (!options.ids.prefix.p) options.ids.prefix = STR("");
    if (!options.name) options.name = "-";
    assert_int_equal(input_open_memory(bytes, &in, &why), STATUS_OK);
    enum status st = reader_open(in, &options, &reader, &why);
    bool is_open = st == STATUS_OK;
    if (!is_open) buf_printf(&text, "!! %s", why.text);
    while (is_open && (st == STATUS_OK || st == STATUS_INVALID)) {
        struct reader_record record;
        st = reader_next(reader, &record, &why);
        if (st == STATUS_OK) {
            buf_append_str(&text, record.text);
            feature_text_end(&record.time, &text);
            buf_append_char(&text, '\n');
        } else if (st != STATUS_NOT_FOUND) {
            buf_printf(&text, "%s %s\n", st == STATUS_INVALID ? "!" : "!!", why.text);
        }
    }
    if (is_open) reader_close(reader);
    snprintf(out, sizeof out, "%.*s", STR_ARGS(buf_str(&text)));
    buf_deinit(&text);
    input_close(in);
    return out;
}

#define CSV(text) read_all(STR(text), (struct reader_options){.format = READER_CSV})

static void csv_rows_become_features(void **state) {
    (void)state;
    assert_string_equal(CSV("name,country,lat,lon\nVila,AD,42.5,1.5\n\"a \"\"b\"\"\",,-1,2\n"),
                        "{\"type\":\"Feature\",\"id\":\"c-1\",\"geometry\":{\"type\":\"Point\","
                        "\"coordinates\":[1.5,"
                        "42.5]},\"properties\":{\"name\":\"Vila\",\"country\":\"AD\"}}\n"
                        "{\"type\":\"Feature\",\"id\":\"c-2\",\"geometry\":{\"type\":\"Point\","
                        "\"coordinates\":[2,-1]}"
                        ",\"properties\":{\"name\":\"a \\\"b\\\"\"}}\n");
}

static void csv_times_and_ids(void **state) {
    (void)state;
    assert_string_equal(
        CSV("ID;Time;LATITUDE;lng;v\nx;1433667616;1;2;007\ny;2015-06-07T09:00:16Z;1;2;7e2\nz;"
            "1433667616000;1;2;true\n"),
        "{\"type\":\"Feature\",\"id\":\"x\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[2,1]}"
        ","
        "\"properties\":{\"v\":\"007\"},\"time\":\"2015-06-07T09:00:16.000Z\"}\n"
        "{\"type\":\"Feature\",\"id\":\"y\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[2,1]}"
        ","
        "\"properties\":{\"v\":7e2},\"time\":\"2015-06-07T09:00:16.000Z\"}\n"
        "{\"type\":\"Feature\",\"id\":\"z\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[2,1]}"
        ","
        "\"properties\":{\"v\":true},\"time\":\"2015-06-07T09:00:16.000Z\"}\n");
}

static void csv_geometry_columns(void **state) {
    (void)state;
    assert_string_equal(
        CSV("id,wkt\n1,POINT(3 4)\n2,\"{\"\"type\"\":\"\"Point\"\",\"\"coordinates\"\":[1,2]}\"\n"
            "3,CIRCLE\n"),
        "{\"type\":\"Feature\",\"id\":\"1\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[3,4]}"
        ","
        "\"properties\":{}}\n"
        "{\"type\":\"Feature\",\"id\":\"2\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]}"
        ","
        "\"properties\":{}}\n"
        "! line 4: the geometry is not WKT: well-known text: expected a geometry type "
        "before \"CIRCLE\"\n");
}

static void csv_mistakes_name_the_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"lat,lon\n1\n", "line 2: 1 fields, the header has 2"},
        {"lat,lon\n1,2\nx,2\n", "line 3: lat is not a number: x"},
        {"lat,lon\n91,2\n", "line 2: lat is outside -90..90: 91"},
        {"lat,lon\n1,181\n", "line 2: lon is outside"},
        {"lat,lon\nnan,1\n", "is not a number"},
        {"lat,lon\n1e999,1\n", "is not a number"},
        {"lat,lon,n\n1,2,\xff\n", "line 2: n is not UTF-8"},
        {"lat,lon,time\n1,2,soon\n", "line 2: time is neither"},
        {"lat,lon\n\"1,2\n", "line 2: a quote is opened"},
        {"a,b\n1,2\n", "!! no position among the columns"},
        {"lat,lon,lat\n1,2,3\n", "!! two columns are called lat"},
        {"", "!! it is empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *out =
            read_all(str_of(cases[i].text), (struct reader_options){.format = READER_CSV});
        if (!strstr(out, cases[i].part)) fail_msg("%s: %s", cases[i].text, out);
    }
}

// Found by fuzzing: the names moved in memory while they were made.
static void columns_without_names(void **state) {
    (void)state;
    assert_string_equal(CSV("lat,,lon,,\n1,a,2,b,c\n"),
                        "{\"type\":\"Feature\",\"id\":\"c-1\",\"geometry\":{\"type\":\"Point\","
                        "\"coordinates\":[2,1]},\"properties\":{\"column_2\":\"a\",\"column_4\":"
                        "\"b\",\"column_5\":\"c\"}}\n");
}

static void columns_can_be_named(void **state) {
    (void)state;
    struct reader_options o = {.format = READER_CSV,
                               .columns = {.lat = "a", .lon = "B"},
                               .ids = {.column = "key", .prefix = STR("p:")}};
    assert_string_equal(read_all(STR("A,b,key\n1,2,k\n1,2,\n"), o),
                        "{\"type\":\"Feature\",\"id\":\"p:k\",\"geometry\":{\"type\":\"Point\","
                        "\"coordinates\":[2,1]},\"properties\":{}}\n"
                        "! line 3: the id (column key) is empty\n");
    o.columns.lat = "nope";
    assert_string_equal(read_all(STR("A,b,key\n"), o), "!! --lat: there is no column nope");
}

#define POINT_12 "\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]}"

static void geojson_of_every_form(void **state) {
    (void)state;
    struct reader_options o = {0};
    assert_string_equal(
        read_all(
            STR("{\"type\":\"FeatureCollection\",\"features\":[\n{\"type\":\"Feature\",\"id\":7,"
                "" POINT_12 ",\"properties\":null},\n{\"type\":\"Feature\"," POINT_12
                ",\"properties\":{\"id\":\"own\"},\"time\":\"2026-01-02T03:04:05Z\"},"
                "\n{\"type\":\"Feature\"," POINT_12 "},{\"a\":}]}"),
            o),
        "{\"type\":\"Feature\",\"id\":\"7\"," POINT_12 ",\"properties\":null}\n"
        "{\"type\":\"Feature\",\"id\":\"own\"," POINT_12
        ",\"properties\":{\"id\":\"own\"},\"time\":\"2026-01-02T03:04:05.000Z\"}\n"
        "{\"type\":\"Feature\",\"id\":\"c-3\"," POINT_12 "}\n"
        "! line 4: not JSON: line 1, column 6: unexpected character, expected a "
        "valid JSON value\n");
    assert_string_equal(read_all(STR("{\"type\":\"Point\",\"coordinates\":[1,2]}"), o),
                        "{\"type\":\"Feature\",\"id\":\"c-1\"," POINT_12 "}\n");
}

static void lines_go_on_after_a_bad_one(void **state) {
    (void)state;
    struct reader_options o = {.format = READER_NDJSON, .ids = {.prefix = STR("p-")}};
    assert_string_equal(
        read_all(STR("\n{\"id\":\"a\"," POINT_12 "}\r\n{oops\n[1]\n{" POINT_12 "}"), o),
        "{\"type\":\"Feature\",\"id\":\"p-a\"," POINT_12 "}\n"
        "! line 3: not JSON: line 1, column 2: unexpected character, expected a "
        "string for object key\n"
        "! line 4: not a JSON object\n"
        "{\"type\":\"Feature\",\"id\":\"p-4\"," POINT_12 "}\n");
    o = (struct reader_options){0};
    assert_string_equal(
        read_all(STR("\x1e{\"id\":1,\n" POINT_12 "}\n\x1e{\"id\":2," POINT_12 "}\n"), o),
        "{\"type\":\"Feature\",\"id\":\"1\"," POINT_12 "}\n"
        "{\"type\":\"Feature\",\"id\":\"2\"," POINT_12 "}\n");
}

static void what_is_left_of_an_expiry(void **state) {
    (void)state;
    struct reader_options o = {.format = READER_NDJSON};
    const char *out =
        read_all(STR("{\"id\":1,\"expires_at\":\"2001-01-01T00:00:00Z\"," POINT_12 "}\n"
                     "{\"id\":2,\"expires_at\":\"2999-01-01T00:00:00Z\"," POINT_12 "}\n"),
                 o);
    assert_non_null(strstr(out, "! line 1: it has expired\n"));
    assert_non_null(strstr(out, "\"expires_in\":3"));
}

static size_t gzip(const char *text, size_t len, unsigned char *out, size_t size) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)text;
    z.avail_in = (uInt)len;
    z.next_out = out;
    z.avail_out = (uInt)size;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = size - z.avail_out;
    deflateEnd(&z);
    return n;
}

static void gzip_is_seen(void **state) {
    (void)state;
    static const char text[] = "lat,lon\n1,2\n";
    unsigned char bytes[256];
    size_t n = gzip(text, 8, bytes, sizeof bytes); // two members, one text
    size_t all = n + gzip(text + 8, sizeof text - 9, bytes + n, sizeof bytes - n);
    struct reader_options o = {.name = "x.csv.gz"};
    assert_non_null(strstr(read_all((struct str){(char *)bytes, all}, o), "[2,1]"));
    for (size_t cut = 3; cut < all; cut++) {
        if (cut == n) continue; // the end of the first member is an end
        const char *out = read_all((struct str){(char *)bytes, cut}, o);
        assert_non_null(strstr(out, "gzip data"));
    }
    bytes[n + 12] ^= 0x55;
    assert_non_null(strstr(read_all((struct str){(char *)bytes, all}, o), "gzip data"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_rows_become_features),  cmocka_unit_test(csv_times_and_ids),
        cmocka_unit_test(csv_geometry_columns),      cmocka_unit_test(csv_mistakes_name_the_line),
        cmocka_unit_test(columns_without_names),     cmocka_unit_test(columns_can_be_named),
        cmocka_unit_test(geojson_of_every_form),     cmocka_unit_test(lines_go_on_after_a_bad_one),
        cmocka_unit_test(what_is_left_of_an_expiry), cmocka_unit_test(gzip_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
