// test_bench_workload.c - the workload files: what is damaged is refused by name.

#include "support/support.h"

#include "base/mem.h"
#include "cli/bench_workload.h"

static const char *dir;

static void write_file(const char *name, const void *data, size_t size) {
    char path[TEST_PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    fclose(f);
}

static void boxes_are_cut_to_the_earth(void **state) {
    (void)state;
    struct bbox in[2] = {{-200, -98, -170, 10}, {170, 80, 197, 96}};
    struct bench_boxes out;
    struct reason why;
    write_file("s.q1", in, sizeof in);
    assert_int_equal(bench_workload_boxes(dir, "s", "q1", &out, &why), STATUS_OK);
    assert_int_equal(out.count, 2);
    assert_true(out.at[0].min_lon == -180 && out.at[0].min_lat == -90 && out.at[0].max_lat == 10);
    assert_true(out.at[1].max_lon == 180 && out.at[1].max_lat == 90 && out.at[1].min_lon == 170);
    mem_free(out.at);
}

static void refuse_boxes(const void *data, size_t size) {
    struct bench_boxes out;
    struct reason why;
    write_file("bad.q1", data, size);
    assert_int_equal(bench_workload_boxes(dir, "bad", "q1", &out, &why), STATUS_CORRUPT);
    assert_non_null(strstr(why.text, "bad.q1"));
}

static void bad_boxes(void **state) {
    (void)state;
    struct bbox turned = {1, 0, 0, 1}, nan = {0, 0, NAN, 1}, far = {0, 0, 1e9, 1};
    refuse_boxes("", 0);
    refuse_boxes(&turned, sizeof turned - 1);
    refuse_boxes(&turned, sizeof turned);
    refuse_boxes(&nan, sizeof nan);
    refuse_boxes(&far, sizeof far);
}

static void bad_moves(void **state) {
    (void)state;
    struct bench_move moves[2] = {{0, {1, 2}}, {5, {1, 2}}};
    struct bench_moves out;
    struct reason why;
    write_file("s.moves", moves, sizeof moves);
    assert_int_equal(bench_workload_moves(dir, "s", "moves", 6, &out, &why), STATUS_OK);
    mem_free(out.at);
    assert_int_equal(bench_workload_moves(dir, "s", "moves", 5, &out, &why), STATUS_CORRUPT);
    assert_non_null(strstr(why.text, "s.moves: record 1"));
}

static void missing(void **state) {
    (void)state;
    struct bench_cloud cloud;
    struct reason why;
    assert_int_equal(bench_workload_cloud(dir, "nowhere", &cloud, &why), STATUS_NOT_FOUND);
    assert_non_null(strstr(why.text, "nowhere.pts"));
}

static enum status rings_of(const uint64_t *begins, size_t count, const struct point *points,
                            size_t point_count) {
    struct bench_rings rings;
    struct reason why;
    write_file("r.off", begins, count * sizeof *begins);
    write_file("r.xy", points, point_count * sizeof *points);
    enum status st = bench_workload_rings(dir, "r", &rings, &why);
    if (st == STATUS_OK) bench_workload_rings_free(&rings);
    return st;
}

static void rings(void **state) {
    (void)state;
    struct point two[8] = {{0, 0}, {1, 0}, {0, 1}, {0, 0}, {5, 5}, {6, 5}, {5, 6}, {5, 5}};
    assert_int_equal(rings_of((uint64_t[]){0, 4, 8}, 3, two, 8), STATUS_OK);
    assert_int_equal(rings_of((uint64_t[]){0, 4, 8}, 3, two, 7), STATUS_CORRUPT);
    assert_int_equal(rings_of((uint64_t[]){1, 4, 8}, 3, two, 8), STATUS_CORRUPT);
    assert_int_equal(rings_of((uint64_t[]){0, 5, 8}, 3, two, 8), STATUS_CORRUPT);
    assert_int_equal(rings_of((uint64_t[]){0, UINT64_MAX, 8}, 3, two, 8), STATUS_CORRUPT);
    two[7].lon = 4;
    assert_int_equal(rings_of((uint64_t[]){0, 4, 8}, 3, two, 8), STATUS_CORRUPT);
    two[7] = (struct point){NAN, 5};
    assert_int_equal(rings_of((uint64_t[]){0, 4, 8}, 3, two, 8), STATUS_CORRUPT);
}

int main(void) {
    dir = test_tmpdir();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_are_cut_to_the_earth),
        cmocka_unit_test(bad_boxes),
        cmocka_unit_test(bad_moves),
        cmocka_unit_test(missing),
        cmocka_unit_test(rings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
