// Walks in order: against a sorted twin, while others write, and without memory.

#include "unit/engine/engine_support.h"

#include <pthread.h>

#include "engine/walk.h"

enum { IDS = 700 };

struct twin {
    bool there[IDS];
    char value[IDS][8]; // empty: a point
};

static void id_of(unsigned n, char id[16]) {
    snprintf(id, 16, "%s%u", n % 3 ? "truck-" : "t", n * 7919u % 10007u);
}

static void put(struct engine *e, unsigned reader, unsigned n, const char *value) {
    char id[16];
    id_of(n, id);
    struct change change = change_point(CHANGE_PUT, "c", id, 1, 2, "{}");
    if (value) {
        change.draft.form = OBJECT_STRING;
        change.draft.text = str_of(value);
    }
    assert_int_equal(apply_one(e, reader, change), STATUS_OK);
}

struct seen {
    struct str ids[IDS];
    struct str values[IDS];
    size_t count, most;
};

static bool see(void *ctx, const struct object *o) {
    struct seen *s = ctx;
    assert_true(s->count < IDS);
    s->ids[s->count] = object_id(o);
    s->values[s->count++] = object_text(o);
    return s->count < s->most;
}

static const struct twin *sorting;

static int compare_ids(const void *a, const void *b) {
    char x[16], y[16];
    id_of(*(const unsigned *)a, x);
    id_of(*(const unsigned *)b, y);
    return strcmp(x, y);
}

static int compare_values(const void *a, const void *b) {
    int order = strcmp(sorting->value[*(const unsigned *)a], sorting->value[*(const unsigned *)b]);
    return order ? order : compare_ids(a, b);
}

static size_t sorted(const struct twin *t, bool by_value, unsigned *out) {
    size_t n = 0;
    for (unsigned i = 0; i < IDS; i++) {
        if (t->there[i] && (!by_value || t->value[i][0])) {
            out[n++] = i;
        }
    }
    sorting = t;
    qsort(out, n, sizeof *out, by_value ? compare_values : compare_ids);
    return n;
}

static void check_walk(struct engine *e, unsigned reader, const struct twin *t, bool by_value) {
    unsigned order[IDS];
    size_t n = sorted(t, by_value, order);
    struct walk_range r = {.by_value = by_value, .descending = rand() % 2, .after = rand() % 2};
    char id[16] = "";
    unsigned from = n ? order[(size_t)rand() % n] : 0;
    if (n && rand() % 3) {
        r.has_from = true;
        id_of(from, id);
        r.from = str_of(by_value ? t->value[from] : id);
        r.from_id = by_value ? str_of(id) : STR_NONE;
    }
    struct seen s = {.most = rand() % 2 ? IDS : (size_t)(rand() % 20) + 1};
    engine_enter(e, reader);
    assert_int_equal(walk_run(e, reader, STR("c"), &r, see, &s, NULL), STATUS_OK);
    size_t at = 0;
    for (size_t i = 0; i < n && at < s.most; i++) {
        unsigned want = order[r.descending ? n - 1 - i : i];
        int side = r.has_from ? (by_value ? compare_values : compare_ids)(&want, &from) : 1;
        if (r.has_from && r.descending) {
            side = -side;
        }
        if (side < 0 || (side == 0 && r.after)) {
            continue;
        }
        char id_wanted[16];
        id_of(want, id_wanted);
        assert_true(at < s.count && str_eq(s.ids[at], str_of(id_wanted)));
        assert_true(str_eq(s.values[at], str_of(t->value[want])));
        at++;
    }
    assert_int_equal(at, s.count);
    engine_leave(e, reader);
}

static void random_changes(void **state) {
    (void)state;
    srand((unsigned)test_seed());
    unsigned reader;
    struct engine *e = engine_make(INDEX_QUADTREE, 3, &reader);
    struct twin *t = calloc(1, sizeof *t);
    put(e, reader, 0, NULL);
    t->there[0] = true;
    for (int step = 0; step < 6000; step++) {
        unsigned n = (unsigned)rand() % (step % 2000 < 300 ? 20 : IDS);
        char id[16];
        id_of(n, id);
        if (rand() % 5 < 2 + (step / 1000) % 2) {
            enum status st = apply_one(e, reader, change_delete("c", id));
            assert_int_equal(st, t->there[n] ? STATUS_OK : STATUS_NOT_FOUND);
            t->there[n] = false;
        } else {
            bool string = rand() % 2;
            snprintf(t->value[n], sizeof t->value[n], "%c%d", 'a' + rand() % 3, rand() % 9);
            if (!string) {
                memset(t->value[n], 0, sizeof t->value[n]);
            }
            put(e, reader, n, string ? t->value[n] : NULL);
            t->there[n] = true;
        }
        if (step > 300 && step % 7 == 0) {
            check_walk(e, reader, t, step % 2);
        }
    }
    unsigned order[IDS];
    struct collection *c = collection_lookup(e, STR("c"));
    assert_true(id_order_check(c->order, ID_ORDER_ID, sorted(t, false, order)));
    assert_true(id_order_check(c->order, ID_ORDER_VALUE, sorted(t, true, order)));
    assert_true(id_order_bytes(c->order) > 0);
    free(t);
    engine_end(e, reader);
}

