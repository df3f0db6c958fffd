// test_search.c - parameters of searches: defaults, limits, refusals, and what the answers look like.

#include "support.h"

#include <math.h>

#define SEARCH "/api/v1/search"

static int setup(void **state) {
    static struct box box;
    box_open(&box);
    *state = &box;
    const struct {
        const char *id;
        double lat, lon;
        const char *category;
        int stars;
    } places[] = {
        {"ferry", 37.7955, -122.3937, "transit", 4},
        {"tower", 37.8024, -122.4058, "sight", 5},
        {"park", 37.7694, -122.4862, "park", 5},
        {"fiji", -16.5, 179.9, "island", 3},
        {"taveuni", -16.8, -179.95, "island", 4},
        {"pole", 90, 0, "ice", 1},
        {"base", 89.9, 120, "ice", 2},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char body[300];
        snprintf(body, sizeof body,
                 "{\"id\":\"%s\",\"coordinates\":[%.9g,%.9g],\"properties\":{\"category\":\"%s\","
                 "\"stars\":%d}}",
                 places[i].id, places[i].lat, places[i].lon, places[i].category, places[i].stars);
        expect(&box, HTTP_POST, "/api/v1/objects", body, 201);
    }
    return 0;
}

static int teardown(void **state) {
    box_close(*state);
    return 0;
}

/// The ids of the answer in their order: "a b c". Static.
static const char *ids(const struct answer *a) {
    static char text[400];
    text[0] = '\0';
    for (int i = 0; i < returned(a); i++) {
        char pointer[40];
        snprintf(pointer, sizeof pointer, "/features/%d/id", i);
        const char *id = at(a, pointer);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s", i ? " " : "",
                 (int)strlen(id) - 2, id + 1);
    }
    return text;
}

static void test_nearby(void **state) {
    struct box *box = *state;
    struct answer a = get(box, SEARCH "/nearby?lat=37.8&lon=-122.4&radius=2000");
    assert_int_equal(a.status, 200);
    assert_string_equal(a.type, "application/geo+json");
    assert_string_equal(at(&a, "/type"), "\"FeatureCollection\"");
    assert_string_equal(ids(&a), "tower ferry");
    double d = atof(at(&a, "/features/0/distance"));
    assert_true(fabs(d - 575.237) < 0.001);
    assert_string_equal(at(&a, "/explain"), "");
    a = get(box, SEARCH "/nearby?lat=37.8&lon=-122.4&radius=20000&limit=1");
    assert_string_equal(ids(&a), "tower");
    a = get(box, SEARCH "/nearby?lat=37.8&lon=-122.4&k=3");
    assert_string_equal(ids(&a), "tower ferry park");
    assert_string_equal(at(&a, "/next"), ""); // k is all that was asked for
    assert_null(strstr(a.headers, "Link:"));
    a = get(box, SEARCH "/nearby?lat=37.8&lon=-122.4&k=3&radius=1000");
    assert_string_equal(ids(&a), "tower ferry");
    a = get(box, SEARCH "/nearby?lat=37.8&lon=-122.4&k=5&category=park");
    assert_string_equal(ids(&a), "park");
    a = get(box, SEARCH "/nearby?lat=37.8&lon=-122.4&radius=1e5&stars=5&fields=stars&explain=1");
    assert_string_equal(ids(&a), "tower park");
    assert_string_equal(at(&a, "/features/0/properties"), "{\"stars\":5}");
    assert_string_equal(at(&a, "/explain/index"), "\"quadtree\"");
    assert_string_not_equal(at(&a, "/explain/microseconds"), "");
    a = get(box, SEARCH "/nearby?lat=-16.6&lon=-179.99&radius=60000"); // over the antimeridian
    assert_string_equal(ids(&a), "fiji taveuni");
    a = get(box, SEARCH "/nearby?lat=90&lon=50&radius=20000"); // round the pole
    assert_string_equal(ids(&a), "pole base");
    a = get(box, SEARCH "/nearby?lat=37.7955&lon=-122.3937&radius=0");
    assert_string_equal(ids(&a), "ferry");
    a = get(box, SEARCH "/nearby?lat=37.8&lon=-122.4&radius=5000&earth=ellipsoid");
    double e = atof(at(&a, "/features/0/distance"));
    assert_true(e != d && fabs(e - d) < 5);
}

