// test_search_parts.c - readers beside writers: every answer is one that some order of the changes allows.
//
//   fixed     never move: exactly once, where they are
//   shuttles  go between two places, near (the same leaf) or far (other shards): exactly once, at one of the two
//   doomed    come once and go for good: never before they came, never after they went
//
// Readers search without locks while the writers keep at it; this is a test for the thread sanitizer too.

#include <pthread.h>
#include <stdatomic.h>

#include "base/rand.h"
#include "geo/distance.h"
#include "support/support.h"
#include "warp.h"

#define FIXED 120
#define SHUTTLES 120
#define WRITERS 2
#define READERS 3
#define ROUNDS 80 // searches of each kind by each reader
#define SEEN (FIXED + SHUTTLES)

struct place {
    double lon, lat;
};

/// What is written for `writer` alone is read by the readers through warp.h only.
struct stage {
    struct warp *db;
    uint64_t seed;
    bool extents; // some shuttles are boxes now and then
    struct place at[SEEN][2];
    _Atomic unsigned came[WRITERS], gone[WRITERS]; // doomed: begun to put, surely deleted
    _Atomic bool stop, failed;
};

struct actor {
    struct stage *stage;
    struct warp_session *s;
    struct rand rand;
    unsigned number;
};

/// What one search saw.
struct look {
    struct stage *stage;
    struct place from; // of round searches
    bool round;
    double last_m;          // of the hit before
    unsigned gone[WRITERS]; // when it began
    unsigned seen[SEEN], others;
};

#define CHECK(stage, condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            atomic_store(&(stage)->failed, true);                                                  \
        }                                                                                          \
    } while (0)

static struct place random_place(struct rand *r) {
    return (struct place){rand_range(r, -170, 170), rand_range(r, -80, 80)};
}

static bool in_box(struct place p, const struct warp_box *b) {
    return p.lon >= b->west && p.lon <= b->east && p.lat >= b->south && p.lat <= b->north;
}

static double metres(struct place a, struct place b) {
    return distance_haversine_m((struct point){a.lon, a.lat}, (struct point){b.lon, b.lat});
}

static void put_shuttle(struct actor *a, unsigned i, unsigned end) {
    char id[16], text[400];
    struct place p = a->stage->at[i][end];
    snprintf(id, sizeof id, "s%u", i);
    if (a->stage->extents && i % 4 == 0 &&
        rand_below(&a->rand, 2)) { // a hair's breadth around the place
        double e = 0x1p-20;
        snprintf(text, sizeof text,
                 "{\"type\":\"MultiPoint\",\"coordinates\":[[%.17g,%.17g],[%.17g,%.17g]]}",
                 p.lon - e, p.lat - e, p.lon + e, p.lat + e);
        CHECK(a->stage, warp_put(a->s, NULL, id, text) == WARP_OK);
    } else if (a->stage->extents && i % 4 == 0) {
        CHECK(a->stage, warp_put_point(a->s, NULL, id, p.lon, p.lat, NULL) == WARP_OK);
    } else {
        CHECK(a->stage, warp_move(a->s, NULL, id, p.lon, p.lat) == WARP_OK);
    }
}

static void *write_all(void *arg) {
    struct actor *a = arg;
    struct stage *g = a->stage;
    unsigned ends[SEEN] = {0}, doomed = 0;
    while (!atomic_load(&g->stop)) {
        unsigned i = FIXED + (unsigned)rand_below(&a->rand, SHUTTLES);
        if (i % WRITERS == a->number) {
            put_shuttle(a, i, ends[i] ^= 1);
        }
        if (rand_below(&a->rand, 4) == 0) {
            char id[24];
            struct place p = random_place(&a->rand);
            snprintf(id, sizeof id, "d%u-%u", a->number, ++doomed);
            atomic_store(&g->came[a->number], doomed);
            CHECK(g, warp_put_point(a->s, NULL, id, p.lon, p.lat, NULL) == WARP_OK);
            CHECK(g, warp_delete(a->s, NULL, id) == WARP_OK);
            atomic_store(&g->gone[a->number], doomed);
        }
    }
    return NULL;
}

static bool is_place(const struct look *l, unsigned i, struct place p) {
    for (unsigned end = 0; end < 2; end++) {
        // GeoJSON keeps nine digits.
        double slack = l->stage->extents && i % 4 == 0 ? 1e-8 : 0;
        struct place at = l->stage->at[i][end];
        if (fabs(p.lon - at.lon) <= slack && fabs(p.lat - at.lat) <= slack) return true;
    }
    return false;
}

