// Readers beside the writer: what index_read_end calls good is held against what must have been there all
// the time. WARP_SEED repeats the writer's and the readers' choices, not their meeting.

#include "unit/index/index_model.h"

#include <pthread.h>

enum { GROUP = 800, READERS = 2, UNUSED = 1000 };
/// Who an item is says what a reader must see of it in the window, which is the cell of no node.
enum { STILL = 0, SHUTTLE = GROUP, OUTSIDE = 2 * GROUP, COMING = 3 * GROUP, ALL = 4 * GROUP };

// Its edges are those of cells of 4 by 4 quanta: steps do not cross them.
static const struct index_box window = {100000, 200000, 899999, 699999};

enum pattern {
    STEPS,     // shuttles and outsiders within their leaves: no reader is ever sent away
    MOSTLY,    // as fleets do: now and then to another leaf
    TELEPORTS, // always
    BURSTS,    // many come to one spot and go: leaves split, chain and join
    EMPTIED,   // all but nothing is taken out and put back
    PATTERNS
};

struct world {
    struct places places;
    struct index *index;
    enum pattern pattern;
    uint64_t seed;
    struct index_box at[ALL];
    bool present[ALL]; // the writer's
    atomic_bool over;
    atomic_uint_fast64_t good, sent_away;
};

static uint64_t seed;

static struct index_box point_at(int32_t lon, int32_t lat) {
    return (struct index_box){lon, lat, lon, lat};
}
static int32_t between(struct rand *r, int32_t low, int32_t high) {
    return low + (int32_t)rand_below(r, (uint64_t)(high - low) + 1);
}
static struct index_box within(struct rand *r) {
    return point_at(between(r, window.min_lon, window.max_lon),
                    between(r, window.min_lat, window.max_lat));
}
static struct index_box beyond(struct rand *r) {
    struct index_box b = within(r);
    if (rand_below(r, 2)) {
        b.min_lon = b.max_lon = window.max_lon + 1 + (int32_t)rand_below(r, 1000000);
    } else {
        b.min_lat = b.max_lat = window.min_lat - 1 - (int32_t)rand_below(r, 1000000);
    }
    return b;
}

/// cmocka's own asserts are for its thread only.
#define MUST(what)                                                                                 \
    do {                                                                                           \
        if (what) break;                                                                           \
        fprintf(stderr, "%s:%d: not so: %s (seed %llu)\n", __FILE__, __LINE__, #what,              \
                (unsigned long long)seed);                                                         \
        abort();                                                                                   \
    } while (0)

static void put(struct world *w, uint32_t item, struct index_box at) {
    MUST(index_insert(w->index, &at, item) == STATUS_OK);
    w->at[item] = at;
    w->present[item] = true;
}
static void shift(struct world *w, uint32_t item, struct index_box to) {
    MUST(index_move(w->index, &w->at[item], &to, item) == STATUS_OK);
    w->at[item] = to;
}
static void drop(struct world *w, uint32_t item) {
    index_remove(w->index, &w->at[item], item);
    w->present[item] = false;
}

/// Within a cell of 4 by 4 quanta.
static void step(struct world *w, struct rand *r, uint32_t item) {
    struct index_box b = w->at[item];
    int32_t lon = b.min_lon ^ (int32_t)rand_below(r, 4),
            lat = b.min_lat ^ (int32_t)rand_below(r, 4);
    shift(w, item, point_at(lon, lat));
}

static void write_once(struct world *w, struct rand *r) {
    uint32_t shuttle = SHUTTLE + (uint32_t)rand_below(r, GROUP);
    uint32_t outside = OUTSIDE + (uint32_t)rand_below(r, GROUP);
    uint32_t coming = COMING + (uint32_t)rand_below(r, GROUP);
    bool far = w->pattern == TELEPORTS || (w->pattern != STEPS && rand_below(r, 50) == 0);
    if (!far) {
        step(w, r, rand_below(r, 2) ? shuttle : outside);
    } else {
        shift(w, shuttle, within(r));
        shift(w, outside, beyond(r));
    }
    if (w->pattern == STEPS || !(far || w->pattern == BURSTS)) return;
    if (w->present[coming]) {
        drop(w, coming);
    } else {
        bool spot = w->pattern == BURSTS && rand_below(r, 8);
        put(w, coming, spot ? point_at(500000, 500000 + (int32_t)rand_below(r, 2)) : within(r));
    }
}

