// Every allocation of a search fails once: the answer is an error or the whole answer, and nothing is lost.

#include "unit/command/search_support.h"

#include "base/mem.h"

static const char *const lines[] = {
    "NEARBY m LIMIT 50 DISTANCE POINT 5 5",
    "NEARBY m WHERE f 3 9 MATCH 1* IDS POINT 5 5 900000",
    "WITHIN m WHERE f>3&&t.match('x*')&&id=~'[0-9]+' CIRCLE 5 5 900000",
    "INTERSECTS m CLIP BUFFER 10 BOUNDS 0 0 10 10",
    "INTERSECTS m SPARSE 2 IDS BOUNDS 0 0 10 10",
    "WITHIN m COUNT OBJECT {\"type\":\"Polygon\",\"coordinates\":[[[0,0],[9,0],[9,9],[0,0]]]}",
    "SCAN m LIMIT 90 WHEREIN t 1 xyz",
    "TEST BOUNDS 0 0 1 1 AND CIRCLE 0 0 5 INTERSECTS NOT SECTOR 0 0 5 0 90",
};

static void survives(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    for (unsigned i = 0; i < 100; i++) {
        char id[8], what[64];
        snprintf(id, sizeof id, "%u", i);
        snprintf(what, sizeof what, i % 4 ? "POINT %g %g" : "BOUNDS %g %g 9.75 9.75",
                 0.5 + i / 10 * 0.9, 0.5 + i % 10 * 0.9);
        put(&d, "m", id, i % 3 ? "{\"f\":5,\"t\":\"x\\\"y\"}" : NULL, what);
    }
    desk_say(&d, "SCAN m COUNT");
    for (unsigned l = 0; l < sizeof lines / sizeof lines[0]; l++) {
        for (unsigned json = 0; json < 2; json++) {
            static char whole[1 << 20], now[1 << 20];
            d.client.json = json;
            strcpy(whole, desk_say(&d, lines[l]).p);
            assert_true(whole[0] != '-' && !strstr(whole, "\"ok\":false"));
            for (uint64_t n = 1;; n++) {
                arena_deinit(&d.arena);
                arena_init(&d.arena, 0);
                mem_fail_at(n, false);
                strcpy(now, desk_say(&d, lines[l]).p);
                bool all = mem_alloc_count() < n;
                mem_fail_at(0, false);
                bool error = now[0] == '-' || strstr(now, "\"ok\":false");
                if (!json && !error) assert_string_equal(now, whole);
                if (all) break;
            }
        }
    }
    desk_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(survives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