static bool see(void *ctx, const struct warp_hit *hit) {
    struct look *l = ctx;
    struct stage *g = l->stage;
    struct place p = {hit->lon, hit->lat};
    unsigned i, n;
    if (sscanf(hit->id, "d%u-%u", &i, &n) == 2) {
        CHECK(g, n > l->gone[i] && n <= atomic_load(&g->came[i]));
        l->others++;
    } else {
        CHECK(g, sscanf(hit->id + 1, "%u", &i) == 1 && i < SEEN);
        CHECK(g, is_place(l, i, p));
        CHECK(g, l->seen[i]++ == 0); // no doubles
    }
    if (l->round) {
        CHECK(g, hit->distance_m >= l->last_m);
        CHECK(g, fabs(hit->distance_m - metres(l->from, p)) < 1);
        l->last_m = hit->distance_m;
    }
    return true;
}

static void look_begin(struct look *l, struct stage *g) {
    *l = (struct look){.stage = g};
    for (unsigned w = 0; w < WRITERS; w++)
        l->gone[w] = atomic_load(&g->gone[w]);
}

/// Whoever is inside in any case was seen; who is outside in any case was not.
static void check_box(struct look *l, const struct warp_box *box) {
    for (unsigned i = 0; i < SEEN; i++) {
        const struct place *at = l->stage->at[i];
        unsigned ends = in_box(at[0], box) + in_box(at[1], box);
        bool edge = l->stage->extents && i % 4 == 0; // a hair may reach over the side
        CHECK(l->stage, ends != 2 || l->seen[i] == 1 || edge);
        CHECK(l->stage, ends != 0 || l->seen[i] == 0 || edge);
    }
}

static struct warp_box random_box(struct rand *r) {
    if (rand_below(r, 3) == 0) return (struct warp_box){-175, -85, 175, 85};
    struct place p = random_place(r);
    double w = rand_range(r, 1, 120), h = rand_range(r, 1, 60);
    return (struct warp_box){p.lon, p.lat, fmin(p.lon + w, 180), fmin(p.lat + h, 90)};
}

static void search_box(struct actor *a) {
    struct warp_box b = random_box(&a->rand);
    struct look l;
    look_begin(&l, a->stage);
    CHECK(a->stage, warp_bbox(a->s, NULL, b.west, b.south, b.east, b.north, see, &l) == WARP_OK);
    check_box(&l, &b);
}

static bool see_many(void *ctx, size_t query, const struct warp_hit *hit) {
    return see((struct look *)ctx + query, hit);
}

static void search_boxes(struct actor *a) {
    enum { MANY = 20 };
    struct warp_box boxes[MANY];
    struct look looks[MANY];
    for (int i = 0; i < MANY; i++) {
        boxes[i] = random_box(&a->rand);
        look_begin(&looks[i], a->stage);
    }
    CHECK(a->stage, warp_bbox_many(a->s, NULL, boxes, MANY, see_many, looks) == WARP_OK);
    for (int i = 0; i < MANY; i++)
        check_box(&looks[i], &boxes[i]);
}

static void count_box(struct actor *a) {
    struct warp_box b = random_box(&a->rand);
    uint64_t count, least = 0, most = WRITERS; // of each writer one doomed at a time
    CHECK(a->stage,
          warp_bbox_count(a->s, NULL, b.west, b.south, b.east, b.north, &count) == WARP_OK);
    for (unsigned i = 0; i < SEEN; i++) {
        unsigned ends = in_box(a->stage->at[i][0], &b) + in_box(a->stage->at[i][1], &b);
        bool edge = a->stage->extents && i % 4 == 0;
        least += ends == 2 && !edge;
        most += ends > 0 || edge;
    }
    CHECK(a->stage, count >= least && count <= most);
}

