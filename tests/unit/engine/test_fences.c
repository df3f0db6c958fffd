// What fences tell of each change, in which order, and what of it lasts.

#include "fence_support.h"

#include "storage/wal_store.h"

static void end(struct engine *e, unsigned r, struct heard *h) {
    engine_end(e, r);
    buf_deinit(&h->log);
}

static void nobody_asks(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    put_at(e, r, "a", 0, 0);
    assert_int_equal(engine_fence_count(e, FENCE_GEOFENCE), 0);
    expect_told(&h, "");
    end(e, r, &h);
}

static void geofences(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    put_at(e, r, "there", 1, 1);
    put_fence(e, fence_of((struct fence_spec){.durable = true}, "g", SQUARE));
    expect_told(&h, ""); // silently
    put_at(e, r, "there", 2, 2);
    expect_told(&h, "1 g inside set there\n");
    put_at(e, r, "in", 10, 10); // on its corner
    expect_told(&h, "2 g enter set in\n");
    put_at(e, r, "out", 20, 0);
    expect_told(&h, "");
    move_to(e, r, "out", 21, 0);
    expect_told(&h, "3 g outside set out\n");
    move_to(e, r, "out", -21, 0);
    expect_told(&h, "4 g cross set out\n5 g outside set out\n");
    move_to(e, r, "out", -21, 0);
    expect_told(&h, "6 g outside set out\n");
    move_to(e, r, "in", 11, 10);
    expect_told(&h, "7 g exit set in\n");
    move_to(e, r, "in", 9, 9);
    expect_told(&h, "8 g enter set in\n");
    assert_int_equal(apply_one(e, r, change_delete("c", "in")), STATUS_OK);
    expect_told(&h, "9 g exit del in\n");
    assert_int_equal(apply_one(e, r, change_delete("c", "out")), STATUS_OK);
    expect_told(&h, "");
    uint64_t lsn;
    engine_enter(e, r);
    assert_int_equal(engine_drop(e, r, STR("c"), &lsn, NULL), STATUS_OK);
    engine_leave(e, r);
    expect_told(&h, "10 g exit drop there\n");
    end(e, r, &h);
}

static void as_tile38(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    put_fence(e, fence_of((struct fence_spec){.kind = FENCE_HOOK}, "h", SQUARE));
    put_fence(e, fence_of((struct fence_spec){.kind = FENCE_CHANNEL,
                                              .triggers = FENCE_INSIDE | FENCE_OUTSIDE},
                          "c", SQUARE));
    put_fence(
        e, fence_of((struct fence_spec){.kind = FENCE_LIVE, .triggers = FENCE_ENTER}, "l", SQUARE));
    put_at(e, r, "a", 20, 0);
    expect_told(&h, "h outside set a\nc outside set a\n");
    put_at(e, r, "a", 0, 0);
    expect_told(&h, "h enter set a\nh inside set a\nc inside set a\nl enter set a\n");
    put_at(e, r, "a", 1, 0);
    expect_told(&h, "h inside set a\nc inside set a\n");
    put_at(e, r, "a", 20, 0);
    expect_told(&h, "h exit set a\nh outside set a\nc outside set a\n");
    put_at(e, r, "a", -20, 0);
    expect_told(&h, "h cross set a\nh outside set a\nc outside set a\n");
    struct change fields = change_point(CHANGE_PATCH, "c", "a", 0, 0, "{}");
    yyjson_doc *doc = yyjson_read("{\"v\":1}", 7, 0);
    fields.patch_properties = yyjson_doc_get_root(doc);
    assert_int_equal(apply_one(e, r, fields), STATUS_OK);
    expect_told(&h, "h outside fset a\nc outside fset a\n");
    yyjson_doc_free(doc);
    assert_int_equal(apply_one(e, r, change_delete("c", "a")), STATUS_OK);
    expect_told(&h, "h - del a\nc - del a\nl - del a\n"); // wherever it was
    uint64_t lsn;
    engine_enter(e, r);
    assert_int_equal(engine_drop(e, r, STR("c"), &lsn, NULL), STATUS_OK);
    engine_leave(e, r);
    expect_told(&h, "h - drop *\nc - drop *\nl - drop *\n");
    end(e, r, &h);
}

