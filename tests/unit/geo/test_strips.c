#include "geo/strips.h"

#include "base/mem.h"
#include "geo/orient.h"
#include "support.h"
#include "support/support.h"

#define MAX_POINTS 4000
#define KINDS 6

static struct point ring[MAX_POINTS];
static uint32_t ends[8];

static int brute_locate(size_t parts, struct point p) {
    bool odd = false;
    for (size_t part = 0, i = 0; part < parts; part++, i++) {
        for (; i + 1 < ends[part]; i++) {
            struct point a = ring[i], b = ring[i + 1];
            int turn = orient_turn(a, b, p);
            if (turn == 0 && p.lon >= fmin(a.lon, b.lon) && p.lon <= fmax(a.lon, b.lon) &&
                p.lat >= fmin(a.lat, b.lat) && p.lat <= fmax(a.lat, b.lat)) {
                return 0;
            }
            if ((a.lat > p.lat) == (b.lat > p.lat)) continue;
            if ((turn > 0) == (b.lat > a.lat)) odd = !odd;
        }
    }
    return odd ? 1 : -1;
}

static size_t make_rings(struct rand *r, int kind) {
    size_t parts = 1 + rand_below(r, 3), n = 0;
    for (size_t part = 0; part < parts; part++) {
        size_t begin = n, count = 3 + rand_below(r, kind >= 2 ? 1000 : 40);
        for (size_t i = 0; i < count; i++) {
            double t = 2 * M_PI * (double)i / (double)count;
            if (kind == 0) { // any, on a grid
                ring[n] = (struct point){(double)rand_below(r, 9), (double)rand_below(r, 9)};
            } else if (kind == 1) { // tall edges: the worst for strips
                ring[n] = (struct point){rand_range(r, -170, 500), i % 2 ? 80.0 : -80.0};
            } else if (kind == 3) { // a comb: more intervals than a strip keeps
                ring[n] = (struct point){(double)i, i % 2 ? 1 + rand_range(r, 0, 0.1) : 0};
            } else if (kind == 4) { // a border along a parallel, and one vertex far away
                ring[n] = (struct point){(double)i * 0.01, i ? rand_range(r, 0, 1e-6) : 60};
            } else if (kind == 5) { // neighbouring doubles
                ring[n] = (struct point){10 + (double)rand_below(r, 30) * 0x1p-49,
                                         20 + (double)rand_below(r, 30) * 0x1p-48};
            } else { // a rough circle
                double radius = rand_range(r, 0.8, 1.2) * (double)(part + 1);
                ring[n] = (struct point){10 + radius * cos(t), 20 + radius * sin(t)};
            }
            n++;
        }
        ring[n++] = ring[begin];
        ends[part] = (uint32_t)n;
    }
    return parts;
}

static struct point probe(struct rand *r, int kind, size_t count) {
    struct point v = ring[rand_below(r, count)], w = ring[rand_below(r, count)];
    switch (rand_below(r, 5)) {
    case 0: return v;
    case 1: return (struct point){v.lon, w.lat};
    case 2: return (struct point){(v.lon + w.lon) / 2, (v.lat + w.lat) / 2};
    case 3: return (struct point){nextafter(v.lon, w.lon), v.lat};
    default: break;
    }
    if (kind >= 3) {
        double t = rand_range(r, 0, 1);
        if (kind == 4) v.lat = w.lat = rand_range(r, 0, 1e-6);
        return (struct point){v.lon + (w.lon - v.lon) * t, v.lat + (w.lat - v.lat) * t};
    }
    return kind == 0 ? (struct point){rand_range(r, -1, 10), rand_range(r, -1, 10)}
                     : (struct point){v.lon + rand_range(r, -1, 1), v.lat + rand_range(r, -1, 1)};
}

static void test_both_twins_agree_with_brute_force(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    for (int i = 0; i < 600; i++) {
        int kind = i % KINDS;
        size_t parts = make_rings(&r, kind);
        struct strips *s = NULL;
        assert_int_equal(strips_new(ring, ends, parts, &s), STATUS_OK);
        for (int k = 0; k < 200; k++) {
            struct point p = probe(&r, kind, ends[parts - 1]);
            int want = brute_locate(parts, p);
            assert_int_equal(strips_locate(s, p), want);
            assert_int_equal(strips_locate_scalar(s, p), want);
        }
        strips_free(s);
    }
}

