// An engine as a whole: readers beside writers, moves between shards, listing, metadata, statistics.

#include "engine_support.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/rand.h"

#define IDS 64
#define WRITERS 2
#define READERS 2

struct crowd {
    struct engine *engine;
    atomic_bool stop;
    atomic_uint misses, seen, rounds;
    uint64_t seed;
    enum index_kind kind;
};

// Properties repeat the position, so that a mixture of two states cannot hide.
static void describe(char *out, size_t size, double lon, double lat) {
    snprintf(out, size, "{\"lon\":%.17g,\"lat\":%.17g}", lon, lat);
}

static void check_whole(const struct object *o) {
    char text[128];
    describe(text, sizeof text, o->point.lon, o->point.lat);
    assert_true(str_eq(object_properties(o), str_of(text)));
}

struct visit {
    const struct collection *c;
    unsigned *per_slot;
};

static bool see(void *ctx, const uint32_t *items, size_t count, bool sure) {
    (void)sure;
    struct visit *v = ctx;
    for (size_t i = 0; i < count; i++) {
        struct object o;
        assert_true(read_slot(v->c, items[i], &o)); // the index names no empty slot
        check_whole(&o);
        assert_int_equal(o.slot, items[i]);
        v->per_slot[items[i]]++;
    }
    return true;
}

// With all read sides held, each object that is never deleted ("k...") is seen exactly once.
static void look_everywhere(struct crowd *crowd, unsigned r, const struct collection *c) {
    struct engine *e = crowd->engine;
    unsigned per_slot[4 * IDS] = {0};
    struct visit v = {c, per_slot};
    const struct index_box world = {-1800000000, -900000000, 1800000000, 900000000};
    for (unsigned s = 0; s < e->shards.count; s++) {
        brlock_read_begin(e->shards.locks[s], r);
    }
    for (unsigned s = 0; s < e->shards.count; s++) {
        if (collection_part(c, s)) {
            index_search(collection_part(c, s), &world, see, &v, NULL);
        }
    }
    for (uint32_t slot = 0; slot < slots_end(&c->slots); slot++) {
        struct object o;
        assert_true(per_slot[slot] <= 1);
        if (read_slot(c, slot, &o) && object_id(&o).p[0] == 'k') {
            assert_int_equal(per_slot[slot], 1);
        }
    }
    for (unsigned s = 0; s < e->shards.count; s++) {
        brlock_read_end(e->shards.locks[s], r);
    }
}

static void *read_all_the_time(void *arg) {
    struct crowd *crowd = arg;
    struct engine *e = crowd->engine;
    unsigned r;
    struct rand rand;
    rand_init(&rand, crowd->seed + 99);
    assert_int_equal(engine_reader_open(e, &r), STATUS_OK);
    while (!atomic_load(&crowd->stop)) {
        engine_enter(e, r);
        for (int i = 0; i < 20; i++) {
            char id[16];
            bool kept = rand_below(&rand, 2);
            snprintf(id, sizeof id, "%c%d", kept ? 'k' : 'd', (int)rand_below(&rand, IDS));
            const struct object *o = get(e, r, "c", id);
            assert_true(o || !kept); // never lost
            if (o) {
                assert_true(str_eq(object_id(o), str_of(id)));
                check_whole(o);
            }
            atomic_fetch_add(o ? &crowd->seen : &crowd->misses, 1);
        }
        look_everywhere(crowd, r, collection_lookup(e, STR("c")));
        atomic_fetch_add(&crowd->rounds, 1);
        engine_leave(e, r);
    }
    engine_reader_close(e, r);
    return NULL;
}

