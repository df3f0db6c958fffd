// Objects and their stored form: every field comes back, and no damaged bytes get through unseen.

#include "support/support.h"

#include <pthread.h>

#include "base/mem.h"
#include "engine/row.h"
#include "geo/wkt.h"

static struct row *make(const struct object_draft *draft) {
    struct row *row;
    assert_int_equal(row_new(draft, &row), STATUS_OK);
    row_stamp(row, &(struct row_stamp){.slot = 300,
                                       .version = 70000,
                                       .generation = 200,
                                       .created_ms = 1700000000123,
                                       .updated_ms = 1700000000124});
    return row;
}

static void write_row(const struct row *row, struct buf *out) {
    struct object o;
    row_read(row, &o);
    row_write(&o, out);
}

static void check_equal(const struct row *row_a, const struct row *row_b) {
    struct object object_a, object_b;
    const struct object *a = &object_a, *b = &object_b;
    row_read(row_a, &object_a);
    row_read(row_b, &object_b);
    assert_int_equal(row_weight(row_a), row_weight(row_b));
    assert_true(str_eq(object_id(a), object_id(b)));
    assert_true(str_eq(object_properties(a), object_properties(b)));
    assert_true(str_eq(object_text(a), object_text(b)));
    assert_int_equal(a->slot, b->slot);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->created_ms, b->created_ms);
    assert_int_equal(a->updated_ms, b->updated_ms);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(object_expires_ms(a), object_expires_ms(b));
    struct bbox box_a = object_bbox(a), box_b = object_bbox(b);
    assert_memory_equal(&box_a, &box_b, sizeof box_a);
    if (a->flags & OBJECT_HAS_Z) {
        assert_true(object_z(a) == object_z(b));
    }
    if (a->flags & OBJECT_HAS_TIME) {
        assert_int_equal(object_time_ms(a), object_time_ms(b));
    }
}

static void round_trip(const struct object_draft *draft) {
    struct row *o = make(draft), *back;
    struct buf body;
    buf_init(&body);
    write_row(o, &body);
    assert_int_equal(row_parse(buf_str(&body), draft->id, &back), STATUS_OK);
    check_equal(o, back);
    row_free(back);
    // Cut anywhere, it is noticed or (within the properties' length) does not parse as the same.
    for (size_t len = 0; len < body.len; len++) {
        char *exact = malloc(len + 1); // the sanitizer sees reads behind it
        memcpy(exact, body.data, len);
        char *copy = realloc(exact, len ? len : 1);
        assert_int_equal(row_parse((struct str){copy, len}, draft->id, &back), STATUS_CORRUPT);
        free(copy);
    }
    buf_deinit(&body);
    row_free(o);
}

static void every_field_comes_back(void **state) {
    (void)state;
    for (unsigned mask = 0; mask < 8; mask++) {
        struct object_draft draft = {.id = STR("truck-7"),
                                     .point = {-122.4194, 37.7749},
                                     .properties = STR("{\"a\":[1,2,{\"b\":null}]}"),
                                     .has_z = mask & 1,
                                     .z = -12.5,
                                     .has_time = mask & 2,
                                     .time_ms = -5,
                                     .has_expiry = mask & 4,
                                     .expires_ms = 1800000000000};
        round_trip(&draft);
        draft.properties = STR_NONE;
        round_trip(&draft);
    }
}

static void geometries_come_back(void **state) {
    (void)state;
    static const char *const wkts[] = {"LINESTRING(170 10,-170 12)", "GEOMETRYCOLLECTION EMPTY",
                                       "POLYGON((1 1,3 1,3 3,1 3,1 1))"};
    for (int i = 0; i < 3; i++) {
        struct geometry *g;
        assert_int_equal(wkt_parse(str_of(wkts[i]), &GEOMETRY_LIMITS_REST, &g, NULL), STATUS_OK);
        struct object_draft draft = {
            .id = STR("x"), .geometry = g, .has_time = true, .time_ms = 77};
        struct row *o = make(&draft), *back;
        struct buf body;
        buf_init(&body);
        write_row(o, &body);
        assert_int_equal(row_parse(buf_str(&body), STR("x"), &back), STATUS_OK);
        check_equal(o, back);
        struct object read = {0};
        row_read(back, &read);
        assert_int_equal(object_is_empty(&read), i == 1);
        row_free(back);
        row_free(o);
        buf_deinit(&body);
        geometry_unref(g);
    }
}

