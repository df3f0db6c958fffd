// restore.c - the store's records become slots and ids again, then the indices are loaded at once.
//
// A snapshot is taken while writes go on, so what it holds may be newer than the first records
// of the log after it: the log then goes through states that have passed already and ends in the right one. On
// that way a slot can be claimed while another id still stands in it; the record wins, because
// the other id has a record of its own further on.
//
// decode: rows made and ids hashed, batches in any order, in threads of the store | apply: the rest, in order

#include <assert.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "engine/fences_work.h"
#include "engine/load.h"

struct restore {
    struct engine *engine;
    struct collection *last; // of the last record
    size_t uncollected;      // records since memory was given back
    struct reason *why;
};

/// A record with what could be done for it out of order.
struct taken {
    struct record record;
    struct row *row; // of a put
    uint64_t hash;   // of the id
    uint32_t slot;   // of the row, which is in another core's cache
    enum status status;
};

struct takings {
    size_t count, applied;
    struct taken items[];
};

#define COLLECT_AFTER 100000 // records

// How many records ahead the next ones' ids and rows are brought near.
enum { NEAR_IDS = 24, NEAR_ROWS = 12 };

static enum status decode(void *ctx, struct str records, void **decoded, uint64_t *count);
static enum status apply(void *ctx, uint64_t lsn, void *decoded_take);
static void discard(void *ctx, void *decoded_take);
static enum status apply_one(struct restore *r, uint64_t lsn, struct taken *t);
static enum status check_described(struct restore *r);