static void test_bbox(void **state) {
    struct box *box = *state;
    struct answer a =
        get(box, SEARCH "/bbox?min_lat=37&min_lon=-123&max_lat=38&max_lon=-122&sort=-stars");
    assert_int_equal(returned(&a), 3);
    assert_string_equal(at(&a, "/features/2/id"), "\"ferry\"");
    assert_string_equal(at(&a, "/features/0/distance"), "");
    a = get(box, SEARCH "/bbox?min_lat=-20&min_lon=175&max_lat=-15&max_lon=-179");
    assert_string_equal(ids(&a), "fiji taveuni");
    a = get(box, SEARCH "/bbox?min_lat=-20&min_lon=175&max_lat=-15&max_lon=180");
    assert_string_equal(ids(&a), "fiji");
    a = get(box, SEARCH "/bbox?min_lat=-20&min_lon=170&max_lat=-9.999&max_lon=180");
    assert_int_equal(a.status, 422);
    assert_non_null(strstr(a.body, "limits.bbox_degrees"));
    expect(box, HTTP_GET, SEARCH "/bbox?min_lat=-20&min_lon=170&max_lat=-10&max_lon=180", NULL,
           200);
    expect(box, HTTP_GET, SEARCH "/bbox?min_lat=-20&min_lon=175&max_lat=-15&max_lon=-174.9", NULL,
           422);
}

static void test_polygon(void **state) {
    struct box *box = *state;
    const char *url = SEARCH "/polygon";
    struct answer a = ask(box, HTTP_POST, url,
                          "{\"polygon\":{\"type\":\"Polygon\",\"coordinates\":[[[-122.5,37.7],"
                          "[-122.3,37.7],[-122.3,37.9],[-122.5,37.9],[-122.5,37.7]]]},"
                          "\"sort\":{\"field\":\"id\",\"direction\":\"desc\"},\"fields\":[]}",
                          NULL);
    assert_string_equal(ids(&a), "tower park ferry");
    assert_string_equal(at(&a, "/features/0/properties"), "{}");
    a = ask(box, HTTP_POST, url,
            "{\"polygon\":{\"type\":\"Polygon\",\"coordinates\":[[[175,-20],[-175,-20],[-175,-10],"
            "[175,-10],[175,-20]]]},\"relation\":\"within\",\"sort\":\"id\"}",
            NULL);
    assert_string_equal(ids(&a), "fiji taveuni");
    a = ask(box, HTTP_POST, url,
            "{\"polygon\":{\"type\":\"Polygon\",\"coordinates\":[[[-170,-89],[0,-89],[170,-89],"
            "[170,80],[0,80],[-170,80],[-170,-89]]]},\"relation\":\"disjoint\",\"sort\":\"id\","
            "\"limit\":2}",
            NULL);
    assert_string_equal(ids(&a), "base fiji");
    assert_string_not_equal(at(&a, "/next"), "");
    a = ask(box, HTTP_POST, SEARCH "/polygon?category=sight",
            "{\"polygon\":{\"type\":\"Polygon\",\"coordinates\":[[[-123,37],[-122,37],[-122,38],"
            "[-123,37]]]}}",
            NULL);
    assert_int_equal(returned(&a), 0);
}

