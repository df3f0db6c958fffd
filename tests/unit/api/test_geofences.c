// test_geofences.c - geofences through every method, their conditions and their refusals.

#include "support.h"

#define FENCES "/api/v1/geofences"
#define OBJECTS "/api/v1/objects"
#define SQUARE "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]}"
#define ENTER "[{\"trigger\":\"enter\"}]"

static int setup(void **state) {
    static struct box box;
    box_open(&box);
    *state = &box;
    return 0;
}

static int teardown(void **state) {
    box_close(*state);
    return 0;
}

static const char downtown[] =
    "{\"id\":\"downtown\",\"name\":\"Downtown\",\"geometry\":" SQUARE ",\"collection\":\"fleet\","
    "\"filter\":{\"op\":\">\",\"args\":[{\"property\":\"speed\"},5]},\"rules\":["
    "{\"trigger\":\"enter\",\"webhook_url\":\"https://app.example/"
    "enter\",\"metadata\":{\"k\":[1]}},"
    "{\"trigger\":\"exit\",\"channel\":\"exits\"},{\"trigger\":\"enter\",\"channel\":\"x\"}]}";

/// The ETag of an answer, with its quotes. Static.
static const char *etag_of(const struct answer *a) {
    static char etag[32];
    const char *p = strstr(a->headers, "ETag: ");
    assert_non_null(p);
    sscanf(p, "ETag: %31s", etag);
    return etag;
}

static void test_create(void **state) {
    struct box *box = *state;
    struct answer a = ask(box, HTTP_POST, FENCES, downtown, NULL);
    assert_int_equal(a.status, 201);
    assert_string_equal(a.type, "application/json");
    assert_non_null(strstr(a.headers, "Location: /api/v1/geofences/downtown\n"));
    assert_string_equal(at(&a, "/name"), "\"Downtown\"");
    assert_string_equal(at(&a, "/geometry"), SQUARE);
    assert_string_equal(at(&a, "/collection"), "\"fleet\"");
    assert_string_equal(at(&a, "/filter/op"), "\">\"");
    assert_string_equal(at(&a, "/rules/0/id"), "\"enter\"");
    assert_string_equal(at(&a, "/rules/2/id"), "\"enter-2\"");
    assert_string_equal(at(&a, "/rules/0/metadata"), "{\"k\":[1]}");
    assert_string_equal(at(&a, "/rules/1/metadata"), "{}");
    assert_string_equal(at(&a, "/rules/1/channel"), "\"exits\"");
    assert_string_equal(at(&a, "/active"), "true");
    assert_string_equal(at(&a, "/version"), "1");
    assert_string_equal(at(&a, "/applies_from_seq"), "1");
    assert_int_equal(ask(box, HTTP_POST, FENCES, downtown, NULL).status, 409);
}

