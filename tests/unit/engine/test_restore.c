// Replay: the log decides, also when a snapshot ran ahead of it; and a snapshot taken while others write.

#include "engine_support.h"

#include <pthread.h>

#include "base/rand.h"
#include "storage/wal_store.h"

// A store that replays what it was given.
struct tape {
    struct storage base;
    struct buf records;
};

static enum status tape_replay(struct storage *st, const struct storage_intake *intake,
                               struct reason *why) {
    (void)why;
    void *decoded;
    uint64_t count;
    struct str records = buf_str(&((struct tape *)st)->records);
    enum status status = intake->decode(intake->ctx, records, &decoded, &count);
    return status == STATUS_OK ? intake->apply(intake->ctx, 1, decoded) : status;
}

static const struct storage_ops tape_ops = {.name = "tape", .replay = tape_replay};

static void tape_meta(struct tape *t, uint64_t incarnation) {
    struct collection c = {.incarnation = incarnation, .created_ms = 5};
    struct buf body;
    buf_init(&body);
    collection_write_meta(&c, &body);
    record_write(&t->records, &(struct record){.kind = RECORD_META,
                                               .collection = STR("c"),
                                               .id = COLLECTION_META_ID,
                                               .body = buf_str(&body)});
    buf_deinit(&body);
}

static void tape_put(struct tape *t, const char *id, uint32_t slot, uint32_t version) {
    struct row *row;
    struct object o;
    struct object_draft draft = {.id = str_of(id), .point = {slot, version}};
    assert_int_equal(row_new(&draft, &row), STATUS_OK);
    row_stamp(row, &(struct row_stamp){.slot = slot, .version = version});
    struct buf body;
    buf_init(&body);
    row_read(row, &o);
    row_write(&o, &body);
    record_write(&t->records, &(struct record){.kind = RECORD_PUT,
                                               .collection = STR("c"),
                                               .id = str_of(id),
                                               .body = buf_str(&body)});
    buf_deinit(&body);
    row_free(row);
}

static void tape_delete(struct tape *t, const char *id) {
    record_write(&t->records,
                 &(struct record){.kind = RECORD_DELETE, .collection = STR("c"), .id = str_of(id)});
}

static struct engine *play(struct tape *t, unsigned *reader) {
    struct engine *e = engine_make(INDEX_QUADTREE, 4, reader);
    t->base.ops = &tape_ops;
    assert_int_equal(engine_attach(e, &t->base, NULL), STATUS_OK);
    engine_enter(e, *reader);
    check_engine(e);
    return e;
}

static void end(struct engine *e, unsigned r, struct tape *t) {
    engine_leave(e, r);
    engine_end(e, r);
    buf_deinit(&t->records);
}

// The snapshot saw the end: b in slot 1, where the log puts a first.
static void slots_change_hands(void **state) {
    (void)state;
    struct tape t = {0};
    tape_meta(&t, 9);
    tape_put(&t, "b", 1, 1); // snapshot
    tape_put(&t, "u", 2, 4);
    tape_put(&t, "a", 1, 1); // log
    tape_delete(&t, "a");
    tape_put(&t, "b", 1, 1);
    tape_put(&t, "b", 1, 2);
    unsigned r;
    struct engine *e = play(&t, &r);
    assert_null(get(e, r, "c", "a"));
    assert_int_equal(get(e, r, "c", "b")->version, 2);
    assert_int_equal(get(e, r, "c", "b")->slot, 1);
    assert_int_equal(get(e, r, "c", "u")->version, 4);
    assert_int_equal(collection_lookup(e, STR("c"))->incarnation, 9);
    end(e, r, &t);
}

// One id twice in the snapshot: deleted and made again elsewhere while the walk went by.
static void an_id_changes_slots(void **state) {
    (void)state;
    struct tape t = {0};
    tape_meta(&t, 9);
    tape_put(&t, "a", 0, 7);
    tape_put(&t, "b", 1, 1);
    tape_put(&t, "a", 3, 1);
    tape_delete(&t, "a");
    tape_put(&t, "c", 0, 1);
    tape_put(&t, "a", 3, 1);
    unsigned r;
    struct engine *e = play(&t, &r);
    assert_int_equal(get(e, r, "c", "a")->slot, 3);
    assert_int_equal(get(e, r, "c", "a")->version, 1);
    assert_int_equal(get(e, r, "c", "c")->slot, 0);
    assert_non_null(get(e, r, "c", "b"));
    struct change change = change_point(CHANGE_PUT, "c", "new", 1, 1, "{}");
    struct change_result result;
    uint64_t lsn;
    e->store = NULL; // a tape cannot be written
    assert_int_equal(engine_apply(e, r, &change, 1, &result, &lsn, NULL), STATUS_OK);
    assert_int_equal(result.object->slot, 2); // the free one
    end(e, r, &t);
}