/// To nothing and back, so that the trie is cleared while readers are in it. Nothing can be asked of it meanwhile:
/// what they call good is checked for numbers only.
static void empty_once(struct world *w, struct rand *r) {
    for (uint32_t i = 0; i < ALL; i++)
        if (w->present[i]) drop(w, i);
    for (uint32_t i = 0; i < ALL; i++)
        put(w, i, rand_below(r, 2) ? within(r) : beyond(r));
}

static void *writer(void *arg) {
    struct world *w = arg;
    struct rand r;
    rand_init(&r, w->seed);
    unsigned rounds = w->pattern == EMPTIED ? 60 : w->pattern == STEPS ? 400000 : 60000;
    for (unsigned i = 0; i < rounds; i++) {
        if (w->pattern == EMPTIED) {
            empty_once(w, &r);
        } else {
            write_once(w, &r);
        }
        if (i % 64 == 0 || w->pattern == EMPTIED) sched_yield();
    }
    for (int i = 0; i < 200 && atomic_load(&w->good) < READERS; i++) // somebody gets to read
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    atomic_store(&w->over, true);
    return NULL;
}

struct reader {
    struct world *w;
    struct rand rand;
    uint8_t seen[ALL + UNUSED];
    bool wrong_number;
};

static bool see(void *ctx, const uint32_t *items, size_t count, bool sure) {
    struct reader *rd = ctx;
    (void)sure;
    for (size_t i = 0; i < count; i++) {
        if (items[i] >= ALL) {
            rd->wrong_number = true;
        } else if (rd->seen[items[i]] < UINT8_MAX) {
            rd->seen[items[i]]++;
        }
    }
    return true;
}

static double see_near(void *ctx, const uint32_t *items, size_t count, double bound) {
    (void)bound;
    see(ctx, items, count, false);
    return distance_m_to_hav(3000);
}

static void check_window(const struct reader *rd) {
    for (uint32_t i = 0; i < ALL; i++) {
        if (i < OUTSIDE) {
            MUST(rd->seen[i] == 1);
        } else if (i < COMING) {
            MUST(rd->seen[i] == 0);
        } else {
            MUST(rd->seen[i] <= 1);
        }
    }
}

/// Points that lie still around one of them are found, each once.
static void check_near(const struct reader *rd, const struct distance_from *from) {
    for (uint32_t i = STILL; i < SHUTTLE; i++) {
        struct point p = {rd->w->at[i].min_lon * 1e-7, rd->w->at[i].min_lat * 1e-7};
        if (distance_hav(from, p) < distance_m_to_hav(2999)) MUST(rd->seen[i] == 1);
        MUST(rd->seen[i] <= 1);
    }
}

static void read_once(struct reader *rd) {
    struct world *w = rd->w;
    const struct index *ix = index_unlocked(w->index);
    MUST(ix);
    bool anything = w->pattern != EMPTIED; // can be told about what it must see
    memset(rd->seen, 0, sizeof rd->seen);
    uint64_t kind = rand_below(&rd->rand, 3), counted = 0, begun = index_read_begin(ix);
    struct index_box centre = {500000, 500000, 0, 0};
    if (anything) centre = w->at[rand_below(&rd->rand, GROUP)];
    struct distance_from from =
        distance_from((struct point){centre.min_lon * 1e-7, centre.min_lat * 1e-7});
    if (kind == 0) {
        index_search(ix, &window, see, rd, NULL);
    } else if (kind == 1) {
        counted = index_count(ix, &window, see, rd, NULL);
    } else {
        index_nearest(ix, &from, 0, distance_m_to_hav(3000), see_near, rd, NULL);
    }
    bool good = index_read_end(ix, begun);
    MUST(!rd->wrong_number); // good or not
    atomic_fetch_add(good ? &w->good : &w->sent_away, 1);
    if (!good || !anything) return;
    if (kind == 0) check_window(rd);
    if (kind == 2) check_near(rd, &from);
    if (kind != 1) return;
    for (uint32_t i = 0; i < ALL; i++)
        counted += rd->seen[i];
    MUST(counted >= OUTSIDE && counted <= OUTSIDE + GROUP);
}

static void *reader(void *arg) {
    struct reader *rd = arg;
    while (!atomic_load(&rd->w->over))
        read_once(rd);
    return NULL;
}