/// Of a circle, or of the k nearest: who is nearer than the last in any case was seen.
static void search_round(struct actor *a) {
    struct look l;
    look_begin(&l, a->stage);
    l.round = true;
    l.from = random_place(&a->rand);
    uint32_t limit = 1 + (uint32_t)rand_below(&a->rand, 40);
    double radius_m = rand_below(&a->rand, 2) ? 1e8 : rand_range(&a->rand, 1e5, 5e6);
    enum warp_status st =
        radius_m == 1e8 ? warp_nearest(a->s, NULL, l.from.lon, l.from.lat, limit, see, &l)
                        : warp_nearby(a->s, NULL, l.from.lon, l.from.lat, radius_m, limit, see, &l);
    CHECK(a->stage, st == WARP_OK);
    unsigned hits = l.others;
    for (unsigned i = 0; i < SEEN; i++)
        hits += l.seen[i];
    double within = hits < limit ? radius_m : l.last_m;
    CHECK(a->stage, hits <= limit);
    for (unsigned i = 0; i < SEEN; i++) {
        const struct place *at = a->stage->at[i];
        bool nearer = metres(l.from, at[0]) < within - 1 && metres(l.from, at[1]) < within - 1;
        CHECK(a->stage, !nearer || l.seen[i] == 1);
    }
}

static void find_one(struct actor *a) {
    char id[24];
    unsigned i = (unsigned)rand_below(&a->rand, SEEN);
    struct look l;
    struct warp_hit hit;
    look_begin(&l, a->stage);
    snprintf(id, sizeof id, "%c%u", i < FIXED ? 'f' : 's', i);
    CHECK(a->stage, warp_find(a->s, NULL, id, &hit) == WARP_OK && see(&l, &hit));
    unsigned w = (unsigned)rand_below(&a->rand, WRITERS);
    if (l.gone[w]) {
        snprintf(id, sizeof id, "d%u-%u", w, l.gone[w]);
        CHECK(a->stage, warp_find(a->s, NULL, id, &hit) == WARP_NOT_FOUND);
    }
}

static void *read_all(void *arg) {
    struct actor *a = arg;
    for (int round = 0; round < ROUNDS && !atomic_load(&a->stage->failed); round++) {
        search_box(a);
        search_boxes(a);
        count_box(a);
        search_round(a);
        find_one(a);
    }
    return NULL;
}

static void stage_init(struct stage *g, enum warp_index index, bool extents) {
    struct rand r;
    struct warp_session *s;
    *g = (struct stage){.seed = test_seed(), .extents = extents};
    rand_init(&r, g->seed);
    assert_int_equal(warp_open(&(struct warp_options){.index = index}, &g->db, NULL, 0), WARP_OK);
    assert_int_equal(warp_session_open(g->db, &s), WARP_OK);
    for (unsigned i = 0; i < SEEN; i++) {
        char id[16];
        struct place p = random_place(&r), other = random_place(&r);
        if (rand_below(&r, 2)) other = (struct place){p.lon + 0.0008, p.lat - 0.0004};
        if (i < FIXED) other = p;
        g->at[i][0] = p;
        g->at[i][1] = other;
        snprintf(id, sizeof id, "%c%u", i < FIXED ? 'f' : 's', i);
        assert_int_equal(warp_put_point(s, NULL, id, p.lon, p.lat, NULL), WARP_OK);
    }
    warp_session_close(s);
}

static void run(enum warp_index index, bool extents) {
    static struct stage g;
    struct actor actors[WRITERS + READERS];
    pthread_t threads[WRITERS + READERS];
    stage_init(&g, index, extents);
    for (unsigned i = 0; i < WRITERS + READERS; i++) {
        actors[i] = (struct actor){.stage = &g, .number = i};
        rand_init(&actors[i].rand, g.seed + i);
        assert_int_equal(warp_session_open(g.db, &actors[i].s), WARP_OK);
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < WRITERS ? write_all : read_all, &actors[i]), 0);
    }
    for (unsigned i = WRITERS; i < WRITERS + READERS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&g.stop, true);
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < WRITERS + READERS; i++)
        warp_session_close(actors[i].s);
    warp_close(g.db);
    assert_false(atomic_load(&g.failed));
}

static void points_of_a_quadtree(void **state) {
    (void)state;
    run(WARP_QUADTREE, false);
}

static void points_and_extents_of_a_quadtree(void **state) {
    (void)state;
    run(WARP_QUADTREE, true);
}

static void points_of_an_rtree(void **state) {
    (void)state;
    run(WARP_RTREE, false);
}

static void points_and_extents_of_geohashes(void **state) {
    (void)state;
    run(WARP_GEOHASH, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_of_a_quadtree),
        cmocka_unit_test(points_and_extents_of_a_quadtree),
        cmocka_unit_test(points_of_an_rtree),
        cmocka_unit_test(points_and_extents_of_geohashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