/// What a server makes for a webhook is told once; what is shown later may be sent back and changes nothing.
static void test_secrets(void **state) {
    struct box *box = *state;
    char secret[80], hidden[80], again[4096];
    struct answer a = ask(box, HTTP_POST, FENCES, downtown, NULL);
    snprintf(secret, sizeof secret, "%.79s", at(&a, "/rules/0/webhook_secret"));
    assert_int_equal(strlen(secret), 6 + 44 + 2);
    assert_memory_equal(secret, "\"whsec_", 7);
    assert_null(strchr(secret, '*'));
    a = get(box, FENCES "/downtown");
    snprintf(hidden, sizeof hidden, "%.79s", at(&a, "/rules/0/webhook_secret"));
    assert_string_not_equal(hidden, secret);
    assert_memory_equal(hidden, "\"whsec_***", 10);
    snprintf(again, sizeof again, "%s", a.body);
    a = ask(box, HTTP_PUT, FENCES "/downtown", again, NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(at(&a, "/rules/0/webhook_secret"), hidden); // not made now
    assert_string_equal(at(&a, "/version"), "2");
    // Left out: the rule of the same trigger and receiver keeps its own.
    a = ask(box, HTTP_PUT, FENCES "/downtown", downtown, NULL);
    assert_string_equal(at(&a, "/rules/0/webhook_secret"), hidden);
    // Of another geofence it means nothing.
    char *id = strstr(again, "downtown");
    memcpy(id, "uptown__", 8);
    a = ask(box, HTTP_POST, FENCES, again, NULL);
    assert_int_equal(a.status, 422);
    assert_string_equal(at(&a, "/pointer"), "\"/rules/0/webhook_secret\"");
    // Given ones are taken, several at a time, and hidden from then on.
    a = ask(box, HTTP_PUT, FENCES "/r",
            "{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\",\"webhook_url\":"
            "\"https://a.example/\",\"webhook_secret\":["
            "\"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\","
            "\"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3\"]}]}",
            NULL);
    assert_int_equal(a.status, 201);
    assert_string_equal(at(&a, "/rules/0/webhook_secret"), "[\"whsec_***ZWY=\",\"whsec_***NTY3\"]");
}

static void test_get_and_conditions(void **state) {
    struct box *box = *state;
    char etag[32], header[64];
    assert_int_equal(get(box, FENCES "/downtown").status, 404);
    struct answer a = ask(box, HTTP_PUT, FENCES "/downtown", downtown, "If-Match: *");
    assert_int_equal(a.status, 412);
    a = ask(box, HTTP_PUT, FENCES "/downtown", downtown, "If-None-Match: *");
    assert_int_equal(a.status, 201);
    snprintf(etag, sizeof etag, "%s", etag_of(&a));
    snprintf(header, sizeof header, "If-None-Match: %s", etag);
    assert_int_equal(ask(box, HTTP_GET, FENCES "/downtown", NULL, header).status, 304);
    snprintf(header, sizeof header, "If-Match: %s", etag);
    assert_int_equal(ask(box, HTTP_PUT, FENCES "/downtown", downtown, "If-None-Match: *").status,
                     412);
    a = ask(box, HTTP_PUT, FENCES "/downtown", downtown, header);
    assert_int_equal(a.status, 200);
    assert_string_not_equal(etag_of(&a), etag);
    assert_int_equal(ask(box, HTTP_PUT, FENCES "/downtown", downtown, header).status, 412);
    assert_int_equal(ask(box, HTTP_DELETE, FENCES "/downtown", NULL, header).status, 412);
    assert_int_equal(ask(box, HTTP_DELETE, FENCES "/downtown", NULL, NULL).status, 204);
    assert_int_equal(ask(box, HTTP_DELETE, FENCES "/downtown", NULL, NULL).status, 404);
    assert_int_equal(get(box, FENCES "/downtown").status, 404);
}

static void test_shapes(void **state) {
    struct box *box = *state;
    static const char *const good[] = {
        "{\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]},\"radius\":100,\"rules\":" ENTER
        "}",
        "{\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]},\"radius\":0.5,"
        "\"rules\":" ENTER "}",
        "{\"geometry\":" SQUARE ",\"radius\":10,\"rules\":" ENTER "}",
        "{\"geometry\":{\"type\":\"GeometryCollection\",\"geometries\":[" SQUARE
        "]},\"rules\":[{\"trigger\":\"cross\"},{\"trigger\":\"outside\"},{\"trigger\":\"inside\"}]"
        "}",
        "{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[179,0],[-179,0],[-179,1],[179,1],"
        "[179,0]]]},\"filter\":true,\"rules\":" ENTER ",\"active\":false,\"name\":null}",
        "{\"roam\":{\"collection\":\"people\",\"id\":\"p*\",\"nodwell\":true},\"radius\":50,"
        "\"rules\":"
        "[{\"trigger\":\"nearby\"},{\"trigger\":\"faraway\"}]}",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char kept[4096];
        struct answer a = ask(box, HTTP_POST, FENCES, good[i], NULL);
        if (a.status != 201) fail_msg("%s: %s", good[i], a.body);
        snprintf(kept, sizeof kept, "%s", a.body);
        // An answer is a body, too.
        char id[64], path[128];
        snprintf(id, sizeof id, "%.63s", at(&a, "/id"));
        snprintf(path, sizeof path, FENCES "/%.36s", id + 1);
        expect(box, HTTP_PUT, path, kept, 200);
    }
    expect(box, HTTP_PUT, OBJECTS "/d?collection=districts", "{\"geometry\":" SQUARE "}", 201);
    expect(box, HTTP_POST, FENCES,
           "{\"geometry\":{\"collection\":\"districts\"},\"rules\":" ENTER "}", 201);
}

/// Each is refused, and the place named.
static void test_refusals(void **state) {
    struct box *box = *state;
    static const struct {
        const char *body;
        int status;
        const char *pointer;
    } bad[] = {
        {"[]", 400, ""},
        {"{", 400, ""},
        {"{\"rules\":" ENTER "}", 422, "/geometry"},
        {"{\"geometry\":" SQUARE "}", 422, "/rules"},
        {"{\"geometry\":" SQUARE ",\"rules\":[]}", 422, "/rules"},
        {"{\"geometry\":" SQUARE ",\"rules\":{}}", 400, "/rules"},
        {"{\"geometry\":" SQUARE ",\"rules\":[1]}", 400, "/rules/0"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{}]}", 422, "/rules/0/trigger"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":5}]}", 400, "/rules/0/trigger"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"Enter\"}]}", 422, "/rules/0/trigger"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"nearby\"}]}", 422, "/rules/0/trigger"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\",\"a\":1}]}", 400,
         "/rules/0/a"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\",\"id\":\"a/b\"}]}", 422,
         "/rules/0/id"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\",\"id\":\"a\"},"
         "{\"trigger\":\"exit\",\"id\":\"a\"}]}",
         422, "/rules/1/id"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\",\"metadata\":[]}]}", 400,
         "/rules/0/metadata"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\",\"channel\":\"\"}]}", 422,
         "/rules/0/channel"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\",\"webhook_secret\":\"x\"}]}",
         422, "/rules/0/webhook_secret"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\",\"webhook_url\":"
         "\"https://a.example\",\"webhook_secret\":\"whsec_c2hvcnQ=\"}]}",
         422, "/rules/0/webhook_secret"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\",\"webhook_url\":"
         "\"ftp://a.example\"}]}",
         422, "/rules/0/webhook_url"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\",\"webhook_url\":"
         "\"http://10.1.2.3/\"}]}",
         422, "/rules/0/webhook_url"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\",\"webhook_url\":"
         "\"http://u:p@a.example/\"}]}",
         422, "/rules/0/webhook_url"},
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"colour\":1}", 400, "/colour"},
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"radius\":0}", 422, "/radius"},
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"radius\":-1}", 422, "/radius"},
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"radius\":\"1\"}", 400, "/radius"},
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"radius\":1e9}", 422, "/radius"},
        {"{\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]},\"rules\":" ENTER "}", 422,
         "/geometry"},
        {"{\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[1,2],[2,3]]},\"rules\":" ENTER
         "}",
         422, "/geometry"},
        {"{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[2,2],[0,0]]]},"
         "\"rules\":" ENTER "}",
         422, "/geometry"},
        {"{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[]},\"rules\":" ENTER "}", 422,
         "/geometry/coordinates"},
        {"{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,91],[2,2],[0,0]]]},"
         "\"rules\":" ENTER "}",
         422, "/geometry/coordinates/0/1"},
        {"{\"geometry\":{\"collection\":\"nowhere\"},\"rules\":" ENTER "}", 422,
         "/geometry/collection"},
        {"{\"geometry\":{\"collection\":\"nowhere\"},\"rules\":[{\"trigger\":\"outside\"}]}", 422,
         "/rules/0/trigger"},
        {"{\"roam\":{},\"radius\":5,\"rules\":[{\"trigger\":\"nearby\"}]}", 422, "/roam"},
        {"{\"roam\":{\"collection\":\"a\"},\"rules\":[{\"trigger\":\"nearby\"}]}", 422, "/radius"},
        {"{\"roam\":{\"collection\":\"a\"},\"radius\":5,\"rules\":" ENTER "}", 422,
         "/rules/0/trigger"},
        {"{\"geometry\":" SQUARE ",\"roam\":{\"collection\":\"a\"},\"rules\":" ENTER "}", 422,
         "/roam"},
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"filter\":{\"op\":\"no\",\"args\":[]}}",
         400, "/filter/op"},
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"filter\":\"a\"}", 400, "/filter"},
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"name\":\"\"}", 422, "/name"},
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"id\":7}", 400, "/id"},
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"id\":\"a\\u0000b\"}", 422, "/id"},
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"active\":1}", 400, "/active"},
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"name\":\"a\",\"name\":\"b\"}", 400,
         "/name"},
        // What is not there yet is not passed over.
        {"{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"schedule\":{\"zone\":\"Mars/Olympus\"}}",
         422, "/schedule"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"dwell\"}]}", 422, "/rules/0/trigger"},
        {"{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\",\"hysteresis\":5}]}", 422,
         "/rules/0/hysteresis"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct answer a = ask(box, HTTP_POST, FENCES, bad[i].body, NULL);
        char pointer[200];
        snprintf(pointer, sizeof pointer, *bad[i].pointer ? "\"%s\"" : "%s", bad[i].pointer);
        if (a.status != bad[i].status || strcmp(at(&a, "/pointer"), pointer) != 0) {
            fail_msg("%s: %s", bad[i].body, a.body);
        }
    }
    struct answer a = get(box, FENCES);
    assert_int_equal(returned(&a), 0);
    a = ask(box, HTTP_PUT, FENCES "/other", downtown, NULL);
    assert_int_equal(a.status, 422);
    assert_string_equal(at(&a, "/pointer"), "\"/id\"");
    assert_int_equal(ask(box, HTTP_POST, FENCES "?x=1", downtown, NULL).status, 400);
}