static void circles_and_corridors(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    const unsigned both = FENCE_ENTER | FENCE_EXIT;
    put_fence(e, fence_of((struct fence_spec){.radius_m = 1000, .triggers = both | FENCE_CROSS},
                          "circle", "{\"type\":\"Point\",\"coordinates\":[180,0]}"));
    put_fence(e, fence_of((struct fence_spec){.radius_m = 1000, .triggers = both}, "line",
                          "{\"type\":\"LineString\",\"coordinates\":[[0,0],[1,0]]}"));
    put_fence(e, fence_of((struct fence_spec){.radius_m = 1000, .triggers = both}, "pole",
                          "{\"type\":\"Point\",\"coordinates\":[0,90]}"));
    put_at(e, r, "a", 179.992, 0);
    expect_told(&h, "circle enter set a\n");
    move_to(e, r, "a", -179.992, 0);
    move_to(e, r, "a", -179.99, 0);
    expect_told(&h, "circle exit set a\n");
    move_to(e, r, "a", 179.99, 0);
    expect_told(&h, "circle cross set a\n");
    put_at(e, r, "b", 0.5, 0.0089);
    expect_told(&h, "line enter set b\n");
    move_to(e, r, "b", 0.5, 0.0091);
    expect_told(&h, "line exit set b\n");
    put_at(e, r, "p", 12, 89.992);
    put_at(e, r, "p", -170, 89.992);
    put_at(e, r, "p", -170, 89.99);
    expect_told(&h, "pole enter set p\npole exit set p\n");
    end(e, r, &h);
}

static enum fence_verdict only_fast(const void *ctx, const struct object *o, unsigned command) {
    (void)command;
    enum fence_verdict otherwise = *(const enum fence_verdict *)ctx;
    return strstr(object_properties(o).p, "fast") ? FENCE_ACCEPTED : otherwise;
}

static void filters(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    enum fence_verdict away = FENCE_UNCONCERNED, never = FENCE_NEVER_IN;
    put_fence(e, fence_of((struct fence_spec){.accept = only_fast, .ctx = &away}, "g", SQUARE));
    put_fence(e, fence_of((struct fence_spec){.kind = FENCE_HOOK,
                                              .accept = only_fast,
                                              .triggers = FENCE_TRIGGERS_ALL & ~FENCE_CROSS,
                                              .ctx = &never},
                          "h", SQUARE));
    put_at(e, r, "a", 0, 0);
    expect_told(&h, "h outside set a\n");
    assert_int_equal(apply_one(e, r, change_point(CHANGE_PUT, "c", "a", 0, 0, "{\"fast\":1}")),
                     STATUS_OK);
    expect_told(&h, "g enter set a\nh enter set a\nh inside set a\n");
    put_at(e, r, "a", 0, 0);
    expect_told(&h, "g exit set a\nh exit set a\nh outside set a\n");
    put_at(e, r, "a", 0, 50);
    expect_told(&h, "h outside set a\n");
    end(e, r, &h);
}

static void roaming(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    struct fence_spec spec = {.kind = FENCE_HOOK,
                              .collection = STR("c"),
                              .shape = FENCE_ROAM,
                              .roam_collection = STR("c"),
                              .roam_id = STR("t*"),
                              .radius_m = 1000};
    put_fence(e, fence_of(spec, "all", NULL));
    spec.nodwell = true;
    put_fence(e, fence_of(spec, "new", NULL));
    put_at(e, r, "t1", 0, 0);
    put_at(e, r, "x", 0.001, 0);
    expect_told(&h, "all nearby set x t1 111\nnew nearby set x t1 111\n");
    put_at(e, r, "t2", 0.002, 0);
    expect_told(&h, "all nearby set t2 t1 222\nnew nearby set t2 t1 222\n");
    move_to(e, r, "x", 0.002, 0);
    expect_told(&h, "all nearby set x t2 0\nall nearby set x t1 222\n");
    move_to(e, r, "x", 0.0101, 0);
    expect_told(&h,
                "all nearby set x t2 901\nall faraway set x t1 1123\nnew faraway set x t1 1123\n");
    assert_int_equal(apply_one(e, r, change_delete("c", "t2")), STATUS_OK);
    expect_told(&h, "all - del t2\nnew - del t2\n");
    end(e, r, &h);
}