static void test_complex(void **state) {
    struct box *box = *state;
    const char *url = SEARCH "/complex";
    struct answer a =
        ask(box, HTTP_POST, url,
            "{\"filter\":{\"op\":\"and\",\"args\":[{\"op\":\">=\",\"args\":[{\"property\":"
            "\"stars\"},4]},{\"op\":\"s_intersects\",\"args\":[{\"property\":\"geometry\"},"
            "{\"bbox\":[-123,37,-122,38]}]}]},\"sort\":\"-stars\",\"limit\":10,\"explain\":true}",
            NULL);
    if (a.status != 200) fail_msg("%s", a.body);
    assert_int_equal(returned(&a), 3);
    assert_string_equal(at(&a, "/features/2/id"), "\"ferry\"");
    assert_string_not_equal(at(&a, "/explain/candidates"), "");
    a = ask(box, HTTP_POST, url, "{\"sort\":\"stars\",\"limit\":3,\"fields\":[\"stars\"]}", NULL);
    assert_string_equal(ids(&a), "pole base fiji");
    char next[4096], body[4400];
    snprintf(next, sizeof next, "%s", at(&a, "/next"));
    snprintf(body, sizeof body, "{\"sort\":\"stars\",\"limit\":3,\"cursor\":%s}", next);
    a = ask(box, HTTP_POST, url, body, NULL);
    assert_int_equal(returned(&a), 3);
    snprintf(body, sizeof body, "{\"sort\":\"-stars\",\"limit\":3,\"cursor\":%s}", next);
    expect(box, HTTP_POST, url, body, 400); // of another order
}