/// Bounds: vertices, rules, bytes.
static void test_limits(void **state) {
    struct box *box = *state;
    struct buf body;
    buf_init(&body);
    buf_printf(&body, "{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0]");
    for (int i = 0; i < 100; i++)
        buf_printf(&body, ",[%d,1]", i);
    buf_printf(&body, ",[0,0]]]},\"rules\":" ENTER "}");
    struct answer a = ask_bytes(box, HTTP_POST, FENCES, buf_str(&body), NULL);
    assert_int_equal(a.status, 413);
    assert_non_null(strstr(at(&a, "/pointer"), "/geometry/coordinates"));
    for (unsigned rules = 64; rules <= 65; rules++) {
        buf_clear(&body);
        buf_printf(&body, "{\"geometry\":" SQUARE ",\"rules\":[{\"trigger\":\"enter\"}");
        for (unsigned i = 1; i < rules; i++)
            buf_printf(&body, ",{\"trigger\":\"enter\"}");
        buf_printf(&body, "]}");
        a = ask_bytes(box, HTTP_POST, FENCES, buf_str(&body), NULL);
        assert_int_equal(a.status, rules == 64 ? 201 : 422);
        if (rules == 64) assert_string_equal(at(&a, "/rules/63/id"), "\"enter-64\"");
    }
    for (unsigned len = 256; len <= 257; len++) {
        buf_clear(&body);
        buf_printf(&body, "{\"geometry\":" SQUARE ",\"rules\":" ENTER ",\"name\":\"%0*d\"}",
                   (int)len, 0);
        assert_int_equal(ask_bytes(box, HTTP_POST, FENCES, buf_str(&body), NULL).status,
                         len == 256 ? 201 : 422);
    }
    buf_deinit(&body);
}