static void sets_of_areas(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    struct geometry *g = geometry_of(SQUARE);
    struct change area = {.kind = CHANGE_PUT, .collection = STR("areas")};
    area.draft = (struct object_draft){.id = STR("sq"), .geometry = g};
    assert_int_equal(apply_one(e, r, area), STATUS_OK);
    area.draft.id = STR("again");
    assert_int_equal(apply_one(e, r, area), STATUS_OK);
    put_fence(e, fence_of((struct fence_spec){.shape = FENCE_SET,
                                              .collection = STR("c"),
                                              .set_collection = STR("areas")},
                          "s", NULL));
    put_at(e, r, "a", 0, 0);
    expect_told(&h, "s enter set a again 0\ns enter set a sq 0\n");
    move_to(e, r, "a", 0, 1);
    expect_told(&h, "s inside set a again 0\ns inside set a sq 0\n");
    assert_int_equal(apply_one(e, r, change_delete("areas", "again")), STATUS_OK);
    move_to(e, r, "a", 0, 11);
    expect_told(&h, "s exit set a sq 0\n");
    geometry_unref(g);
    end(e, r, &h);
}

static void silence(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    struct fence *f =
        fence_of((struct fence_spec){.kind = FENCE_CHANNEL, .silent = true}, "c", SQUARE);
    assert_int_equal(engine_fence_put(e, f, NULL), STATUS_OK);
    put_at(e, r, "a", 0, 0);
    put_at(e, r, "b", 20, 0);
    expect_told(&h, "");
    assert_int_equal(engine_fence_listen(e, f, 1), STATUS_OK);
    put_at(e, r, "b", 21, 0);
    expect_told(&h, "c outside set b\n");
    assert_int_equal(engine_fence_listen(e, f, -1), STATUS_OK);
    put_at(e, r, "b", 22, 0);
    put_at(e, r, "a", 1, 0);
    expect_told(&h, "");
    fence_unref(f);
    end(e, r, &h);
}

static bool note_id(void *ctx, struct fence *f) {
    buf_append_str(ctx, fence_spec(f)->id);
    buf_append_char(ctx, ' ');
    return true;
}

static void expect_listed(struct engine *e, const char *glob, const char *after, const char *ids) {
    struct buf out = {0};
    assert_int_equal(engine_fence_each(e, FENCE_HOOK, str_of(glob), str_of(after), note_id, &out),
                     STATUS_OK);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data, ids);
    buf_deinit(&out);
}

static void found_and_listed(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    const char *const ids[] = {"b", "a", "d", "c", "ab"};
    bool replaced;
    for (size_t i = 0; i < 5; i++) {
        put_fence(e, fence_of((struct fence_spec){.kind = FENCE_HOOK}, ids[i], SQUARE));
    }
    struct fence *f =
        fence_of((struct fence_spec){.kind = FENCE_HOOK, .collection = STR("other"), .version = 2},
                 "b", SQUARE);
    assert_int_equal(engine_fence_put(e, f, &replaced), STATUS_OK);
    assert_true(replaced);
    fence_unref(f);
    f = engine_fence_find(e, FENCE_HOOK, STR("b"));
    assert_int_equal(fence_spec(f)->version, 2);
    fence_unref(f);
    assert_null(engine_fence_find(e, FENCE_CHANNEL, STR("b")));
    expect_listed(e, "", "", "a ab b c d ");
    expect_listed(e, "a*", "", "a ab ");
    expect_listed(e, "", "ab", "b c d ");
    put_at(e, r, "x", 0, 0); // b watches another collection now
    expect_told(&h, "a enter set x\nab enter set x\nc enter set x\nd enter set x\n"
                    "a inside set x\nab inside set x\nc inside set x\nd inside set x\n");
    assert_int_equal(engine_fence_remove(e, FENCE_HOOK, STR("c")), STATUS_OK);
    assert_int_equal(engine_fence_remove(e, FENCE_HOOK, STR("c")), STATUS_NOT_FOUND);
    expect_listed(e, "", "", "a ab b d ");
    assert_int_equal(engine_fence_count(e, FENCE_HOOK), 4);
    end(e, r, &h);
}

static void fences_expire_too(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    put_fence(e,
              fence_of((struct fence_spec){.kind = FENCE_HOOK, .expires_ms = 1000}, "old", SQUARE));
    put_fence(e, fence_of((struct fence_spec){.kind = FENCE_HOOK, .expires_ms = INT64_MAX}, "new",
                          SQUARE));
    put_at(e, r, "a", 0, 0);
    expect_told(&h, "new enter set a\nnew inside set a\n");
    assert_null(engine_fence_find(e, FENCE_HOOK, STR("old")));
    engine_tick(e, 500);
    assert_int_equal(h.expired, 0);
    engine_tick(e, 5000);
    assert_int_equal(h.expired, 1);
    assert_int_equal(engine_fence_count(e, FENCE_HOOK), 1);
    end(e, r, &h);
}