static void forms_come_back(void **state) {
    (void)state;
    struct geometry *g;
    assert_int_equal(wkt_parse(STR("GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(1 2,3 4))"),
                               &GEOMETRY_LIMITS_REST, &g, NULL),
                     STATUS_OK);
    const struct object_draft drafts[] = {
        {.id = STR("x"), .point = {5, 6}, .form = OBJECT_FEATURE, .text = STR("{\"id\":7}")},
        {.id = STR("x"), .geometry = g, .form = OBJECT_FEATURE, .text = STR("{}")},
        {.id = STR("x"), .geometry = g, .form = OBJECT_COLLECTION, .text = STR("{\"a\":1}")},
        {.id = STR("x"), .form = OBJECT_STRING, .text = STR("a\0b")},
        {.id = STR("x"), .form = OBJECT_STRING, .text = STR_NONE, .has_expiry = true},
    };
    for (size_t i = 0; i < sizeof drafts / sizeof drafts[0]; i++) {
        round_trip(&drafts[i]);
        struct row *row = make(&drafts[i]);
        struct object o;
        row_read(row, &o);
        assert_int_equal(object_form(&o), drafts[i].form);
        assert_true(str_eq(object_text(&o), drafts[i].text));
        assert_true(str_eq(object_properties(&o), STR("{}")));
        assert_int_equal(object_is_empty(&o), drafts[i].form == OBJECT_STRING);
        assert_false(row_can_move(row));
        row_free(row);
    }
    geometry_unref(g);
}

static void a_point_needs_no_geometry(void **state) {
    (void)state;
    struct geometry *g;
    assert_int_equal(wkt_parse(STR("POINT Z (5 6 7)"), &GEOMETRY_LIMITS_REST, &g, NULL), STATUS_OK);
    struct row *row = make(&(struct object_draft){.id = STR("x"), .geometry = g});
    struct object o;
    row_read(row, &o);
    assert_int_equal(o.flags, OBJECT_HAS_Z);
    assert_true(o.point.lon == 5 && o.point.lat == 6 && object_z(&o) == 7);
    assert_int_equal(object_type(&o), GEOMETRY_POINT);
    row_free(row);
    geometry_unref(g);
}

static void random_damage_is_bounded(void **state) {
    (void)state;
    srand((unsigned)test_seed());
    struct row *o = make(&(struct object_draft){.id = STR("x"),
                                                .point = {1, 2},
                                                .properties = STR("{\"a\":1}"),
                                                .has_expiry = true,
                                                .expires_ms = 1});
    struct buf body;
    buf_init(&body);
    write_row(o, &body);
    for (int i = 0; i < 20000; i++) {
        char bytes[128];
        size_t len = body.len;
        memcpy(bytes, body.data, len);
        bytes[(size_t)rand() % len] = (char)rand();
        bytes[(size_t)rand() % len] = (char)rand();
        struct row *back;
        enum status st = row_parse((struct str){bytes, len}, STR("x"), &back);
        if (st == STATUS_OK) {
            struct object read = {0};
            row_read(back, &read);
            assert_true(point_valid(read.point) || (read.flags & OBJECT_HAS_GEOMETRY));
            row_free(back);
        } else {
            assert_int_equal(st, STATUS_CORRUPT);
        }
    }
    buf_deinit(&body);
    row_free(o);
}

enum { MOVES = 200000 };

static struct point place_of_state(uint32_t version) {
    return (struct point){version * 0.0001, version * -0.00005};
}

static void *move_on(void *arg) {
    struct row *row = arg;
    for (uint32_t version = 1; version < MOVES;) {
        unsigned states = version % 7 == 0 && version + 2 < MOVES ? 2 : 1;
        version += states;
        row_move(row, place_of_state(version), version, states);
    }
    return NULL;
}

// Readers see states, never parts of two, and none older than one they have seen.
static void *read_on(void *arg) {
    const struct row *row = arg;
    struct object o = {.version = 0};
    uint32_t torn = 0, last = 0;
    while (o.version < MOVES) {
        row_read(row, &o);
        struct point want = place_of_state(o.version);
        torn += o.point.lon != want.lon || o.point.lat != want.lat || o.updated_ms != o.version ||
                o.version < last;
        last = o.version;
    }
    return torn ? arg : NULL;
}

static void read_while_it_moves(void **state) {
    (void)state;
    struct row *row;
    struct object_draft draft = {.id = STR("truck-7"), .point = place_of_state(1)};
    assert_int_equal(row_new(&draft, &row), STATUS_OK);
    row_stamp(row, &(struct row_stamp){.version = 1, .updated_ms = 1});
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, i ? read_on : move_on, row);
    }
    for (int i = 0; i < 3; i++) {
        void *torn;
        pthread_join(threads[i], &torn);
        assert_null(torn);
    }
    row_free(row);
}

static void move_once(void **state) {
    (void)state;
    struct row *row;
    struct object_draft draft = {.id = STR("a"), .has_time = true, .time_ms = 5};
    assert_int_equal(row_new(&draft, &row), STATUS_OK);
    row_stamp(row, &(struct row_stamp){.version = ROW_VERSION_MAX, .updated_ms = 100});
    assert_true(row_can_move(row));
    row_move(row, (struct point){1, 2}, 99, 1); // the clock was put back
    struct object o;
    row_read(row, &o);
    assert_int_equal(o.version, 1);
    assert_int_equal(o.updated_ms, 100);
    assert_int_equal(object_time_ms(&o), 5);
    assert_true(o.point.lon == 1 && o.point.lat == 2);
    row_free(row);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),   cmocka_unit_test(geometries_come_back),
        cmocka_unit_test(forms_come_back),          cmocka_unit_test(a_point_needs_no_geometry),
        cmocka_unit_test(random_damage_is_bounded), cmocka_unit_test(move_once),
        cmocka_unit_test(read_while_it_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