static void drops_and_new_lives(void **state) {
    (void)state;
    struct tape t = {0};
    tape_meta(&t, 9);
    tape_put(&t, "a", 0, 7);
    record_write(&t.records, &(struct record){.kind = RECORD_DROP, .collection = STR("c")});
    tape_meta(&t, 12);
    tape_put(&t, "b", 0, 1);
    unsigned r;
    struct engine *e = play(&t, &r);
    assert_null(get(e, r, "c", "a"));
    assert_non_null(get(e, r, "c", "b"));
    assert_int_equal(collection_lookup(e, STR("c"))->incarnation, 12);
    end(e, r, &t);
}

static void damage_is_named(void **state) {
    (void)state;
    struct tape t = {.base.ops = &tape_ops};
    tape_meta(&t, 9);
    record_write(&t.records, &(struct record){.kind = RECORD_PUT,
                                              .collection = STR("c"),
                                              .id = STR("broken"),
                                              .body = STR("\1\0\0")});
    struct engine *e;
    struct engine_options options = {.shard_count = 2};
    assert_int_equal(engine_new(&options, &e), STATUS_OK);
    struct reason why = {0};
    assert_int_equal(engine_attach(e, &t.base, &why), STATUS_CORRUPT);
    assert_non_null(strstr(why.text, "broken"));
    engine_free(e);
    buf_deinit(&t.records);
}

struct writer {
    struct engine *engine;
    atomic_bool stop;
    uint64_t seed;
};

// Batches of two ids that always move together.
static void *write_pairs(void *arg) {
    struct writer *w = arg;
    unsigned r;
    struct rand rand;
    rand_init(&rand, w->seed);
    assert_int_equal(engine_reader_open(w->engine, &r), STATUS_OK);
    while (!atomic_load(&w->stop)) {
        char ids[2][16], properties[32];
        struct change changes[2];
        struct change_result results[2];
        unsigned n = (unsigned)rand_below(&rand, 500);
        bool removes = rand_below(&rand, 4) == 0;
        snprintf(properties, sizeof properties, "{\"v\":%u}", (unsigned)rand_below(&rand, 1000000));
        for (int i = 0; i < 2; i++) {
            snprintf(ids[i], sizeof ids[i], "%c%u", i ? 'b' : 'a', n);
            changes[i] = change_point(removes ? CHANGE_DELETE : CHANGE_PUT, "c", ids[i],
                                      rand_range(&rand, -180, 180), rand_range(&rand, -90, 90),
                                      removes ? NULL : properties);
        }
        uint64_t lsn;
        engine_enter(w->engine, r);
        enum status st = engine_apply(w->engine, r, changes, 2, results, &lsn, NULL);
        assert_true(st == STATUS_OK || st == STATUS_BUSY);
        engine_leave(w->engine, r);
    }
    engine_reader_close(w->engine, r);
    return NULL;
}

static struct engine *open_at(const char *dir, struct storage **st, unsigned *r) {
    struct engine *e = engine_make(INDEX_QUADTREE, 4, r);
    struct storage_options options = {.dir = dir,
                                      .mode = STORAGE_OFF,
                                      .segment_bytes = 32 << 10,
                                      .backlog_bytes = 64 << 10,
                                      .source = engine_emit_all,
                                      .source_ctx = e};
    struct reason why = {0};
    if (wal_store_open(&options, st, &why) != STATUS_OK ||
        engine_attach(e, *st, &why) != STATUS_OK) {
        fail_msg("%s", why.text);
    }
    return e;
}

static void snapshots_beside_writers(void **state) {
    (void)state;
    const char *dir = test_tmpdir();
    uint64_t seed = test_seed();
    static struct buf before, after;
    for (int round = 0; round < 4; round++) {
        struct storage *st;
        unsigned r;
        struct engine *e = open_at(dir, &st, &r);
        struct writer w = {.engine = e, .seed = seed + (uint64_t)round};
        pthread_t threads[2];
        pthread_create(&threads[0], NULL, write_pairs, &w);
        struct reason why = {0};
        for (int i = 0; i < 6; i++) {
            usleep(15000);
            assert_int_equal(storage_snapshot(st, &why), STATUS_OK);
        }
        atomic_store(&w.stop, true);
        pthread_join(threads[0], NULL);
        for (int reopened = 0; reopened < 2; reopened++) {
            struct buf *text = reopened ? &after : &before;
            buf_clear(text);
            engine_enter(e, r);
            check_engine(e);
            struct collection *c = collection_lookup(e, STR("c"));
            for (uint32_t slot = 0; slot < slots_end(&c->slots); slot++) {
                struct object o;
                if (read_slot(c, slot, &o)) {
                    row_write(&o, text);
                    char twin[16];
                    snprintf(twin, sizeof twin, "%c%.*s", object_id(&o).p[0] ^ 'a' ^ 'b',
                             (int)object_id(&o).len - 1, object_id(&o).p + 1);
                    const struct object *other = get(e, r, "c", twin);
                    assert_non_null(other); // never half of a batch
                    assert_true(str_eq(object_properties(&o), object_properties(other)));
                }
            }
            engine_leave(e, r);
            storage_close(st);
            engine_end(e, r);
            if (!reopened) {
                e = open_at(dir, &st, &r);
            }
        }
        assert_true(str_eq(buf_str(&before), buf_str(&after)));
        assert_true(before.len > 0);
    }
    buf_deinit(&before);
    buf_deinit(&after);
}