enum status engine_attach(struct engine *e, struct storage *st, struct reason *why) {
    assert(!e->store && collections_count(&e->collections) == 0);
    struct restore restore = {.engine = e, .why = why};
    uint64_t begin_ns = clock_mono_ns();
    engine_memory_restoring(e, true);
    const struct storage_intake intake = {
        .ctx = &restore, .decode = decode, .apply = apply, .discard = discard};
    enum status status = storage_replay_into(st, &intake, why);
    if (status == STATUS_OK) {
        status = check_described(&restore);
    }
    epoch_collect(e->epoch);
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

static enum status records_count(struct str bytes, size_t *count) {
    struct record record;
    for (*count = 0; bytes.len; ++*count) {
        if (record_parse(&bytes, &record) != STATUS_OK) {
            return STATUS_CORRUPT;
        }
    }
    return STATUS_OK;
}

static enum status decode(void *ctx, struct str records, void **decoded, uint64_t *count) {
    const struct restore *r = ctx;
    size_t n;
    enum status st = records_count(records, &n);
    if (st != STATUS_OK) {
        return st;
    }
    struct takings *all = mem_alloc(sizeof *all + n * sizeof all->items[0]);
    if (!all) {
        return STATUS_NO_MEMORY;
    }
    *all = (struct takings){.count = n};
    for (size_t i = 0; i < n; i++) {
        struct taken *t = &all->items[i];
        t->row = NULL;
        t->status = record_parse(&records, &t->record);
        assert(t->status == STATUS_OK);
        t->hash = hash_bytes(t->record.id.p, t->record.id.len, r->engine->collections.seed);
        if (t->record.kind == RECORD_PUT) {
            t->status = row_parse(t->record.body, t->record.id, &t->row);
            t->slot = t->row ? t->row->slot : 0;
        }
    }
    *decoded = all;
    *count = n;
    return STATUS_OK;
}

// Most batches are of one collection.
static void approach(const struct restore *r, const struct takings *all, size_t i) {
    if (!r->last) {
        return;
    }
    if (i + NEAR_IDS < all->count) {
        id_map_prefetch(r->last->ids, all->items[i + NEAR_IDS].hash);
    }
    if (i + NEAR_ROWS < all->count) {
        id_map_prefetch_row(r->last->ids, all->items[i + NEAR_ROWS].hash);
    }
}

static enum status apply(void *ctx, uint64_t lsn, void *decoded_take) {
    struct restore *r = ctx;
    struct takings *all = decoded_take;
    enum status st = STATUS_OK;
    while (st == STATUS_OK && all->applied < all->count) {
        approach(r, all, all->applied);
        st = apply_one(r, lsn, &all->items[all->applied++]);
    }
    r->uncollected += all->applied;
    if (r->uncollected >= COLLECT_AFTER) {
        r->uncollected = 0;
        epoch_collect(r->engine->epoch); // tables that ids have outgrown
    }
    discard(ctx, all);
    return st;
}

static void discard(void *ctx, void *decoded_take) {
    (void)ctx;
    struct takings *all = decoded_take;
    for (size_t i = all->applied; i < all->count; i++) {
        row_free(all->items[i].row);
    }
    mem_free(all);
}

static void take_out(struct collection *c, struct row *row) {
    id_map_remove(c->ids, id_map_hash(c->ids, row_id(row)), row);
    slots_store(&c->slots, row->slot, NULL);
    row_free(row);
}

static enum status put_in(struct collection *c, const struct taken *t) {
    struct row *row = t->row;
    uint32_t slot = t->slot;
    assert(t->hash == id_map_hash(c->ids, t->record.id));
    enum status st = slot < slots_end(&c->slots) ? STATUS_OK : slots_take_at(&c->slots, slot);
    if (st != STATUS_OK) {
        return st;
    }
    struct row *before = id_map_find(c->ids, t->record.id, t->hash);
    if (before && before->slot == slot) {
        id_map_replace(c->ids, t->hash, before, row);
        slots_store(&c->slots, slot, row);
        row_free(before);
        return STATUS_OK;
    }
    struct row *occupant = slots_load(&c->slots, slot);
    st = id_map_promise(c->ids, t->hash);
    if (st != STATUS_OK) {
        return st;
    }
    if (before) {
        take_out(c, before);
    }
    if (occupant) {
        take_out(c, occupant);
    }
    id_map_insert(c->ids, t->hash, row);
    slots_store(&c->slots, slot, row);
    return STATUS_OK;
}

// A snapshot does not have what was dropped while it was taken: of that only the log before the drop knows.
static enum status make_unknown(struct restore *r, struct str name, struct collection **out) {
    if (name.len < 1 || name.len > OBJECT_COLLECTION_MAX) {
        return reason_set(r->why, STATUS_CORRUPT, "an object of a collection never described");
    }
    return collections_restore(&r->engine->collections, name, INDEX_QUADTREE, 0, 0, out);
}

// All that was not dropped again has been described.
static enum status check_described(struct restore *r) {
    struct collections *all = &r->engine->collections;
    for (size_t i = 0; i < all->count; i++) {
        if (!atomic_load_explicit(&all->sorted[i]->live, memory_order_relaxed)) {
            return reason_set(r->why, STATUS_CORRUPT, "an object of a collection never described");
        }
    }
    return STATUS_OK;
}

static enum status on_put(struct restore *r, const struct taken *t) {
    const struct record *record = &t->record;
    struct collection *c = find(r, record->collection);
    enum status st = t->status;
    if (!c && st == STATUS_OK) {
        st = make_unknown(r, record->collection, &c);
    }
    if (st != STATUS_OK) {
        reason_set(r->why, st, "object %.*s of collection %.*s: %s", STR_ARGS(record->id),
                   STR_ARGS(record->collection), status_text(st));
    } else {
        st = put_in(c, t);
    }
    if (st != STATUS_OK) {
        row_free(t->row);
    }
    return st;
}

static enum status on_delete(struct restore *r, const struct taken *t) {
    struct collection *c = find(r, t->record.collection);
    struct row *row = c ? id_map_find(c->ids, t->record.id, t->hash) : NULL;
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

static enum status on_rename(struct restore *r, const struct record *record) {
    struct collections *all = &r->engine->collections;
    struct collection *c = find(r, record->collection);
    struct str to = record->id;
    if (!c || to.len < 1 || to.len > OBJECT_COLLECTION_MAX || str_eq(to, record->collection)) {
        return reason_set(r->why, STATUS_CORRUPT, "a new name for a collection never described");
    }
    struct collection *replaced = collections_find(all, to);
    r->last = NULL;
    collections_lock(all);
    enum status st = collections_rename(all, c, to);
    collections_unlock(all);
    if (st == STATUS_OK) {
        collection_free(replaced); // nobody else is here yet
    }
    return st;
}

// Of no collection.
static enum status on_meta_beside(struct restore *r, const struct record *record) {
    struct str prefix = KEEP_ID_PREFIX;
    enum status st = STATUS_OK;
    if (str_eq(record->id, FENCES_WORK_SEQ_ID)) {
        st = fences_work_restore_seq(r->engine, record->body);
    } else if (str_starts(record->id, prefix)) {
        struct str name = str_sub(record->id, prefix.len, record->id.len - prefix.len);
        st = keep_restore(&r->engine->keep, name, record->body);
    }
    return st == STATUS_CORRUPT ? reason_set(r->why, st, "settings beside the collections") : st;
}

static enum status on_meta(struct restore *r, const struct record *record) {
    struct collection_meta meta;
    if (!record->collection.len) {
        return on_meta_beside(r, record);
    }
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
        atomic_store_explicit(&c->live, true, memory_order_release);
        return STATUS_OK;
    }
    enum status st = collections_restore(&r->engine->collections, record->collection,
                                         meta.index_kind, meta.incarnation, meta.created_ms, &c);
    if (st == STATUS_OK) {
        atomic_store_explicit(&c->live, true, memory_order_release);
    }
    return st;
}

static enum status on_event(struct restore *r, uint64_t lsn, const struct record *record) {
    enum status st = fences_work_restore(r->engine, lsn, record);
    return st == STATUS_CORRUPT ? reason_set(r->why, st, "an event of a fence") : st;
}

static enum status apply_one(struct restore *r, uint64_t lsn, struct taken *t) {
    switch (t->record.kind) {
    case RECORD_PUT: return on_put(r, t);
    case RECORD_DELETE: return on_delete(r, t);
    case RECORD_DROP: return on_drop(r, &t->record);
    case RECORD_META: return on_meta(r, &t->record);
    case RECORD_EVENT: return on_event(r, lsn, &t->record);
    case RECORD_RENAME: return on_rename(r, &t->record);
    }
    return STATUS_CORRUPT;
}
