// drop.c - a collection goes away as a whole.

#include "base/clock.h"
#include "engine/fences_match.h"

static enum status log_drop(struct engine *e, struct engine_reader *r, struct collection *c,
                            uint64_t *lsn);
static enum status match_all(struct engine *e, struct engine_reader *r, struct collection *c,
                             size_t *events);
static void lock_all(struct collection *c);
static void unlock_all(struct collection *c);
static void forget_objects(struct engine *e, const struct collection *c);

// Writers that come later wait for a stripe, see that the collection is dropped, and make a new one:
// they are behind the drop in the log too, because none is made while the table is locked.
enum status engine_drop(struct engine *e, unsigned reader, struct str name, uint64_t *lsn,
                        struct reason *why) {
    *lsn = 0;
    enum status st = e->store ? storage_ready(e->store, why) : STATUS_OK;
    if (st != STATUS_OK) {
        return st;
    }
    struct collection *c = collection_lookup(e, name);
    if (c) {
        lock_all(c);
    }
    if (!c || atomic_load_explicit(&c->dropped, memory_order_relaxed)) {
        if (c) {
            unlock_all(c);
        }
        return reason_set(why, STATUS_NOT_FOUND, "there is no collection of this name");
    }
    st = log_drop(e, engine_reader_state(e, reader), c, lsn);
    if (st == STATUS_OK) {
        expiry_purge(&e->expiry, c);
        forget_objects(e, c);
    }
    unlock_all(c);
    if (st != STATUS_OK) {
        return st == STATUS_NO_MEMORY ? engine_memory_reason(e, why)
                                      : reason_set(why, st, "%s", status_text(st));
    }
    collection_retire(c, e->epoch);
    return STATUS_OK;
}

// Gone before it is logged, as all changes are (apply.c).
static enum status log_drop(struct engine *e, struct engine_reader *r, struct collection *c,
                            uint64_t *lsn) {
    struct storage_room *room = NULL;
    size_t events = 0;
    bool watched = fences_watch(&e->fences);
    buf_clear(&r->batch);
    record_write(&r->batch,
                 &(struct record){.kind = RECORD_DROP, .collection = collection_name(c)});
    enum status st = buf_status(&r->batch);
    if (st == STATUS_OK && watched) {
        st = match_all(e, r, c, &events);
    }
    if (st == STATUS_OK && e->store) {
        st = storage_reserve(e->store, r->batch.len + events, &room);
    }
    if (st != STATUS_OK) {
        return st;
    }
    collections_lock(&e->collections);
    atomic_store_explicit(&c->dropped, true, memory_order_relaxed);
    collections_remove(&e->collections, c);
    if (watched && fences_work_any(r->fences)) {
        *lsn = fences_work_append(e, r, room);
    } else if (e->store) {
        *lsn = storage_append_reserved(e->store, buf_str(&r->batch), room);
    }
    collections_unlock(&e->collections);
    if (watched) {
        fences_work_end(r);
    }
    engine_reader_trim(r);
    return STATUS_OK;
}

// All that is inside leaves.
static enum status match_all(struct engine *e, struct engine_reader *r, struct collection *c,
                             size_t *events) {
    int64_t now_ms = clock_wall_ms();
    enum status st = fences_work_begin(r);
    uint32_t end = fences_match_objects(e, r, collection_name(c)) ? slots_end(&c->slots) : 0;
    for (uint32_t slot = 0; slot < end && st == STATUS_OK; slot++) {
        struct object o;
        const struct row *row = slots_load(&c->slots, slot);
        if (row) {
            row_read(row, &o);
            st = fences_match(e, r,
                              &(struct fences_change){.previous = &o,
                                                      .collection = collection_name(c),
                                                      .command = FENCE_DROP,
                                                      .now_ms = now_ms});
        }
    }
    if (st == STATUS_OK) {
        st = fences_match_drop(e, r, collection_name(c), now_ms);
    }
    return st == STATUS_OK ? fences_work_prepare(r, events) : st;
}

static void lock_all(struct collection *c) {
    for (unsigned s = 0; s < ID_MAP_STRIPES; s++) {
        id_map_lock(c->ids, s);
    }
}

static void unlock_all(struct collection *c) {
    for (unsigned s = ID_MAP_STRIPES; s-- > 0;) {
        id_map_unlock(c->ids, s);
    }
}

// No writer is left, so the parts stand still.
static void forget_objects(struct engine *e, const struct collection *c) {
    for (unsigned s = 0; s < c->shard_count; s++) {
        const struct index *part = collection_part(c, s);
        if (part) {
            brlock_write_begin(e->shards.locks[s]);
            atomic_fetch_sub_explicit(&e->shard_objects[s], index_items(part),
                                      memory_order_relaxed);
            brlock_write_end(e->shards.locks[s]);
        }
    }
}