static void run_pattern(enum pattern pattern) {
    struct world *w = calloc(1, sizeof *w);
    w->pattern = pattern;
    w->seed = seed + pattern;
    struct rand r;
    rand_init(&r, w->seed + 100);
    places_init(&w->places);
    for (uint32_t i = 0; i < ALL; i++)
        assert_int_equal(places_grow(&w->places, i), STATUS_OK);
    assert_int_equal(index_make(INDEX_QUADTREE, &w->places, &w->index), STATUS_OK);
    for (uint32_t i = 0; i < COMING; i++) {
        struct index_box at = i < OUTSIDE ? within(&r) : beyond(&r);
        put(w, i, at);
    }

    pthread_t threads[READERS + 1];
    struct reader *readers = calloc(READERS, sizeof *readers);
    for (unsigned i = 0; i < READERS; i++) {
        readers[i].w = w;
        rand_init(&readers[i].rand, w->seed + 200 + i);
        assert_int_equal(pthread_create(&threads[i], NULL, reader, &readers[i]), 0);
    }
    assert_int_equal(pthread_create(&threads[READERS], NULL, writer, w), 0);
    for (unsigned i = 0; i <= READERS; i++)
        pthread_join(threads[i], NULL);
    assert_true(index_check(w->index));
    printf("pattern %d seed %llu: %llu good, %llu sent away\n", pattern, (unsigned long long)seed,
           (unsigned long long)w->good, (unsigned long long)w->sent_away);
    assert_true(w->good > 0);
    if (pattern == STEPS) assert_int_equal(w->sent_away, 0);
    index_free(w->index);
    places_deinit(&w->places);
    free(readers);
    free(w);
}

static void steps_within_leaves_disturb_nobody(void **state) {
    (void)state;
    run_pattern(STEPS);
}
static void good_answers_hold_while_a_fleet_moves(void **state) {
    (void)state;
    run_pattern(MOSTLY);
}
static void good_answers_hold_while_all_teleport(void **state) {
    (void)state;
    run_pattern(TELEPORTS);
}
static void good_answers_hold_while_leaves_split_and_join(void **state) {
    (void)state;
    run_pattern(BURSTS);
}
static void walks_end_in_live_memory_when_the_trie_is_emptied(void **state) {
    (void)state;
    run_pattern(EMPTIED);
}

/// One thread: what a reader that began before the first rectangle is told.
static void a_first_rectangle_sends_readers_of_the_points_away(void **state) {
    (void)state;
    struct places places;
    struct index *ix = NULL;
    places_init(&places);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(places_grow(&places, i), STATUS_OK);
    assert_int_equal(index_make(INDEX_QUADTREE, &places, &ix), STATUS_OK);
    struct index_box point = {5, 5, 5, 5}, box = {0, 0, 9, 9}, far = {70, 70, 70, 70};
    assert_int_equal(index_insert(ix, &point, 0), STATUS_OK);

    const struct index *points = index_unlocked(ix);
    assert_non_null(points);
    uint64_t begun = index_read_begin(points);
    assert_true(index_read_end(points, begun));
    assert_int_equal(index_insert(ix, &box, 1), STATUS_OK);
    assert_false(index_read_end(points, begun));
    assert_false(index_read_end(points, index_read_begin(points))); // asked before, began after
    assert_null(index_unlocked(ix));
    assert_int_equal(index_insert(ix, &far, 2), STATUS_OK);
    assert_false(index_read_end(points, index_read_begin(points)));
    assert_int_equal(index_move(ix, &point, &box, 0), STATUS_OK);
    index_remove(ix, &box, 1);
    assert_null(index_unlocked(ix));
    assert_int_equal(index_move(ix, &box, &point, 0), STATUS_OK);
    assert_ptr_equal(index_unlocked(ix), points);
    begun = index_read_begin(points);
    assert_int_equal(index_move(ix, &point, &(struct index_box){6, 6, 6, 6}, 0), STATUS_OK);
    assert_true(index_read_end(points, begun)); // within the leaf
    index_free(ix);
    places_deinit(&places);
}

int main(void) {
    const char *given = getenv("WARP_SEED");
    if (given) {
        seed = strtoull(given, NULL, 10);
    } else if (rand_secure(&seed, sizeof seed) != STATUS_OK) {
        return 1;
    }
    seed &= UINT32_MAX;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_rectangle_sends_readers_of_the_points_away),
        cmocka_unit_test(steps_within_leaves_disturb_nobody),
        cmocka_unit_test(good_answers_hold_while_a_fleet_moves),
        cmocka_unit_test(good_answers_hold_while_all_teleport),
        cmocka_unit_test(good_answers_hold_while_leaves_split_and_join),
        cmocka_unit_test(walks_end_in_live_memory_when_the_trie_is_emptied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