struct seen {
    uint8_t times[MAX_POINTS];
    int stop_after;
};

static bool note(void *ctx, uint32_t edge) {
    struct seen *seen = ctx;
    seen->times[edge]++;
    return seen->stop_after-- != 0;
}

static void test_edges_are_seen_once(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    for (int i = 0; i < 600; i++) {
        size_t parts = make_rings(&r, i % KINDS);
        struct strips *s = NULL;
        assert_int_equal(strips_new(ring, ends, parts, &s), STATUS_OK);
        for (int k = 0; k < 20; k++) {
            struct point a = probe(&r, i % KINDS, ends[parts - 1]);
            struct point b = probe(&r, i % KINDS, ends[parts - 1]);
            double x0 = fmin(a.lon, b.lon), x1 = fmax(a.lon, b.lon);
            double y0 = fmin(a.lat, b.lat), y1 = fmax(a.lat, b.lat);
            static struct seen seen;
            memset(&seen, 0, sizeof seen);
            seen.stop_after = -1;
            assert_true(strips_edges(s, x0, y0, x1, y1, note, &seen));
            for (size_t part = 0, e = 0; part < parts; part++, e++) {
                for (; e + 1 < ends[part]; e++) {
                    assert_true(seen.times[e] <= 1);
                    struct point c = ring[e], d = ring[e + 1];
                    bool boxes = fmin(c.lon, d.lon) <= x1 && fmax(c.lon, d.lon) >= x0 &&
                                 fmin(c.lat, d.lat) <= y1 && fmax(c.lat, d.lat) >= y0;
                    if (!boxes) assert_int_equal(seen.times[e], 0);
                    struct point corners[4] = {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}};
                    int sum = 0;
                    for (int i4 = 0; i4 < 4; i4++) {
                        sum += orient_turn(c, d, corners[i4]);
                    }
                    bool one_side = sum == 4 || sum == -4;
                    if (boxes && !one_side) assert_int_equal(seen.times[e], 1);
                }
                assert_int_equal(seen.times[e], 0); // no edge from one ring to the next
            }
        }
        strips_free(s);
    }
}

static void test_a_visit_can_stop(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 43);
    size_t parts = make_rings(&r, 2);
    struct strips *s = NULL;
    assert_int_equal(strips_new(ring, ends, parts, &s), STATUS_OK);
    static struct seen seen;
    assert_false(strips_edges(s, -180, -90, 540, 90, note, &seen));
    strips_free(s);
}

static void test_flat_rings_and_bounded_size(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 200; i++) {
        ring[i] = (struct point){i % 2 ? 5 : 1, 3};
    }
    ring[200] = ring[0];
    ends[0] = 201;
    struct strips *s = NULL;
    assert_int_equal(strips_new(ring, ends, 1, &s), STATUS_OK);
    assert_int_equal(strips_locate(s, (struct point){3, 3}), 0);
    assert_int_equal(strips_locate(s, (struct point){6, 3}), -1);
    strips_free(s);
    // Each edge spans all latitudes: a list of every edge in every strip would be 2 million entries.
    for (uint32_t i = 0; i < MAX_POINTS - 1; i++) {
        ring[i] = (struct point){i * 0.04, i % 2 ? 80 : -80};
    }
    ring[MAX_POINTS - 1] = ring[0];
    ends[0] = MAX_POINTS;
    assert_int_equal(strips_new(ring, ends, 1, &s), STATUS_OK);
    assert_true(strips_bytes(s) < MAX_POINTS * 200);
    strips_free(s);
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 44);
    size_t parts = make_rings(&r, 2);
    for (uint64_t n = 1; n < 10; n++) {
        struct strips *s = NULL;
        mem_fail_at(n, false);
        enum status st = strips_new(ring, ends, parts, &s);
        uint64_t made = mem_alloc_count();
        mem_fail_at(0, false);
        if (made < n) assert_int_equal(st, STATUS_OK);
        if (made >= n) assert_int_equal(st, STATUS_NO_MEMORY);
        strips_free(s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_twins_agree_with_brute_force),
        cmocka_unit_test(test_edges_are_seen_once),
        cmocka_unit_test(test_a_visit_can_stop),
        cmocka_unit_test(test_flat_rings_and_bounded_size),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
