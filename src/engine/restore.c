// restore.c - the store's records become slots and ids again, then the indices are loaded at once.
//
// A snapshot is taken while writes go on, so what it holds may be newer than the first records
// of the log after it: the log then goes through states that have passed already and ends in the right one. On
// that way a slot can be claimed while another id still stands in it; the record wins, because
// the other id has a record of its own further on.

#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/engine_state.h"
#include "engine/load.h"

struct restore {
    struct engine *engine;
    struct collection *last; // of the last record
    struct reason *why;
};

static enum status on_record(void *ctx, uint64_t lsn, const struct record *record);

enum status engine_attach(struct engine *e, struct storage *st, struct reason *why) {
    assert(!e->store && collections_count(&e->collections) == 0);
    struct restore restore = {.engine = e, .why = why};
    uint64_t begin_ns = clock_mono_ns();
    engine_memory_restoring(e, true);
    enum status status = storage_replay(st, on_record, &restore, why);
    epoch_collect(e->epoch); // tables that ids have outgrown
    if (status == STATUS_OK) {
        status = load_all(e);
        if (status != STATUS_OK) {
            (void)reason_set(why, status, "%s while the indices were loaded", status_text(status));
        }
    }
    engine_memory_restoring(e, false);
    bool fits = !e->memory_limit || mem_used() < mem_limit();
    if (status == STATUS_NO_MEMORY || (status == STATUS_OK && !fits)) {
        return engine_memory_too_small(e, why);
    }
    if (status == STATUS_OK) {
        e->store = st;
        log_write(e->log, LOG_INFO, "restored",
                  LOG_INT("collections", collections_count(&e->collections)),
                  LOG_INT("ms", (clock_mono_ns() - begin_ns) / 1000000));
    }
    return status;
}

static struct collection *find(struct restore *r, struct str name) {
    if (!r->last || !str_eq(collection_name(r->last), name)) {
        r->last = collections_find(&r->engine->collections, name);
    }
    return r->last;
}

static void take_out(struct collection *c, struct row *row) {
    id_map_remove(c->ids, id_map_hash(c->ids, row_id(row)), row->slot);
    slots_store(&c->slots, row->slot, NULL);
    row_free(row);
}

static enum status put_in(struct collection *c, struct row *row) {
    uint64_t hash = id_map_hash(c->ids, row_id(row));
    enum status st = slots_take_at(&c->slots, row->slot);
    if (st != STATUS_OK) {
        return st;
    }
    struct row *before = id_map_find(c->ids, row_id(row), hash);
    if (before && before->slot == row->slot) {
        slots_store(&c->slots, row->slot, row);
        row_free(before);
        return STATUS_OK;
    }
    struct row *occupant = slots_load(&c->slots, row->slot);
    st = id_map_insert(c->ids, hash, row->slot);
    if (st != STATUS_OK) {
        return st;
    }
    if (before) {
        take_out(c, before);
    }
    if (occupant) {
        take_out(c, occupant);
    }
    slots_store(&c->slots, row->slot, row);
    return STATUS_OK;
}

static enum status on_put(struct restore *r, const struct record *record) {
    struct collection *c = find(r, record->collection);
    enum status st = STATUS_OK;
    if (!c) {
        return reason_set(r->why, STATUS_CORRUPT, "an object of a collection never described");
    }
    struct row *row;
    st = row_parse(record->body, record->id, &row);
    if (st != STATUS_OK) {
        return reason_set(r->why, st, "object %.*s of collection %.*s: %s", STR_ARGS(record->id),
                          STR_ARGS(record->collection), status_text(st));
    }
    st = put_in(c, row);
    if (st != STATUS_OK) {
        row_free(row);
    }
    return st;
}

static enum status on_delete(struct restore *r, const struct record *record) {
    struct collection *c = find(r, record->collection);
    struct row *row = c ? id_map_find(c->ids, record->id, id_map_hash(c->ids, record->id)) : NULL;
    if (row) {
        take_out(c, row);
    }
    return STATUS_OK;
}

static enum status on_drop(struct restore *r, const struct record *record) {
    struct collection *c = find(r, record->collection);
    r->last = NULL;
    if (c) {
        collections_lock(&r->engine->collections);
        collections_remove(&r->engine->collections, c);
        collections_unlock(&r->engine->collections);
        collection_free(c); // nobody else is here yet
    }
    return STATUS_OK;
}

static enum status on_meta(struct restore *r, const struct record *record) {
    struct collection_meta meta;
    if (!str_eq(record->id, COLLECTION_META_ID)) {
        return STATUS_OK; // of a later version of the engine, or not the engine's
    }
    if (!collection_parse_meta(record->body, &meta) || record->collection.len < 1 ||
        record->collection.len > OBJECT_COLLECTION_MAX) {
        return reason_set(r->why, STATUS_CORRUPT, "the settings of a collection");
    }
    struct collection *c = find(r, record->collection);
    if (c) {
        c->index_kind = meta.index_kind;
        c->incarnation = meta.incarnation;
        c->created_ms = meta.created_ms;
        return STATUS_OK;
    }
    enum status st = collections_restore(&r->engine->collections, record->collection,
                                         meta.index_kind, meta.incarnation, meta.created_ms, &c);
    if (st == STATUS_OK) {
        atomic_store_explicit(&c->live, true, memory_order_release);
    }
    return st;
}

static enum status on_record(void *ctx, uint64_t lsn, const struct record *record) {
    (void)lsn;
    switch (record->kind) {
    case RECORD_PUT: return on_put(ctx, record);
    case RECORD_DELETE: return on_delete(ctx, record);
    case RECORD_DROP: return on_drop(ctx, record);
    case RECORD_META: return on_meta(ctx, record);
    case RECORD_EVENT: return STATUS_OK;
    }
    return STATUS_CORRUPT;
}