static void test_list(void **state) {
    struct box *box = *state;
    for (int i = 0; i < 25; i++) {
        char body[512];
        snprintf(body, sizeof body,
                 "{\"id\":\"f%02d\",\"name\":\"%s\",\"collection\":\"c%d\",\"active\":%s,"
                 "\"geometry\":" SQUARE ",\"rules\":" ENTER "}",
                 i, i % 2 ? "odd" : "even", i % 3, i % 5 ? "true" : "false");
        expect(box, HTTP_POST, FENCES, body, 201);
    }
    char path[256] = FENCES "?limit=10", seen[64] = "";
    int total = 0, pages = 0;
    for (;;) {
        struct answer a = get(box, path);
        assert_int_equal(a.status, 200);
        total += returned(&a);
        pages++;
        char first[64];
        snprintf(first, sizeof first, "%.63s", at(&a, "/geofences/0/id"));
        assert_true(strcmp(first, seen) > 0);
        snprintf(seen, sizeof seen, "%s", first);
        const char *next = at(&a, "/next");
        if (!*next) break;
        assert_non_null(strstr(a.headers, "Link: </api/v1/geofences?limit=10&cursor="));
        snprintf(path, sizeof path, FENCES "?limit=10&cursor=%.*s", (int)strlen(next) - 2,
                 next + 1);
    }
    assert_int_equal(total, 25);
    assert_int_equal(pages, 3);
    struct answer a = get(box, FENCES "?name=odd&limit=12");
    assert_int_equal(returned(&a), 12);
    assert_string_equal(at(&a, "/next"), "");
    a = get(box, FENCES "?collection=c1");
    assert_int_equal(returned(&a), 8);
    a = get(box, FENCES "?active=false");
    assert_int_equal(returned(&a), 5);
    assert_int_equal(get(box, FENCES "?active=perhaps").status, 400);
    assert_int_equal(get(box, FENCES "?cursor=zz").status, 400);
    assert_int_equal(get(box, FENCES "?limit=0").status, 422);
    assert_int_equal(get(box, FENCES "?what=1").status, 400);
}