// So much that threads read ahead and load: objects of several collections, changed, deleted, expiring, with
// extent; from the log, from a snapshot, and from a snapshot with more log on top.
#define LARGE_IDS 40000u
#define LARGE_BATCH 500u

static void write_large(struct engine *e, unsigned r, struct rand *rand, unsigned batches) {
    static char ids[LARGE_BATCH][16], texts[LARGE_BATCH][300];
    static struct change changes[LARGE_BATCH];
    static struct change_result results[LARGE_BATCH];
    static const char *const names[] = {"a", "b", "c"};
    while (batches--) {
        for (unsigned i = 0; i < LARGE_BATCH; i++) {
            unsigned what = (unsigned)rand_below(rand, 10);
            snprintf(ids[i], sizeof ids[i], "id%u", (unsigned)rand_below(rand, LARGE_IDS));
            snprintf(texts[i], sizeof texts[i], "{\"v\":%u,\"pad\":\"%0*u\"}",
                     (unsigned)rand_below(rand, 1000000), 1 + (int)rand_below(rand, 250), what);
            changes[i] = change_point(
                what ? CHANGE_PUT : CHANGE_DELETE, names[rand_below(rand, 10) % 3], ids[i],
                rand_range(rand, -180, 180), rand_range(rand, -90, 90), what ? texts[i] : NULL);
            if (what == 1) {
                changes[i].draft.has_expiry = true;
                changes[i].draft.expires_ms = INT64_MAX / 2;
            }
        }
        uint64_t lsn;
        enum status st;
        engine_enter(e, r);
        while ((st = engine_apply(e, r, changes, LARGE_BATCH, results, &lsn, NULL)) == STATUS_BUSY)
            usleep(500);
        assert_int_equal(st, STATUS_OK);
        engine_leave(e, r);
    }
}

static void write_all(struct engine *e, unsigned r, struct buf *out) {
    struct collection *c;
    struct str after = STR_NONE;
    buf_clear(out);
    engine_enter(e, r);
    check_engine(e);
    while (collections_list(&e->collections, after, &c, 1)) {
        after = collection_name(c);
        buf_append_str(out, after);
        buf_append_u64(out, c->count);
        buf_append_u64(out, c->bytes);
        buf_append_u64(out, c->incarnation);
        for (uint32_t slot = 0; slot < slots_end(&c->slots); slot++) {
            struct object o;
            if (read_slot(c, slot, &o)) {
                buf_append_str(out, object_id(&o));
                row_write(&o, out);
            }
        }
    }
    engine_leave(e, r);
    assert_int_equal(buf_status(out), STATUS_OK);
}

static void much_comes_back(void **state) {
    (void)state;
    const char *dir = test_tmpdir();
    struct rand rand;
    rand_init(&rand, test_seed());
    struct buf before, after;
    buf_init(&before);
    buf_init(&after);
    for (int round = 0; round < 3; round++) {
        struct storage *st;
        struct reason why = {0};
        unsigned r;
        struct engine *e = engine_make(INDEX_QUADTREE, 4, &r);
        struct storage_options options = {
            .dir = dir, .mode = STORAGE_OFF, .source = engine_emit_all, .source_ctx = e};
        assert_int_equal(wal_store_open(&options, &st, &why), STATUS_OK);
        if (engine_attach(e, st, &why) != STATUS_OK) fail_msg("%s", why.text);
        if (round) {
            write_all(e, r, &after);
            assert_true(str_eq(buf_str(&before), buf_str(&after)));
        }
        write_large(e, r, &rand, round == 0 ? 300 : 30);
        if (round == 1) {
            assert_int_equal(storage_snapshot(st, &why), STATUS_OK);
            write_large(e, r, &rand, 60);
        }
        write_all(e, r, &before);
        assert_int_equal(storage_close(st), STATUS_OK);
        engine_end(e, r);
    }
    buf_deinit(&before);
    buf_deinit(&after);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_change_hands),       cmocka_unit_test(an_id_changes_slots),
        cmocka_unit_test(drops_and_new_lives),      cmocka_unit_test(damage_is_named),
        cmocka_unit_test(snapshots_beside_writers), cmocka_unit_test(much_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
