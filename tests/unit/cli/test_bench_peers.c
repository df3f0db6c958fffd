// test_bench_peers.c - what bench peers counts on a small workload is what plain loops count.

#include "support/support.h"

#include "base/rand.h"
#include "cli/bench_suites.h"
#include "cli/bench_workload.h"
#include "geo/distance.h"

enum { POINTS = 3000, QUERIES = 50, MOVES = 500, RECTS = 300, LINE = 256 };

struct world {
    const char *dir;
    struct point points[POINTS], near[QUERIES], ring[5];
    struct bbox boxes[QUERIES], rects[RECTS];
    struct bench_move moves[MOVES], asked[QUERIES];
};

static struct world w;

static void write_file(const char *name, const void *data, size_t size) {
    char path[TEST_PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s/%s", w.dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    fclose(f);
}

// A small area, so that circles of 1 km hold something; multiples of 1e-7 degrees, as the generator has them.
static struct point somewhere(struct rand *r) {
    return (struct point){(double)rand_below(r, 1000000) / 1e7,
                          (double)rand_below(r, 1000000) / 1e7};
}

static struct bbox some_box(struct rand *r) {
    struct point p = somewhere(r);
    return (struct bbox){p.lon, p.lat, p.lon + 0.005, p.lat + 0.003};
}

static int make_world(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    w.dir = test_tmpdir();
    for (size_t i = 0; i < POINTS; i++)
        w.points[i] = somewhere(&r);
    for (size_t i = 0; i < QUERIES; i++) {
        w.near[i] = somewhere(&r);
        w.boxes[i] = some_box(&r);
        w.asked[i] = (struct bench_move){0, somewhere(&r)};
    }
    for (size_t i = 0; i < RECTS; i++)
        w.rects[i] = some_box(&r);
    for (size_t i = 0; i < MOVES; i++)
        w.moves[i] = (struct bench_move){rand_below(&r, POINTS), somewhere(&r)};
    struct point ring[5] = {{0.01, 0.01}, {0.09, 0.02}, {0.05, 0.04}, {0.03, 0.09}, {0.01, 0.01}};
    memcpy(w.ring, ring, sizeof ring);
    uint64_t begins[2] = {0, 5};
    write_file("city.pts", w.points, sizeof w.points);
    write_file("city.kq", w.near, sizeof w.near);
    write_file("city.q1", w.boxes, sizeof w.boxes);
    write_file("city.q100", w.boxes, sizeof w.boxes);
    write_file("city.q10k", w.boxes, sizeof w.boxes);
    write_file("city.moves", w.moves, sizeof w.moves);
    write_file("bus.pts", w.points, sizeof w.points);
    write_file("bus.moves", w.moves, sizeof w.moves);
    write_file("tracks", "bus\n", 4);
    write_file("rects.box", w.rects, sizeof w.rects);
    write_file("rects.q", w.boxes, sizeof w.boxes);
    write_file("polys.q", w.asked, sizeof w.asked);
    write_file("polys.off", begins, sizeof begins);
    write_file("polys.xy", w.ring, sizeof w.ring);
    write_file("fences.off", begins, sizeof begins);
    write_file("fences.xy", w.ring, sizeof w.ring);
    return 0;
}

/// Everything that the suite prints, for these sets.
static void run(const char *sets, char (*lines)[LINE], size_t cap, size_t *count) {
    char path[TEST_PATH_BYTES + 64];
    struct bench_lines to = {.tsv = true, .sets = sets};
    struct reason why;
    snprintf(path, sizeof path, "%s/out", w.dir);
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    assert_non_null(freopen(path, "wb", stdout));
    enum status st = bench_peers(&to, w.dir, &why);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    assert_int_equal(st, STATUS_OK);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    for (*count = 0; *count < cap && fgets(lines[*count], LINE, f); ++*count) {
    }
    fclose(f);
}

/// Each line of `op` has this check; there are `names` of them.
static void expect(char (*lines)[LINE], size_t count, const char *op, double check, size_t names) {
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        char name[64], set[64], what[64];
        double each, n, found;
        assert_int_equal(sscanf(lines[i], "%63[^\t]\t%63[^\t]\t%63[^\t]\t%lf\t%lf\t%lf", name, set,
                                what, &each, &n, &found),
                         6);
        if (strcmp(what, op) != 0) continue;
        seen++;
        if (fabs(found - check) > 1e-5 * fabs(check)) fail_msg("%s%g expected", lines[i], check);
    }
    assert_int_equal(seen, names);
}