static void put_points(struct box *box, const char *collection) {
    for (int i = 0; i < 40; i++) { // on the line lat 1, a tenth of a degree apart
        char path[128], body[128];
        snprintf(path, sizeof path, OBJECTS "/%s-%02d?collection=%s", collection, i, collection);
        snprintf(body, sizeof body, "{\"coordinates\":[1,%g],\"properties\":{\"n\":%d}}", i * 0.1,
                 i);
        expect(box, HTTP_PUT, path, body, 201);
    }
}

/// How many are inside, page by page, none twice.
static int count_inside(struct box *box, const char *id, const char *extra, int limit) {
    char path[512], cursor[300] = "";
    char seen[8192] = "";
    int total = 0;
    for (;;) {
        snprintf(path, sizeof path, FENCES "/%s/objects?limit=%d%s%s%s", id, limit, extra,
                 *cursor ? "&cursor=" : "", cursor);
        struct answer a = get(box, path);
        if (a.status != 200) fail_msg("%s: %s", path, a.body);
        int n = returned(&a);
        assert_true(n <= limit);
        for (int i = 0; i < n; i++) {
            char pointer[40], name[128];
            snprintf(pointer, sizeof pointer, "/features/%d/id", i);
            snprintf(name, sizeof name, "%.120s ", at(&a, pointer));
            assert_null(strstr(seen, name));
            strncat(seen, name, sizeof seen - strlen(seen) - 1);
        }
        total += n;
        const char *next = at(&a, "/next");
        if (!*next) return total;
        snprintf(cursor, sizeof cursor, "%.*s", (int)strlen(next) - 2, next + 1);
    }
}