static void write_round(struct engine *e, unsigned r, struct rand *rand) {
    enum { BATCH = 16 };
    static const enum change_kind kinds[] = {CHANGE_PUT, CHANGE_PUT, CHANGE_CREATE, CHANGE_DELETE};
    struct change changes[BATCH];
    struct change_result results[BATCH];
    char ids[BATCH][16], properties[BATCH][128];
    size_t count = 1 + rand_below(rand, BATCH);
    for (size_t i = 0; i < count; i++) {
        bool kept = rand_below(rand, 2);
        double lon = rand_range(rand, -180, 180), lat = rand_range(rand, -90, 90);
        snprintf(ids[i], sizeof ids[i], "%c%d", kept ? 'k' : 'd', (int)rand_below(rand, IDS));
        describe(properties[i], sizeof properties[i], lon, lat);
        changes[i] = change_point(kept ? CHANGE_PUT : kinds[rand_below(rand, 4)], "c", ids[i], lon,
                                  lat, properties[i]);
    }
    uint64_t lsn;
    engine_enter(e, r);
    assert_int_equal(engine_apply(e, r, changes, count, results, &lsn, NULL), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        assert_true(results[i].status == STATUS_OK || results[i].status == STATUS_EXISTS ||
                    results[i].status == STATUS_NOT_FOUND);
        if (results[i].object) {
            check_whole(results[i].object);
        }
    }
    engine_leave(e, r);
}

static void *write_all_the_time(void *arg) {
    struct crowd *crowd = arg;
    unsigned r;
    struct rand rand;
    static atomic_uint number;
    rand_init(&rand, crowd->seed + atomic_fetch_add(&number, 1));
    assert_int_equal(engine_reader_open(crowd->engine, &r), STATUS_OK);
    while (!atomic_load(&crowd->stop)) {
        write_round(crowd->engine, r, &rand);
    }
    engine_reader_close(crowd->engine, r);
    return NULL;
}

static void run_crowd(enum index_kind kind, uint64_t seed) {
    unsigned r;
    struct crowd crowd = {.engine = engine_make(kind, 6, &r), .seed = seed, .kind = kind};
    for (int i = 0; i < IDS; i++) {
        char id[16], text[128];
        snprintf(id, sizeof id, "k%d", i);
        describe(text, sizeof text, i, i);
        assert_int_equal(apply_one(crowd.engine, r, change_point(CHANGE_PUT, "c", id, i, i, text)),
                         STATUS_OK);
    }
    assert_int_equal(engine_start(crowd.engine), STATUS_OK);
    pthread_t threads[WRITERS + READERS];
    for (int i = 0; i < WRITERS + READERS; i++) {
        pthread_create(&threads[i], NULL, i < WRITERS ? write_all_the_time : read_all_the_time,
                       &crowd);
    }
    usleep(700000);
    atomic_store(&crowd.stop, true);
    for (int i = 0; i < WRITERS + READERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(atomic_load(&crowd.seen) > 0 && atomic_load(&crowd.misses) > 0 &&
                atomic_load(&crowd.rounds) > 0);
    check_engine(crowd.engine);
    engine_end(crowd.engine, r);
}

static void readers_beside_writers(void **state) {
    (void)state;
    uint64_t seed = test_seed();
    run_crowd(INDEX_QUADTREE, seed);
    run_crowd(INDEX_RTREE, seed);
    run_crowd(INDEX_GEOHASH, seed);
}

static void *drop_all_the_time(void *arg) {
    struct crowd *crowd = arg;
    unsigned r;
    assert_int_equal(engine_reader_open(crowd->engine, &r), STATUS_OK);
    while (!atomic_load(&crowd->stop)) {
        uint64_t lsn;
        engine_enter(crowd->engine, r);
        enum status st = engine_drop(crowd->engine, r, STR("c"), &lsn, NULL);
        engine_leave(crowd->engine, r);
        assert_true(st == STATUS_OK || st == STATUS_NOT_FOUND);
        atomic_fetch_add(&crowd->rounds, st == STATUS_OK);
        usleep(500);
    }
    engine_reader_close(crowd->engine, r);
    return NULL;
}

static void writers_beside_drops(void **state) {
    (void)state;
    unsigned r;
    struct crowd crowd = {.engine = engine_make(INDEX_QUADTREE, 4, &r), .seed = 7};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, i < 2 ? write_all_the_time : drop_all_the_time, &crowd);
    }
    usleep(500000);
    atomic_store(&crowd.stop, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(atomic_load(&crowd.rounds) > 2);
    check_engine(crowd.engine);
    struct engine_stats stats;
    engine_stats(crowd.engine, &stats);
    uint64_t placed = 0;
    for (unsigned s = 0; s < stats.shard_count; s++) {
        placed += stats.shard_objects[s];
    }
    assert_int_equal(placed, stats.objects);
    engine_end(crowd.engine, r);
}

