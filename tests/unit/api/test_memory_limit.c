// test_memory_limit.c - above limits.memory_bytes writes are refused by name, reads and deletes go on, health tells.

#include "support.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/engine_state.h"

#define MORE_BYTES ((size_t)8 << 20)
#define TEXT_BYTES 20000

static struct box box;

static int setup(void **state) {
    (void)state;
    box_open(&box);
    const struct engine_options options = {.memory_limit_bytes = mem_used() + MORE_BYTES,
                                           .memory_limit_name = "limits.memory_bytes"};
    engine_memory_limit(box.engine, &options);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    box_close(&box);
    mem_set_limit(0);
    return 0;
}

static struct answer put(int n) {
    static char body[TEXT_BYTES + 100];
    char url[60];
    snprintf(url, sizeof url, "/api/v1/objects/%d", n);
    snprintf(body, sizeof body, "{\"coordinates\":[1,2],\"properties\":{\"a\":\"%0*d\"}}",
             TEXT_BYTES, 0);
    return ask(&box, HTTP_PUT, url, body, NULL);
}

static void assert_names_limit(const char *text) {
    char limit[80];
    snprintf(limit, sizeof limit, "limits.memory_bytes is %zu bytes", box.engine->memory_limit);
    assert_non_null(strstr(text, limit));
    assert_non_null(strstr(text, "raise it, delete objects or let them expire"));
}

static void test_full(void **state) {
    (void)state;
    struct answer a = get(&box, "/api/v1/admin/health");
    assert_string_equal(at(&a, "/status"), "\"ok\"");
    assert_string_equal(at(&a, "/memory/problem"), "");
    int n = 0;
    while ((a = put(n)).status == 201 && n < 1000)
        n++;
    assert_in_range(n, 20, 999);
    assert_int_equal(a.status, 503);
    assert_names_limit(at(&a, "/detail"));
    assert_non_null(strstr(a.headers, "Retry-After: "));

    a = get(&box, "/api/v1/admin/health");
    assert_int_equal(a.status, 200);
    assert_string_equal(at(&a, "/status"), "\"degraded\"");
    assert_names_limit(at(&a, "/memory/problem"));
    a = get(&box, "/api/v1/objects?limit=10000");
    assert_int_equal(a.status, 200);
    assert_int_equal(returned(&a), n);
    assert_int_equal(get(&box, "/api/v1/search/nearby?lat=1&lon=2&k=100").status, 200);
    assert_int_equal(put(0).status, 503); // as before

    for (int i = 0; i < n; i++) {
        char url[60];
        snprintf(url, sizeof url, "/api/v1/objects/%d", i);
        assert_int_equal(ask(&box, HTTP_DELETE, url, NULL, NULL).status, 204);
    }
    engine_tick(box.engine, clock_wall_ms());
    a = get(&box, "/api/v1/admin/health");
    assert_string_equal(at(&a, "/status"), "\"ok\"");
    assert_int_equal(put(0).status, 201);
}

// A batch that meets the limit in a later run says how far it came.
static void test_batch(void **state) {
    (void)state;
    enum { LINES = 12000, LINE = 1100 };
    char *body = malloc((size_t)LINES * (LINE + 100));
    size_t len = 0;
    assert_non_null(body);
    for (int i = 0; i < LINES; i++) {
        len += (size_t)sprintf(
            body + len, "{\"coordinates\":[1,2],\"properties\":{\"a\":\"%0*d\"}}\n", LINE, 0);
    }
    struct answer a = ask_bytes(&box, HTTP_POST, "/api/v1/objects/batch", (struct str){body, len},
                                "Content-Type: application/x-ndjson");
    free(body);
    assert_int_equal(a.status, 503);
    assert_names_limit(at(&a, "/detail"));
    assert_non_null(strstr(a.body, "000 objects before were stored"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batch, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