static void test_objects(void **state) {
    struct box *box = *state;
    put_points(box, "a");
    put_points(box, "b");
    expect(box, HTTP_POST, FENCES, "{\"id\":\"all\",\"geometry\":" SQUARE ",\"rules\":" ENTER "}",
           201);
    expect(box, HTTP_POST, FENCES,
           "{\"id\":\"one\",\"geometry\":" SQUARE ",\"collection\":\"a\",\"filter\":{\"op\":\">=\","
           "\"args\":[{\"property\":\"n\"},10]},\"rules\":" ENTER "}",
           201);
    expect(box, HTTP_POST, FENCES,
           "{\"id\":\"circle\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,1]},"
           "\"radius\":25000,\"collection\":\"a\",\"rules\":" ENTER "}",
           201);
    expect(
        box, HTTP_POST, FENCES,
        "{\"id\":\"corridor\",\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[1,1.1],"
        "[1.5,1.1]]},\"radius\":15000,\"filter\":{\"op\":\"<\",\"args\":[{\"property\":\"n\"},13]},"
        "\"rules\":" ENTER "}",
        201);
    expect(box, HTTP_POST, FENCES,
           "{\"id\":\"roam\",\"roam\":{\"collection\":\"a\"},\"radius\":5,\"rules\":"
           "[{\"trigger\":\"nearby\"}]}",
           201);
    expect(box, HTTP_POST, FENCES,
           "{\"id\":\"none\",\"collection\":\"nothing\",\"geometry\":" SQUARE ",\"rules\":" ENTER
           "}",
           201);
    for (int limit = 1; limit < 50; limit += 6) {
        assert_int_equal(count_inside(box, "all", "", limit), 42); // 0 to 2 degrees, both edges
        assert_int_equal(count_inside(box, "all", "&collection=b", limit), 21);
        assert_int_equal(count_inside(box, "one", "", limit), 11);
        assert_int_equal(count_inside(box, "circle", "", limit), 5);
        assert_int_equal(count_inside(box, "corridor", "", limit), 6); // 10, 11, 12 of both
    }
    assert_int_equal(count_inside(box, "none", "", 5), 0);
    assert_int_equal(get(box, FENCES "/roam/objects").status, 422);
    assert_int_equal(get(box, FENCES "/gone/objects").status, 404);
    assert_int_equal(get(box, FENCES "/one/objects?collection=b").status, 422);
    assert_int_equal(get(box, FENCES "/all/objects?cursor=6").status, 400);
    assert_int_equal(get(box, FENCES "/all/objects?nope=6").status, 400);
    assert_int_equal(ask(box, HTTP_PUT, FENCES "/all/objects", "{}", NULL).status, 405);
    assert_int_equal(get(box, FENCES "/all/what").status, 404);
}

static void move_to(struct box *box, const char *id, double lat, double lon) {
    char path[128], body[128];
    snprintf(path, sizeof path, OBJECTS "/%s?collection=fleet", id);
    snprintf(body, sizeof body, "{\"coordinates\":[%g,%g],\"properties\":{\"speed\":9}}", lat, lon);
    struct answer a = ask(box, HTTP_PUT, path, body, NULL);
    assert_true(a.status == 200 || a.status == 201);
}

static int told(const struct answer *a) {
    return atoi(at(a, "/numberReturned"));
}