static double mean_in_boxes(void) {
    size_t hits = 0;
    for (size_t i = 0; i < QUERIES; i++)
        for (size_t k = 0; k < POINTS; k++)
            hits += bbox_contains_point(&w.boxes[i], w.points[k]);
    return (double)hits / QUERIES;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void circles(double *mean_in_1km, double *sum_of_tenth) {
    static double metres[POINTS];
    size_t hits = 0;
    *sum_of_tenth = 0;
    for (size_t i = 0; i < QUERIES; i++) {
        for (size_t k = 0; k < POINTS; k++) {
            metres[k] = distance_haversine_m(w.near[i], w.points[k]);
            hits += metres[k] <= 1000;
        }
        qsort(metres, POINTS, sizeof *metres, ascending);
        *sum_of_tenth += metres[9];
    }
    *mean_in_1km = (double)hits / QUERIES;
}

static void points(void **state) {
    (void)state;
    static char lines[200][LINE];
    size_t count;
    double in_circle, tenth;
    run("city", lines, 200, &count);
    circles(&in_circle, &tenth);
    expect(lines, count, "bulk", POINTS, 3);
    expect(lines, count, "insert", POINTS, 4);
    expect(lines, count, "bbox1", mean_in_boxes(), 7);
    expect(lines, count, "bbox100", mean_in_boxes(), 7);
    expect(lines, count, "bbox10k", mean_in_boxes(), 7);
    expect(lines, count, "radius1km", in_circle, 7);
    expect(lines, count, "knn10-sphere", tenth, 7);
    expect(lines, count, "move", MOVES, 7);
    expect(lines, count, "batch-insert", POINTS, 1);
    expect(lines, count, "batch-bbox1", mean_in_boxes(), 1);
    expect(lines, count, "batch-radius1km", in_circle, 1);
    expect(lines, count, "batch-knn10", tenth, 1);
    expect(lines, count, "batch-move", MOVES, 1);
    expect(lines, count, "get", MOVES, 1);
}

static bool inside(struct point p) {
    bool odd = false;
    for (size_t i = 0; i < 4; i++) {
        struct point a = w.ring[i], b = w.ring[i + 1];
        if ((a.lat > p.lat) == (b.lat > p.lat)) continue;
        odd ^= p.lon < a.lon + (p.lat - a.lat) * (b.lon - a.lon) / (b.lat - a.lat);
    }
    return odd;
}

static void areas(void **state) {
    (void)state;
    static char lines[64][LINE];
    size_t count, touching = 0, in_polygon = 0, in_fence = 0;
    for (size_t i = 0; i < QUERIES; i++)
        for (size_t k = 0; k < RECTS; k++)
            touching += bbox_intersects(&w.boxes[i], &w.rects[k]);
    for (size_t i = 0; i < QUERIES; i++)
        in_polygon += inside(w.asked[i].to);
    for (size_t i = 0; i < MOVES; i++)
        in_fence += inside(w.moves[i].to);
    run("rects,polys,fences10k", lines, 64, &count);
    expect(lines, count, "bbox2km", (double)touching / QUERIES, 3);
    expect(lines, count, "pip-all", (double)in_polygon / QUERIES, 1);
    expect(lines, count, "pip-5k-hot", (double)in_polygon / QUERIES, 1);
    expect(lines, count, "match", (double)in_fence / MOVES, 2);
    expect(lines, count, "batch-match", (double)in_fence / MOVES, 1);
}

static void tracks(void **state) {
    (void)state;
    static char lines[64][LINE];
    size_t count;
    run("bus", lines, 64, &count);
    expect(lines, count, "move", MOVES, 7);
    expect(lines, count, "batch-move", MOVES, 1);
    expect(lines, count, "bbox1", 0, 0);
}

static void names(void **state) {
    (void)state;
    struct bench_lines lines = {.only = "warp-trie,warp-api", .sets = "city"};
    assert_true(bench_lines_wants(&lines, "warp-trie", "city"));
    assert_true(bench_lines_wants(&lines, "warp-api", "city"));
    assert_false(bench_lines_wants(&lines, "warp-trie-grown", "city"));
    assert_false(bench_lines_wants(&lines, "warp-trie", "uniform"));
    assert_true(bench_lines_wants_set(&(struct bench_lines){0}, "rects"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points),
        cmocka_unit_test(areas),
        cmocka_unit_test(tracks),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, make_world, NULL);
}