static void without_memory(void **state) {
    (void)state;
    unsigned reader;
    struct engine *e = engine_make(INDEX_QUADTREE, 1, &reader);
    struct twin *t = calloc(1, sizeof *t);
    for (unsigned n = 0; n < IDS / 2; n++) {
        put(e, reader, n, NULL);
        t->there[n] = true;
    }
    struct walk_range all = {.by_value = false};
    bool done = false;
    for (uint64_t fail = 1; !done; fail++) { // making it
        struct seen s = {.most = IDS};
        struct collection *c = collection_lookup(e, STR("c"));
        engine_enter(e, reader);
        mem_fail_at(fail, true);
        enum status st = walk_run(e, reader, STR("c"), &all, see, &s, NULL);
        mem_fail_at(0, false);
        engine_leave(e, reader);
        done = st == STATUS_OK;
        assert_true(done ? s.count == IDS / 2 : st == STATUS_NO_MEMORY && s.count == 0);
        assert_true(c->order == NULL || id_order_bytes(c->order) < 100000);
    }
    for (unsigned n = IDS / 2; n < IDS; n++) { // following it: given up, and made anew
        char id[16];
        id_of(n, id);
        mem_fail_at((uint64_t)(n % 6) + 1, false);
        enum status st = apply_one(e, reader, change_point(CHANGE_PUT, "c", id, 1, 2, "{}"));
        mem_fail_at(0, false);
        t->there[n] = st == STATUS_OK;
        check_walk(e, reader, t, false);
    }
    free(t);
    engine_end(e, reader);
}

enum { WRITERS = 2, WALKS = 60 };

struct crowd {
    struct engine *e;
    _Atomic bool stop;
    unsigned number;
};

// Ids that are divisible by 5 stay, the others come and go; each writer has its own.
static void *write_on(void *arg) {
    struct crowd *w = arg;
    unsigned reader, seed = w->number + 1;
    assert_int_equal(engine_reader_open(w->e, &reader), STATUS_OK);
    while (!atomic_load(&w->stop)) {
        unsigned n = (unsigned)rand_r(&seed) % IDS;
        char id[16], value[8];
        id_of(n, id);
        if (n % 5 == 0 || n % WRITERS != w->number) {
            continue;
        }
        if (rand_r(&seed) % 2) {
            (void)apply_one(w->e, reader, change_delete("c", id));
        } else {
            snprintf(value, sizeof value, "v%d", rand_r(&seed) % 9);
            put(w->e, reader, n, value);
        }
    }
    engine_reader_close(w->e, reader);
    return NULL;
}

static void while_others_write(void **state) {
    (void)state;
    unsigned reader;
    struct engine *e = engine_make(INDEX_QUADTREE, 2, &reader);
    for (unsigned n = 0; n < IDS; n += 5) {
        put(e, reader, n, "same");
    }
    struct crowd writers[WRITERS];
    pthread_t threads[WRITERS];
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (struct crowd){.e = e, .number = i};
        pthread_create(&threads[i], NULL, write_on, &writers[i]);
    }
    for (int walk = 0; walk < WALKS; walk++) {
        struct walk_range range = {.by_value = walk % 2, .descending = walk / 2 % 2};
        struct seen s = {.most = IDS};
        engine_enter(e, reader);
        assert_int_equal(walk_run(e, reader, STR("c"), &range, see, &s, NULL), STATUS_OK);
        size_t lasting = 0;
        for (size_t i = 0; i < s.count; i++) {
            lasting += str_eq(s.values[i], STR("same"));
            if (i == 0) {
                continue;
            }
            int order = range.by_value ? str_compare(s.values[i - 1], s.values[i]) : 0;
            order = order ? order : str_compare(s.ids[i - 1], s.ids[i]);
            assert_true(range.descending ? order > 0 : order < 0);
        }
        assert_int_equal(lasting, IDS / 5);
        engine_leave(e, reader);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        atomic_store(&writers[i].stop, true);
        pthread_join(threads[i], NULL);
    }
    struct collection *c = collection_lookup(e, STR("c"));
    assert_true(id_order_check(c->order, ID_ORDER_ID, c->count));
    engine_end(e, reader);
}

static void no_collection(void **state) {
    (void)state;
    unsigned reader;
    struct engine *e = engine_make(INDEX_QUADTREE, 1, &reader);
    struct walk_range all = {.by_value = false};
    engine_enter(e, reader);
    assert_int_equal(walk_run(e, reader, STR("none"), &all, see, NULL, NULL), STATUS_NOT_FOUND);
    engine_leave(e, reader);
    engine_end(e, reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(while_others_write),
        cmocka_unit_test(no_collection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
