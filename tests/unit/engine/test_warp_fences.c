// Places against fences of one call.

#include "support/support.h"

#include "warp.h"

static char told[400];

static bool tell(void *ctx, size_t place, size_t fence) {
    size_t *left = ctx;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%zu:%zu ", place, fence);
    return !left || --*left > 0;
}

static const struct warp_geofence fences[] = {
    {"{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}", 0},
    {"{\"type\":\"Point\",\"coordinates\":[180,0]}", 1000},
    {"{\"type\":\"LineString\",\"coordinates\":[[0,0],[0,1]]}", 1000},
    {"{\"type\":\"Feature\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
     "[[[170,-1],[-170,-1],[-170,1],[170,1],[170,-1]]]}}",
     0},
};

static void pairs(void **state) {
    (void)state;
    const struct warp_place places[] = {{0, 0},       {5, 5},        {-180, 0},
                                        {179.999, 0}, {-0.001, 0.5}, {50, 50}};
    struct warp *db;
    struct warp_session *s;
    assert_int_equal(warp_open(&(struct warp_options){0}, &db, NULL, 0), WARP_OK);
    assert_int_equal(warp_session_open(db, &s), WARP_OK);
    assert_int_equal(warp_batch_geofence_check(s, places, 6, fences, 4, tell, NULL), WARP_OK);
    assert_string_equal(told, "0:0 0:2 1:0 2:1 2:3 3:1 3:3 4:2 ");
    size_t left = 2;
    told[0] = '\0';
    assert_int_equal(warp_batch_geofence_check(s, places, 6, fences, 4, tell, &left), WARP_OK);
    assert_string_equal(told, "0:0 0:2 ");
    assert_int_equal(warp_batch_geofence_check(s, places, 0, fences, 4, tell, NULL), WARP_OK);
    assert_int_equal(warp_batch_geofence_check(s, places, 6, fences, 0, tell, NULL), WARP_OK);
    warp_session_close(s);
    warp_close(db);
}

static void what_is_wrong(void **state) {
    (void)state;
    struct warp *db;
    struct warp_session *s;
    struct warp_place place = {0, 91};
    struct warp_geofence line = fences[2], text = {"{", 0}, far = fences[1];
    line.radius_m = 0;
    far.radius_m = -1;
    assert_int_equal(warp_open(&(struct warp_options){0}, &db, NULL, 0), WARP_OK);
    assert_int_equal(warp_session_open(db, &s), WARP_OK);
    told[0] = '\0';
    assert_int_equal(warp_batch_geofence_check(s, &place, 1, fences, 4, tell, NULL), WARP_INVALID);
    place.lat = 0;
    assert_int_equal(warp_batch_geofence_check(s, &place, 1, &line, 1, tell, NULL), WARP_INVALID);
    assert_non_null(strstr(warp_error(s), "radius"));
    assert_int_equal(warp_batch_geofence_check(s, &place, 1, &far, 1, tell, NULL), WARP_INVALID);
    assert_int_equal(warp_batch_geofence_check(s, &place, 1, &text, 1, tell, NULL), WARP_MALFORMED);
    assert_string_equal(told, "");
    warp_session_close(s);
    warp_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(pairs), cmocka_unit_test(what_is_wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