static void test_events(void **state) {
    struct box *box = *state;
    expect(box, HTTP_POST, FENCES, downtown, 201);
    move_to(box, "a", 1, 1);
    move_to(box, "a", 1, 1.5);
    move_to(box, "a", 5, 5);
    move_to(box, "b", 2, 2); // the corner: inside
    expect(box, HTTP_DELETE, OBJECTS "/b?collection=fleet", NULL, 204);
    struct answer a = get(box, "/api/v1/events");
    assert_int_equal(told(&a), 4);
    assert_string_equal(at(&a, "/events/0/type"), "\"geofence.enter\"");
    assert_string_equal(at(&a, "/events/0/seq"), "1");
    assert_string_equal(at(&a, "/events/0/previous"), "null");
    assert_string_equal(at(&a, "/events/0/rule/metadata"), "{\"k\":[1]}");
    assert_string_equal(at(&a, "/events/1/trigger"), "\"exit\"");
    assert_string_equal(at(&a, "/events/1/rule/channel"), "\"exits\"");
    assert_string_equal(at(&a, "/events/1/previous/coordinates"), "[1,1.5]");
    assert_string_equal(at(&a, "/events/3/cause"), "\"delete\"");
    assert_string_equal(at(&a, "/events/3/object/coordinates"), "[2,2]");
    assert_string_equal(at(&a, "/next"), "4");
    assert_string_equal(at(&a, "/last_seq"), "4");
    a = get(box, "/api/v1/events?since=1&limit=2&collection=fleet&geofence=downtown");
    assert_int_equal(told(&a), 2);
    assert_string_equal(at(&a, "/next"), "3");
    a = get(box, "/api/v1/events?type=exit&object=b");
    assert_int_equal(told(&a), 1);
    a = get(box, "/api/v1/events?since=18446744073709551614");
    assert_int_equal(told(&a), 0);
    assert_int_equal(get(box, "/api/v1/events?since=18446744073709551615").status, 400);
    assert_int_equal(get(box, "/api/v1/events?since=1.5").status, 400);
    assert_int_equal(get(box, "/api/v1/events?type=no").status, 422);
}

/// What is very large is left out, and named.
static void test_large_objects(void **state) {
    struct box *box = *state;
    struct buf body;
    buf_init(&body);
    expect(box, HTTP_POST, FENCES, "{\"geometry\":" SQUARE ",\"rules\":" ENTER "}", 201);
    buf_printf(&body, "{\"coordinates\":[1,1],\"properties\":{\"text\":\"%09000d\"}}", 0);
    struct answer a = ask_bytes(box, HTTP_PUT, OBJECTS "/a", buf_str(&body), NULL);
    assert_int_equal(a.status, 201);
    a = get(box, "/api/v1/events");
    assert_string_equal(at(&a, "/events/0/object/properties"), "{}");
    assert_string_equal(at(&a, "/events/0/object/truncated"), "[\"properties\"]");
    buf_deinit(&body);
}

static void test_explain(void **state) {
    struct box *box = *state;
    static const char path[] = FENCES "/downtown/explain?object=a";
    expect(box, HTTP_POST, FENCES, downtown, 201);
    assert_int_equal(get(box, path).status, 404);
    move_to(box, "a", 1, 1);
    struct answer a = get(box, path);
    assert_int_equal(a.status, 200);
    assert_string_equal(at(&a, "/inside"), "true");
    assert_string_equal(at(&a, "/distance"), "0");
    double edge = strtod(at(&a, "/edge_distance"), NULL); // about a degree
    assert_true(edge > 111100 && edge < 111200);
    assert_string_equal(at(&a, "/previous_known"), "true");
    assert_string_equal(at(&a, "/previous"), "null");
    assert_string_equal(at(&a, "/rules/0/told"), "true");
    assert_string_equal(at(&a, "/rules/0/why"), "\"it was first seen inside\"");
    assert_string_equal(at(&a, "/rules/1/told"), "false");
    assert_string_equal(at(&a, "/events/0/type"), "\"geofence.enter\"");
    move_to(box, "a", 1, 3);
    a = get(box, path);
    assert_string_equal(at(&a, "/was_inside"), "true");
    assert_string_equal(at(&a, "/previous/coordinates"), "[1,1]");
    assert_string_equal(at(&a, "/rules/0/told"), "false");
    assert_string_equal(at(&a, "/rules/1/told"), "true");
    assert_string_equal(at(&a, "/rules/1/why"), "\"it went from inside to outside\"");
    // Where it was then the last event tells; no event tells of it after the next fix.
    move_to(box, "a", 1, 4);
    a = get(box, path);
    assert_string_equal(at(&a, "/previous/coordinates"), "[1,3]");
    assert_string_equal(at(&a, "/rules/1/why"), "\"it was outside before\"");
    move_to(box, "a", 1, 5);
    a = get(box, path);
    assert_string_equal(at(&a, "/previous_known"), "false");
    assert_string_equal(at(&a, "/was_inside"), "null");
    assert_string_equal(at(&a, "/rules/0/told"), "null");
    expect(box, HTTP_PUT, OBJECTS "/a", "{\"coordinates\":[1,1]}",
           201); // of the collection default
    for (int i = 0; i < 9; i++)
        move_to(box, "a", 1, i % 2 ? 3 : 1);
    a = get(box, path); // the last five of its events, in their order
    assert_string_equal(at(&a, "/events/5"), "");
    long last = strtol(at(&a, "/events/4/seq"), NULL, 10);
    assert_int_equal(strtol(at(&a, "/events/0/seq"), NULL, 10), last - 4);
    assert_int_equal(strtol(at(&a, "/events/3/seq"), NULL, 10), last - 1);
    a = get(box, FENCES "/downtown/explain?object=a&collection=default");
    assert_string_equal(at(&a, "/watched"), "false");
    assert_string_equal(at(&a, "/filter_matches"), "false");
    assert_string_equal(at(&a, "/rules/0/why"), "\"the geofence watches another collection\"");
    assert_int_equal(get(box, FENCES "/downtown/explain").status, 400);
    assert_int_equal(get(box, FENCES "/none/explain?object=a").status, 404);
}