static void collections_in_order(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = engine_make(INDEX_RTREE, 3, &r);
    const char *const names[] = {"m", "a", "z", "c", "b"};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(apply_one(e, r, change_point(CHANGE_PUT, names[i], "x", 10, 20, "{}")),
                         STATUS_OK);
    }
    assert_int_equal(apply_one(e, r, change_point(CHANGE_PUT, "a", "y", -30, 40, "{}")), STATUS_OK);
    struct arena arena;
    arena_init(&arena, 0);
    struct collection_info *info;
    size_t count;
    engine_enter(e, r);
    assert_int_equal(engine_collections(e, r, STR_NONE, 3, &arena, &info, &count), STATUS_OK);
    assert_int_equal(count, 3);
    assert_true(str_eq(info[0].name, STR("a")) && str_eq(info[2].name, STR("c")));
    assert_int_equal(info[0].count, 2);
    assert_true(info[0].extent.min_lon <= -30 && info[0].extent.max_lon >= 10 &&
                info[0].extent.max_lat >= 40);
    assert_true(info[0].extent.min_lon > -31 && info[0].extent.max_lat < 41);
    assert_string_equal(info[0].index, "rtree");
    assert_int_equal(engine_collections(e, r, STR("c"), 10, &arena, &info, &count), STATUS_OK);
    assert_int_equal(count, 2);
    assert_true(str_eq(info[1].name, STR("z")));
    engine_leave(e, r);
    arena_deinit(&arena);
    engine_end(e, r);
}

static void reads_are_counted(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = engine_make(INDEX_QUADTREE, 2, &r);
    assert_int_equal(apply_one(e, r, change_point(CHANGE_PUT, "", "x", 10, 20, "{}")), STATUS_OK);
    engine_enter(e, r);
    struct object_metadata m;
    struct object o;
    assert_true(read_slot(collection_lookup(e, STR("default")), 0, &o));
    engine_metadata(e, STR("default"), &o, &m);
    assert_true(m.last_accessed_ms == 0 && m.access_frequency == 0 && m.energy_level == 0);
    assert_int_equal(m.shard, shard_of_point(&e->shards, o.point));
    for (int i = 0; i < 300; i++) {
        assert_non_null(get(e, r, "default", "x"));
    }
    engine_metadata(e, STR("default"), &o, &m);
    // 300 reads at once weigh 300 ln 2 / 300 s: 0.69 a second, 2,495 an hour: level 5.
    assert_float_equal(m.access_frequency, 0.693, 0.01);
    assert_int_equal(m.energy_level, 5);
    assert_true(m.last_accessed_ms >= o.updated_ms);
    struct slot_access *access = slots_access(&collection_lookup(e, STR("default"))->slots, 0);
    assert_float_equal(slots_access_rate(access, m.last_accessed_ms + 300000),
                       m.access_frequency / 2, 0.01);
    engine_leave(e, r);
    struct engine_stats stats;
    engine_stats(e, &stats);
    assert_int_equal(stats.gets, 300);
    assert_int_equal(stats.puts, 1);
    engine_end(e, r);
}

static void too_many_collections(void **state) {
    (void)state;
    struct engine *e;
    unsigned r;
    struct engine_options options = {.limit_collections = 2};
    assert_int_equal(engine_new(&options, &e), STATUS_OK);
    assert_int_equal(engine_reader_open(e, &r), STATUS_OK);
    assert_int_equal(apply_one(e, r, change_point(CHANGE_PUT, "a", "x", 1, 2, "{}")), STATUS_OK);
    assert_int_equal(apply_one(e, r, change_point(CHANGE_PUT, "b", "x", 1, 2, "{}")), STATUS_OK);
    assert_int_equal(apply_one(e, r, change_point(CHANGE_PUT, "c", "x", 1, 2, "{}")),
                     STATUS_TOO_LARGE);
    assert_int_equal(apply_one(e, r, change_point(CHANGE_PUT, "a", "y", 1, 2, "{}")), STATUS_OK);
    engine_end(e, r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_beside_writers), cmocka_unit_test(writers_beside_drops),
        cmocka_unit_test(collections_in_order),   cmocka_unit_test(reads_are_counted),
        cmocka_unit_test(too_many_collections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