static void test_refusals(void **state) {
    struct box *box = *state;
    const struct {
        const char *url, *body;
        int status;
        const char *pointer;
    } bad[] = {
        {"/nearby", NULL, 400, ""},
        {"/nearby?lat=1", NULL, 400, ""},
        {"/bbox?min_lat=0&min_lon=0&max_lat=1&max_lon=1&sort=a,b", NULL, 400, ""},
        {"/nearby?lat=1&lon=2", NULL, 400, ""},
        {"/nearby?lat=91&lon=2&radius=1", NULL, 422, ""},
        {"/nearby?lat=1&lon=181&radius=1", NULL, 422, ""},
        {"/nearby?lat=nan&lon=1&radius=1", NULL, 400, ""},
        {"/nearby?lat=1e999&lon=1&radius=1", NULL, 400, ""},
        {"/nearby?lat=1&lon=1&radius=-1", NULL, 422, ""},
        {"/nearby?lat=1&lon=1&radius=", NULL, 400, ""},
        {"/nearby?lat=1&lon=1&k=0", NULL, 422, ""},
        {"/nearby?lat=1&lon=1&k=10001", NULL, 422, ""},
        {"/nearby?lat=1&lon=1&k=5&limit=5", NULL, 400, ""},
        {"/nearby?lat=1&lon=1&radius=1&limit=0", NULL, 422, ""},
        {"/nearby?lat=1&lon=1&radius=1&limit=-1", NULL, 422, ""},
        {"/nearby?lat=1&lon=1&radius=1&limit=99999999999999999999", NULL, 400, ""},
        {"/nearby?lat=1&lon=1&radius=1&sort=name", NULL, 400, ""},
        {"/nearby?lat=1&lon=1&radius=1&earth=flat", NULL, 400, ""},
        {"/nearby?lat=1&lat=1&lon=1&radius=1", NULL, 400, ""},
        {"/nearby?lat=1&lon=1&radius=1&collection=none", NULL, 404, ""},
        {"/nearby?lat=1&lon=1&radius=1&collection=%00", NULL, 422, ""},
        {"/nearby?lat=1&lon=1&radius=1&=x", NULL, 400, ""},
        {"/bbox?min_lat=1&min_lon=1&max_lat=1&max_lon=2", NULL, 422, ""},
        {"/bbox?min_lat=2&min_lon=1&max_lat=1&max_lon=2", NULL, 422, ""},
        {"/bbox?min_lat=1&min_lon=2&max_lat=2&max_lon=2", NULL, 422, ""},
        {"/bbox?min_lat=1&min_lon=1&max_lat=2", NULL, 400, ""},
        {"/bbox?min_lat=-91&min_lon=1&max_lat=2&max_lon=2", NULL, 422, ""},
        {"/polygon", "", 400, ""},
        {"/polygon", "[]", 400, ""},
        {"/polygon", "{}", 400, ""},
        {"/polygon", "{\"polygon\":null}", 400, "\"/polygon\""},
        {"/polygon", "{\"polygon\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[0,1]]]}}",
         422, "\"/polygon/coordinates/0\""},
        {"/polygon", "{\"polygon\":{\"type\":\"Point\",\"coordinates\":[1,2]},\"relation\":\"by\"}",
         400, "\"/relation\""},
        {"/polygon", "{\"polygon\":{\"type\":\"Point\",\"coordinates\":[1,2]},\"filter\":{}}", 400,
         "\"/filter\""},
        {"/polygon", "{\"limit\":1,\"limit\":2}", 400, "\"/limit\""},
        {"/complex", "{\"limit\":0}", 422, "\"/limit\""},
        {"/complex", "{\"limit\":1.5}", 400, "\"/limit\""},
        {"/complex", "{\"limit\":-1}", 422, "\"/limit\""},
        {"/complex", "{\"filter\":{\"op\":\"like\",\"args\":[]}}", 400, NULL},
        {"/complex", "{\"filter\":{\"op\":\"and\",\"args\":[{\"op\":\"eval\",\"args\":[]}]}}", 400,
         NULL},
        {"/complex", "{\"sort\":7}", 400, "\"/sort\""},
        {"/complex", "{\"sort\":{\"field\":\"a\",\"direction\":\"up\"}}", 400, "\"/sort\""},
        {"/complex", "{\"fields\":[1]}", 400, "\"/fields/0\""},
        {"/complex", "{\"fields\":\"a\"}", 400, "\"/fields\""},
        {"/complex", "{\"cursor\":\"x\"}", 400, ""},
        {"/complex", "{\"explain\":1}", 400, "\"/explain\""},
        {"/complex", "{\"collection\":\"none\"}", 404, ""},
        {"/complex", "{\"polygon\":{}}", 400, "\"/polygon\""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char url[300];
        snprintf(url, sizeof url, SEARCH "%s", bad[i].url);
        struct answer a = ask(box, bad[i].body ? HTTP_POST : HTTP_GET, url, bad[i].body, NULL);
        if (a.status != bad[i].status ||
            (bad[i].pointer && strcmp(at(&a, "/pointer"), bad[i].pointer) != 0)) {
            fail_msg("%s %s: expected %d %s, got %s", url, bad[i].body ? bad[i].body : "",
                     bad[i].status, bad[i].pointer ? bad[i].pointer : "", a.body);
        }
    }
}

// Paging through a search sees each match once, and ends.
static void test_pages(void **state) {
    struct box *box = *state;
    struct buf body;
    buf_init(&body);
    for (int i = 0; i < 500; i++) {
        buf_printf(&body, "{\"id\":\"n%d\",\"coordinates\":[%g,%g]}\n", i, 10 + i % 25 * 0.01,
                   20 + i / 25 * 0.01);
    }
    struct answer a = ask_bytes(box, HTTP_POST, "/api/v1/objects/batch?collection=grid",
                                buf_str(&body), "Content-Type: application/x-ndjson");
    assert_int_equal(a.status, 200);
    buf_deinit(&body);
    const char *const searches[] = {
        SEARCH "/bbox?collection=grid&min_lat=9&min_lon=19&max_lat=11&max_lon=21&limit=70",
        SEARCH "/nearby?collection=grid&lat=10.1&lon=20.1&radius=100000&limit=70",
    };
    for (size_t s = 0; s < 2; s++) {
        char url[1000];
        snprintf(url, sizeof url, "%s", searches[s]);
        bool seen[500] = {false};
        int total = 0, pages = 0;
        for (bool more = true; more; pages++) {
            a = get(box, url);
            assert_int_equal(a.status, 200);
            yyjson_doc *doc = yyjson_read(a.body, a.len, 0);
            yyjson_val *root = yyjson_doc_get_root(doc), *feature;
            size_t i, n;
            yyjson_arr_foreach(yyjson_obj_get(root, "features"), i, n, feature) {
                int number = atoi(yyjson_get_str(yyjson_obj_get(feature, "id")) + 1);
                assert_false(seen[number]);
                seen[number] = true;
                total++;
            }
            const char *next = yyjson_get_str(yyjson_obj_get(root, "next"));
            more = next;
            if (more) snprintf(url, sizeof url, "%s&cursor=%s", searches[s], next);
            yyjson_doc_free(doc);
            assert_in_range(pages, 0, 8);
        }
        assert_int_equal(total, 500);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_nearby),  TEST(test_bbox),     TEST(test_polygon),
        TEST(test_complex), TEST(test_refusals), TEST(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