static void objects_expire(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    put_fence(e, fence_of((struct fence_spec){.triggers = FENCE_ENTER | FENCE_EXIT}, "g", SQUARE));
    struct change c = change_point(CHANGE_PUT, "c", "a", 0, 0, "{}");
    c.draft.has_expiry = true;
    c.draft.expires_ms = 1000; // long ago
    assert_int_equal(apply_one(e, r, c), STATUS_OK);
    expect_told(&h, "g enter set a\n");
    c.draft.has_expiry = false; // before upkeep has seen it
    assert_int_equal(apply_one(e, r, c), STATUS_OK);
    expect_told(&h, "g exit expire a\ng enter set a\n");
    c.draft.has_expiry = true;
    assert_int_equal(apply_one(e, r, c), STATUS_OK);
    engine_tick(e, 2000);
    expect_told(&h, "g exit expire a\n");
    end(e, r, &h);
}

static void batches(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    put_fence(e,
              fence_of((struct fence_spec){.triggers = FENCE_ENTER | FENCE_EXIT, .durable = true},
                       "g", SQUARE));
    struct change changes[] = {change_point(CHANGE_PUT, "c", "a", 0, 0, "{}"),
                               change_point(CHANGE_PUT, "c", "b", 0, 0, "{}"),
                               change_point(CHANGE_PUT, "c", "a", 0, 20, "{}"),
                               change_point(CHANGE_PUT, "c", "", 0, 0, "{}"),
                               change_point(CHANGE_PUT, "c", "a", 0, 1, "{}"),
                               change_delete("c", "a"),
                               change_point(CHANGE_CREATE, "c", "b", 20, 0, "{}")};
    struct change_result results[7];
    uint64_t lsn;
    engine_enter(e, r);
    assert_int_equal(engine_apply(e, r, changes, 7, results, &lsn, NULL), STATUS_OK);
    engine_leave(e, r);
    expect_told(
        &h, "1 g enter set a\n2 g enter set b\n3 g exit set a\n4 g enter set a\n5 g exit del a\n");
    put_at(e, r, "a", 20, 20);
    struct move moves[] = {{STR("a"), {0, 0}},
                           {STR("b"), {20, 0}},
                           {STR("none"), {0, 0}},
                           {STR("a"), {20, 0}},
                           {STR("a"), {0, 5}}};
    enum status statuses[5];
    engine_enter(e, r);
    assert_int_equal(engine_move(e, r, STR("c"), moves, 5, statuses, &lsn, NULL), STATUS_OK);
    engine_leave(e, r);
    expect_told(&h, "6 g enter set a\n7 g exit set b\n8 g exit set a\n9 g enter set a\n");
    h.refuse = STATUS_BUSY; // the listener can refuse
    assert_int_equal(apply_one(e, r, change_delete("c", "a")), STATUS_BUSY);
    h.refuse = STATUS_OK;
    expect_told(&h, "");
    move_to(e, r, "a", 0, 6);
    assert_int_equal(apply_one(e, r, change_delete("c", "a")), STATUS_OK);
    expect_told(&h, "10 g exit del a\n");
    end(e, r, &h);
}

static void refused(void **state) {
    (void)state;
    struct fence *f;
    struct reason why;
    struct geometry *line = geometry_of("{\"type\":\"LineString\",\"coordinates\":[[0,0],[1,0]]}");
    struct fence_spec good = {
        .id = STR("g"), .geometry = line, .radius_m = 5, .triggers = FENCE_ENTER};
    struct fence_spec bad[] = {good, good, good, good, good, good, good};
    bad[0].id = STR_NONE;
    bad[1].geometry = NULL;
    bad[2].radius_m = 0;
    bad[3].radius_m = NAN;
    bad[4].radius_m = -1;
    bad[5].triggers = 0;
    bad[6].shape = FENCE_SET;
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(fence_new(&bad[i], &f, &why), STATUS_INVALID);
        assert_true(*why.text != '\0');
    }
    assert_int_equal(fence_new(&good, &f, &why), STATUS_OK);
    fence_unref(f);
    geometry_unref(line);
}

// --- what lasts ---

