// Clients that give one id another form at the same time: whatever a reader sees is what one of them has said, whole.
// A SET of a point writes a plain point over in place, so it may not do that to what has become something else meanwhile.

#include "unit/command/support.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SEEN = 3000 }; // of each form

struct table {
    struct desk *desk;
    _Atomic bool stop;
};

/// Another client of the same commands.
static void desk_join(struct desk *d, const struct desk *host) {
    *d =
        (struct desk){.engine = host->engine, .metrics = host->metrics, .commands = host->commands};
    assert_int_equal(engine_reader_open(d->engine, &d->reader), STATUS_OK);
    arena_init(&d->arena, 0);
    buf_init(&d->out);
}

static void desk_leave(struct desk *d) {
    engine_reader_close(d->engine, d->reader);
    arena_deinit(&d->arena);
    buf_deinit(&d->out);
}

static const struct str feature[] = {
    STR("SET"), STR("k"), STR("i"), STR("OBJECT"),
    STR("{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[50,50]},"
        "\"properties\":{\"a\":1}}")};
static const struct str string[] = {STR("SET"), STR("k"), STR("i"), STR("STRING"), STR("word")};
static const struct str expiring[] = {STR("SET"), STR("k"),     STR("i"), STR("EX"),
                                      STR("900"), STR("POINT"), STR("7"), STR("7")};
static const struct str altitude[] = {STR("SET"), STR("k"), STR("i"), STR("POINT"),
                                      STR("8"),   STR("8"), STR("8")};
static const struct str point[] = {STR("SET"),   STR("k"), STR("i"),
                                   STR("POINT"), STR("3"), STR("2")};

static void *change_forms(void *arg) {
    struct table *t = arg;
    struct desk d;
    desk_join(&d, t->desk);
    while (!atomic_load(&t->stop)) {
        desk_ask(&d, feature, 5);
        desk_ask(&d, string, 5);
        desk_ask(&d, expiring, 8);
        desk_ask(&d, point, 6);
        desk_ask(&d, altitude, 7);
    }
    desk_leave(&d);
    return NULL;
}

static void *set_points(void *arg) {
    struct table *t = arg;
    struct desk d;
    desk_join(&d, t->desk);
    while (!atomic_load(&t->stop)) {
        desk_ask(&d, point, 6);
    }
    desk_leave(&d);
    return NULL;
}

/// What is there is one of the states that were said.
static void check(const struct object *o) {
    bool expires = o->flags & OBJECT_HAS_EXPIRY, high = o->flags & OBJECT_HAS_Z;
    switch (object_form(o)) {
    case OBJECT_PLAIN:
        if (o->point.lon != (expires ? 7
                             : high  ? 8
                                     : 2) ||
            o->point.lat != (expires ? 7
                             : high  ? 8
                                     : 3)) {
            fail_msg("%s%s at %g %g", expires ? "expiring " : "", high ? "high" : "", o->point.lat,
                     o->point.lon);
        }
        return;
    case OBJECT_FEATURE:
        if (o->flags & OBJECT_HAS_GEOMETRY || o->point.lon != 50 || o->point.lat != 50) {
            fail_msg("the feature went to %g %g", o->point.lat, o->point.lon);
        }
        return;
    case OBJECT_STRING: assert_true(str_eq(object_text(o), STR("word"))); return;
    default: fail_msg("form %d", (int)object_form(o));
    }
}

static void points_and_other_forms(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    struct table t = {.desk = &d};
    desk_ask(&d, point, 6);
    pthread_t threads[2];
    assert_int_equal(pthread_create(&threads[0], NULL, change_forms, &t), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, set_points, &t), 0);
    unsigned forms[4] = {0};
    while (forms[OBJECT_PLAIN] < SEEN || forms[OBJECT_FEATURE] < SEEN ||
           forms[OBJECT_STRING] < SEEN) {
        struct object o;
        engine_enter(d.engine, d.reader);
        assert_int_equal(engine_find(d.engine, d.reader, STR("k"), STR("i"), &o, NULL), STATUS_OK);
        check(&o);
        forms[object_form(&o)]++;
        engine_leave(d.engine, d.reader);
    }
    atomic_store(&t.stop, true);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    print_message("%u points, %u features, %u strings\n", forms[0], forms[1], forms[3]);
    desk_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(points_and_other_forms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
