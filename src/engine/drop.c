// drop.c - a collection goes away or gets another name, as a whole.

#include "base/clock.h"
#include "engine/fences_match.h"

static enum status log_drop(struct engine *e, struct engine_reader *r, struct collection *c,
                            uint64_t *lsn);
static enum status match_all(struct engine *e, struct engine_reader *r, struct collection *c,
                             size_t *events);
static enum status check_rename(struct engine *e, struct engine_reader *r, struct str from,
                                struct str to, struct reason *why);
static enum status log_rename(struct engine *e, struct engine_reader *r, struct collection *c,
                              struct collection *replaced, struct str to, uint64_t *lsn);
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
    if (!c || !collection_is(c, collection_name_or_default(name))) {
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

/// Stripes of both, in the order of locks. `b` may be NULL.
static void lock_both(struct collection *a, struct collection *b) {
    if (b && b->incarnation < a->incarnation) {
        lock_all(b);
        lock_all(a);
        return;
    }
    lock_all(a);
    if (b) {
        lock_all(b);
    }
}

static void unlock_both(struct collection *a, struct collection *b) {
    unlock_all(a);
    if (b) {
        unlock_all(b);
    }
}

static bool has_objects(const struct collection *c) {
    return atomic_load_explicit(&c->live, memory_order_acquire) &&
           atomic_load_explicit(&c->count, memory_order_relaxed) > 0;
}

/// One try. `*again`: somebody else was quicker with one of the names.
static enum status rename_once(struct engine *e, struct engine_reader *r, struct str from,
                               struct str to, bool only_new, bool *renamed, uint64_t *lsn,
                               bool *again) {
    struct collection *c = collection_lookup(e, from);
    struct collection *replaced = collections_find(&e->collections, to);
    *again = false;
    if (!c) {
        return STATUS_NOT_FOUND;
    }
    if (replaced == c || (only_new && replaced && has_objects(replaced))) {
        *renamed = replaced == c && !only_new;
        return STATUS_OK;
    }
    lock_both(c, replaced);
    enum status st = STATUS_OK;
    *again = !collection_is(c, from) || (replaced && !collection_is(replaced, to));
    if (!*again) {
        collections_lock(&e->collections);
        *again = collections_find(&e->collections, to) != replaced;
        if (!*again) {
            st = log_rename(e, r, c, replaced, to, lsn);
            *renamed = st == STATUS_OK;
        }
        collections_unlock(&e->collections);
    }
    if (*renamed && replaced) {
        expiry_purge(&e->expiry, replaced);
        forget_objects(e, replaced);
    }
    unlock_both(c, replaced);
    if (*renamed && replaced) {
        collection_retire(replaced, e->epoch);
    }
    return st;
}

enum status engine_rename(struct engine *e, unsigned reader, struct str from, struct str to,
                          bool only_new, bool *renamed, uint64_t *lsn, struct reason *why) {
    struct engine_reader *r = engine_reader_state(e, reader);
    *lsn = 0;
    *renamed = false;
    from = collection_name_or_default(from);
    to = collection_name_or_default(to);
    enum status st = e->store ? storage_ready(e->store, why) : STATUS_OK;
    if (st == STATUS_OK) {
        st = check_rename(e, r, from, to, why);
    }
    if (st != STATUS_OK) {
        return st;
    }
    for (bool again = true; again && st == STATUS_OK;) {
        st = rename_once(e, r, from, to, only_new, renamed, lsn, &again);
    }
    if (st == STATUS_NOT_FOUND) {
        return reason_set(why, st, "there is no collection of this name");
    }
    if (st == STATUS_BUSY) {
        return reason_set(why, st, "a snapshot is being taken: try again");
    }
    return st == STATUS_NO_MEMORY ? engine_memory_reason(e, why) : st;
}

// A fence watches a name: what it knows of the objects inside would be of others.
static enum status check_rename(struct engine *e, struct engine_reader *r, struct str from,
                                struct str to, struct reason *why) {
    if (to.len > OBJECT_COLLECTION_MAX || str_has_control(to) || !str_is_utf8(to)) {
        return reason_set(
            why, STATUS_INVALID,
            "a collection's name is 1 to %d bytes of UTF-8 without control characters",
            OBJECT_COLLECTION_MAX);
    }
    if (fences_watch(&e->fences) && (fences_hold_name(e, r, from) || fences_hold_name(e, r, to))) {
        return reason_set(why, STATUS_PRECONDITION, "fences watch the collection");
    }
    return STATUS_OK;
}

// While the table is locked no change of either collection is made or logged. A snapshot that is
// under way knows the old names: it is broken off (emit.c).
static enum status log_rename(struct engine *e, struct engine_reader *r, struct collection *c,
                              struct collection *replaced, struct str to, uint64_t *lsn) {
    struct storage_room *room = NULL;
    if (atomic_load(&e->emitting_alone)) {
        return STATUS_BUSY;
    }
    buf_clear(&r->batch);
    record_write(&r->batch,
                 &(struct record){.kind = RECORD_RENAME,
                                  .collection = collection_name(c),
                                  .id = to,
                                  .body = {(const char *)&c->incarnation, sizeof c->incarnation}});
    enum status st = buf_status(&r->batch);
    if (st == STATUS_OK && e->store) {
        st = storage_reserve(e->store, r->batch.len, &room);
    }
    if (st != STATUS_OK) {
        return st;
    }
    st = collections_rename(&e->collections, c, to);
    struct str batch = st == STATUS_OK ? buf_str(&r->batch) : STR_NONE;
    *lsn = e->store ? storage_append_reserved(e->store, batch, room) : 0;
    if (st == STATUS_OK) {
        atomic_store(&e->renamed_lsn, *lsn);
        if (replaced) {
            atomic_store_explicit(&replaced->dropped, true, memory_order_relaxed);
        }
    }
    return st;
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
        fences_work_end(e, r);
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
        fences_work_end(e, r);
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
    return st == STATUS_OK ? fences_work_prepare(e, r, events) : st;
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
