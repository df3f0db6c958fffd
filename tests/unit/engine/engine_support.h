// engine_support.h - an engine with one reader, and changes in one line.

#ifndef TESTS_ENGINE_SUPPORT_H
#define TESTS_ENGINE_SUPPORT_H

#include "support/support.h"

#include "base/mem.h"
#include "engine/engine_state.h"

static inline struct engine *engine_make(enum index_kind kind, unsigned shards, unsigned *reader) {
    struct engine *e;
    struct engine_options options = {.shard_count = shards, .index_kind = kind};
    assert_int_equal(engine_new(&options, &e), STATUS_OK);
    assert_int_equal(engine_reader_open(e, reader), STATUS_OK);
    return e;
}

static inline void engine_end(struct engine *e, unsigned reader) {
    engine_reader_close(e, reader);
    engine_free(e);
}

static inline struct change change_point(enum change_kind kind, const char *collection,
                                         const char *id, double lon, double lat,
                                         const char *properties) {
    return (struct change){
        .kind = kind,
        .collection = str_of(collection),
        .draft = {.id = str_of(id), .point = {lon, lat}, .properties = str_of(properties)}};
}

static inline struct change change_delete(const char *collection, const char *id) {
    return (struct change){
        .kind = CHANGE_DELETE, .collection = str_of(collection), .draft = {.id = str_of(id)}};
}

/// One change in an epoch of its own; the status of its result.
static inline enum status apply_one(struct engine *e, unsigned reader, struct change change) {
    struct change_result result;
    uint64_t lsn;
    engine_enter(e, reader);
    enum status st = engine_apply(e, reader, &change, 1, &result, &lsn, NULL);
    st = st == STATUS_OK ? result.status : st;
    engine_leave(e, reader);
    return st;
}

/// Inside engine_enter. One of the last eight asked for.
static inline const struct object *get(struct engine *e, unsigned reader, const char *collection,
                                       const char *id) {
    static _Thread_local struct object ring[8];
    static _Thread_local unsigned next;
    struct object *o = &ring[next++ % 8];
    enum status st = engine_get(e, reader, str_of(collection), str_of(id), o, NULL);
    assert_true(st == STATUS_OK || st == STATUS_NOT_FOUND);
    return st == STATUS_OK ? o : NULL;
}

/// The object in a slot; false when it is empty.
static inline bool read_slot(const struct collection *c, uint32_t slot, struct object *o) {
    const struct row *row = slots_load(&c->slots, slot);
    if (row) {
        row_read(row, o);
    }
    return row != NULL;
}

/// Every index part holds exactly the objects of its shard, under their boxes.
static inline bool note_item(void *ctx, const uint32_t *items, size_t count, bool sure) {
    (void)sure;
    uint8_t *seen = ctx;
    for (size_t i = 0; i < count; i++) {
        seen[items[i]]++;
    }
    return true;
}

static inline void check_collection(struct engine *e, struct collection *c) {
    uint32_t end = slots_end(&c->slots);
    uint8_t *seen = calloc(end + 1u, 1);
    uint64_t count = 0, bytes = 0;
    for (unsigned s = 0; s < c->shard_count; s++) {
        if (!collection_part(c, s)) {
            continue;
        }
        assert_true(index_check(collection_part(c, s)));
        size_t placed = 0;
        for (uint32_t slot = 0; slot < end; slot++) {
            struct object o;
            struct index_box box;
            if (!read_slot(c, slot, &o) || !collection_index_box(&o, &box) ||
                shard_of_point(&e->shards, object_center(&o)) != s) {
                continue;
            }
            memset(seen, 0, end);
            index_search(collection_part(c, s), &box, note_item, seen, NULL);
            assert_int_equal(seen[slot], 1);
            placed++;
        }
        assert_int_equal(index_items(collection_part(c, s)), placed);
    }
    for (uint32_t slot = 0; slot < end; slot++) {
        const struct row *row = slots_load(&c->slots, slot);
        if (row) {
            assert_int_equal(row->slot, slot);
            assert_ptr_equal(collection_find(c, row_id(row)), row);
            count++;
            bytes += row_weight(row);
        }
    }
    assert_int_equal(atomic_load(&c->count), count);
    assert_int_equal(atomic_load(&c->bytes), bytes);
    assert_int_equal(c->slots.free_count + count, end);
    free(seen);
}

static inline void check_engine(struct engine *e) {
    struct collection *c;
    struct str after = STR_NONE;
    while (collections_list(&e->collections, after, &c, 1)) {
        after = collection_name(c);
        check_collection(e, c);
    }
}

#endif