static struct engine *open_at(const char *dir, struct heard *h, struct storage **st, unsigned *r) {
    struct engine *e;
    struct reason why = {0};
    struct engine_options options = {.shard_count = 4, .events = heard_events(h)};
    assert_int_equal(engine_new(&options, &e), STATUS_OK);
    assert_int_equal(engine_reader_open(e, r), STATUS_OK);
    struct storage_options store = {
        .dir = dir, .mode = STORAGE_OFF, .source = engine_emit_all, .source_ctx = e};
    assert_int_equal(wal_store_open(&store, st, &why), STATUS_OK);
    if (engine_attach(e, *st, &why) != STATUS_OK) {
        fail_msg("%s", why.text);
    }
    h->last_lsn = 0;
    return e;
}

static bool note_text(void *ctx, struct str name, struct str body) {
    buf_append_str(ctx, name);
    buf_append_char(ctx, '=');
    buf_append_str(ctx, body);
    buf_append_char(ctx, ' ');
    return true;
}

static void expect_kept(struct engine *e, const char *prefix, const char *texts) {
    struct buf out = {0};
    assert_int_equal(engine_keep_each(e, str_of(prefix), note_text, &out), STATUS_OK);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data, texts);
    buf_deinit(&out);
}

static void what_lasts(void **state) {
    (void)state;
    const char *dir = test_tmpdir();
    struct storage *st;
    struct reason why;
    struct heard h = {.log = {0}};
    unsigned r;
    uint64_t lsn;
    struct engine *e = open_at(dir, &h, &st, &r);
    put_fence(e, fence_of((struct fence_spec){.durable = true}, "g", SQUARE));
    put_fence(e, fence_of((struct fence_spec){.kind = FENCE_LIVE}, "l", SQUARE));
    put_at(e, r, "a", 0, 0);
    move_to(e, r, "a", 1, 0);
    expect_told(
        &h, "1 g enter set a\nl enter set a\nl inside set a\n2 g inside set a\nl inside set a\n");
    assert_int_equal(engine_keep_put(e, STR("x/1"), STR("one"), &lsn, &why), STATUS_OK);
    assert_true(lsn > 0);
    assert_int_equal(engine_keep_put(e, STR("x/2"), STR("two"), &lsn, &why), STATUS_OK);
    assert_int_equal(engine_keep_put(e, STR("y"), STR_NONE, &lsn, &why), STATUS_OK);
    assert_int_equal(engine_keep_put(e, STR("x/1"), STR("uno"), &lsn, &why), STATUS_OK);
    assert_int_equal(engine_keep_delete(e, STR("x/2"), &lsn, &why), STATUS_OK);
    assert_int_equal(engine_keep_put(e, STR_NONE, STR("no"), &lsn, &why), STATUS_INVALID);
    expect_kept(e, "", "x/1=uno y= ");
    assert_int_equal(storage_close(st), STATUS_OK);
    engine_end(e, r);

    h.last_seq = 0;
    e = open_at(dir, &h, &st, &r);
    expect_told(&h, "1 g enter set a\n2 g inside set a\n");
    expect_kept(e, "x/", "x/1=uno ");
    put_fence(e, fence_of((struct fence_spec){.durable = true}, "g", SQUARE));
    move_to(e, r, "a", 20, 0);
    expect_told(&h, "3 g exit set a\n"); // neither repeated nor lost
    assert_int_equal(storage_snapshot(st, &why), STATUS_OK);
    assert_int_equal(h.settled, 1);
    assert_int_equal(storage_close(st), STATUS_OK);
    engine_end(e, r);

    h.restored = 0;
    e = open_at(dir, &h, &st, &r);
    expect_told(&h, "");
    assert_int_equal(engine_event_seq(e), 3);
    expect_kept(e, "", "x/1=uno y= ");
    put_fence(e, fence_of((struct fence_spec){.durable = true}, "g", SQUARE));
    move_to(e, r, "a", 1, 0);
    expect_told(&h, "4 g enter set a\n");
    assert_int_equal(storage_close(st), STATUS_OK);
    engine_end(e, r);
    buf_deinit(&h.log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_asks),      cmocka_unit_test(geofences),
        cmocka_unit_test(as_tile38),        cmocka_unit_test(circles_and_corridors),
        cmocka_unit_test(filters),          cmocka_unit_test(roaming),
        cmocka_unit_test(sets_of_areas),    cmocka_unit_test(silence),
        cmocka_unit_test(found_and_listed), cmocka_unit_test(fences_expire_too),
        cmocka_unit_test(objects_expire),   cmocka_unit_test(batches),
        cmocka_unit_test(refused),          cmocka_unit_test(what_lasts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