/// Who comes near whom, and the areas of a collection.
static void test_roaming_and_sets(void **state) {
    struct box *box = *state;
    expect(box, HTTP_POST, FENCES,
           "{\"id\":\"meet\",\"collection\":\"fleet\",\"roam\":{\"collection\":\"people\","
           "\"nodwell\":true},"
           "\"radius\":1000,\"rules\":[{\"trigger\":\"nearby\"},{\"trigger\":\"faraway\"}]}",
           201);
    expect(box, HTTP_PUT, OBJECTS "/ann?collection=people", "{\"coordinates\":[10,10]}", 201);
    move_to(box, "a", 10, 10.005);
    move_to(box, "a", 10, 10.006);
    move_to(box, "a", 10, 11);
    struct answer a = get(box, "/api/v1/events?geofence=meet");
    assert_int_equal(told(&a), 2);
    assert_string_equal(at(&a, "/events/0/type"), "\"geofence.nearby\"");
    assert_string_equal(at(&a, "/events/0/other/id"), "\"ann\"");
    assert_string_equal(at(&a, "/events/0/other/collection"), "\"people\"");
    double metres = strtod(at(&a, "/events/0/distance"), NULL);
    assert_true(metres > 545 && metres < 550);
    assert_string_equal(at(&a, "/events/1/type"), "\"geofence.faraway\"");
    expect(box, HTTP_PUT, OBJECTS "/one?collection=districts", "{\"geometry\":" SQUARE "}", 201);
    expect(box, HTTP_POST, FENCES,
           "{\"id\":\"set\",\"collection\":\"fleet\",\"geometry\":{\"collection\":\"districts\"},"
           "\"rules\":[{\"trigger\":\"enter\"},{\"trigger\":\"exit\"}]}",
           201);
    move_to(box, "s", 1, 1);
    move_to(box, "s", 3, 3);
    a = get(box, "/api/v1/events?geofence=set");
    assert_int_equal(told(&a), 2);
    assert_string_equal(at(&a, "/events/0/other/id"), "\"one\"");
    assert_string_equal(at(&a, "/events/0/other/collection"), "\"districts\"");
    assert_string_equal(at(&a, "/events/1/trigger"), "\"exit\"");
    assert_int_equal(get(box, FENCES "/set/explain?object=s").status, 422);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_create),        TEST(test_secrets),  TEST(test_get_and_conditions),
        TEST(test_shapes),        TEST(test_refusals), TEST(test_limits),
        TEST(test_list),          TEST(test_objects),  TEST(test_events),
        TEST(test_large_objects), TEST(test_explain),  TEST(test_roaming_and_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
