// move.c - new positions for points that are there: rows and indices are written over in place.
//
//   hash the ids --> stripes --> find the rows --> room in the store --> shard by shard: index, then row
//     --> records, append --> stripes off
//
// What comes near in one step is asked for in the step before, for all objects of the call: the misses
// of the cache overlap. A call with an object that is no plain point (row_can_move) is an ordinary batch
// of changes, because such an object needs a new row.
// Visible before it is logged, as in apply.c, and only an index can fail then: its object stays as it was.

#include "base/clock.h"
#include "engine/batch.h"
#include "engine/fences_match.h"

#define NONE UINT32_MAX
#define RECORD_MOST (1 + 3 * 10)         // bytes of a record beside its texts
#define ROW_WRITE_MOST (3 + 8 * 10 + 16) // bytes of a body beside the properties
#define SECTION 32                       // moves for which readers of a shard wait
#define AHEAD 16                         // moves

/// One object.
struct mover {
    struct row *row;
    struct object state; // as it stands; then as the last record said
    struct point to;
    struct relocation place;
    uint32_t moves; // of the call
    uint32_t next;  // in the list of a shard
    bool failed;    // no memory in the index: stays as it was
};

/// One move.
struct item {
    uint64_t hash;
    uint32_t mover; // NONE: refused
};

struct run {
    struct engine *engine;
    struct engine_reader *reader;
    struct collection *collection;
    struct str name; // by which it was found
    int64_t now_ms;
    const struct move *moves;
    size_t count;
    enum status *statuses;
    struct reason *why; // of the first move that fails; may be NULL
    struct item *items;
    struct mover *movers;
    size_t mover_count, failed;
    uint32_t *table; // movers by slot, open addressing
    size_t table_mask;
    size_t why_of;    // the move that `why` is about, `count`: none
    unsigned stripes; // bit i: locked
    bool watched;     // there are fences: moves are matched
    bool other;       // not for here: an object is no plain point, or there is no collection
    bool sets;        // nothing else may come out of it than out of CHANGE_SET
};

static enum status move_plain(struct run *r, uint64_t *lsn);
static enum status move_otherwise(struct run *r, unsigned reader, struct str collection,
                                  uint64_t *lsn);
static enum status allocate(struct run *r);
static void hash_all(struct run *r);
static void lock_stripes(const struct run *r);
static void unlock_stripes(const struct run *r);
static void find_all(struct run *r);
static void find(struct run *r, size_t i);
static enum status match_all(struct run *r);
static enum status commit(struct run *r, uint64_t *lsn);
static enum status reserve(struct run *r, struct storage_room **room);
static void place_all(struct run *r);
static void place_within(struct run *r, unsigned shard, uint32_t first);
static void place_alone(struct run *r, struct mover *m);
static void finish(struct run *r, uint64_t *lsn, struct storage_room *room);
static void refuse(struct run *r, size_t i);
static void fail(struct run *r, size_t i, enum status st, const struct reason *why);

static enum status admit(struct engine *e, size_t count, struct reason *why) {
    enum status st = e->store ? storage_ready(e->store, why) : STATUS_OK;
    return st == STATUS_OK ? engine_memory_admit(e, NULL, count, why) : st;
}

static enum status explain(struct engine *e, enum status st, struct reason *why) {
    if (st == STATUS_NO_MEMORY) {
        return engine_memory_reason(e, why);
    }
    return st == STATUS_OK ? st : reason_set(why, st, "%s", status_text(st));
}

static struct run run_of(struct engine *e, unsigned reader, struct str collection,
                         const struct move *moves, size_t count, enum status *statuses,
                         struct reason *why) {
    return (struct run){.engine = e,
                        .reader = engine_reader_state(e, reader),
                        .collection = collection_lookup_by(e, reader, collection),
                        .name = collection_name_or_default(collection),
                        .moves = moves,
                        .count = count,
                        .statuses = statuses,
                        .why = why,
                        .why_of = count,
                        .other = true};
}

enum status engine_move(struct engine *e, unsigned reader, struct str collection,
                        const struct move *moves, size_t count, enum status *statuses,
                        uint64_t *lsn, struct reason *why) {
    *lsn = 0;
    enum status st = admit(e, count, why);
    if (st != STATUS_OK || count == 0) {
        return st;
    }
    struct run r = run_of(e, reader, collection, moves, count, statuses, why);
    if (r.collection) {
        st = move_plain(&r, lsn);
    }
    if (st == STATUS_OK && r.other) {
        st = move_otherwise(&r, reader, collection, lsn);
    }
    return explain(e, st, why);
}

enum status engine_set_points(struct engine *e, unsigned reader, struct str collection,
                              const struct move *moves, size_t count, enum status *statuses,
                              bool *done, uint64_t *lsn, struct reason *why) {
    *lsn = 0;
    *done = false;
    enum status st = admit(e, count, why);
    if (st != STATUS_OK || count == 0) {
        return st;
    }
    struct run r = run_of(e, reader, collection, moves, count, statuses, why);
    r.sets = true;
    if (r.collection) {
        st = move_plain(&r, lsn);
    }
    *done = st == STATUS_OK && !r.other;
    return explain(e, st, why);
}

static enum status move_plain(struct run *r, uint64_t *lsn) {
    struct item item;
    struct mover mover;
    r->items = &item;
    r->movers = &mover;
    enum status st = r->count > 1 ? allocate(r) : STATUS_OK;
    if (st != STATUS_OK) {
        return st;
    }
    r->watched = fences_watch(&r->engine->fences);
    if (r->watched && (st = fences_work_begin(r->reader)) != STATUS_OK) {
        return st;
    }
    hash_all(r);
    r->now_ms = clock_wall_ms(); // meanwhile the entries come
    lock_stripes(r);
    r->other = !collection_is(r->collection, r->name);
    if (!r->other) {
        find_all(r);
    }
    if (!r->other && r->mover_count) {
        st = r->watched ? match_all(r) : STATUS_OK;
        st = st == STATUS_OK ? commit(r, lsn) : st;
    }
    unlock_stripes(r);
    if (r->watched) {
        fences_work_end(r->engine, r->reader);
    }
    return st;
}

static enum status move_otherwise(struct run *r, unsigned reader, struct str collection,
                                  uint64_t *lsn) {
    struct arena arena; // engine_apply uses the reader's
    arena_init(&arena, 0);
    struct change *changes = arena_zalloc(&arena, r->count, sizeof *changes);
    struct change_result *results = arena_alloc(&arena, r->count * sizeof *results);
    enum status st = changes && results ? STATUS_OK : STATUS_NO_MEMORY;
    if (st == STATUS_OK) {
        for (size_t i = 0; i < r->count; i++) {
            changes[i] = (struct change){.kind = CHANGE_PATCH,
                                         .collection = collection,
                                         .draft = {.id = r->moves[i].id, .point = r->moves[i].to},
                                         .patch_position = true};
        }
        st = engine_apply(r->engine, reader, changes, r->count, results, lsn, r->why);
    }
    for (size_t i = r->count; st == STATUS_OK && i-- > 0;) {
        r->statuses[i] = results[i].status;
        if (results[i].status != STATUS_OK && r->why) {
            *r->why = results[i].why;
        }
    }
    arena_deinit(&arena);
    return st;
}

static enum status allocate(struct run *r) {
    struct arena *arena = &r->reader->scratch;
    size_t buckets = 4;
    arena_reset(arena);
    if (r->count >= NONE / 4) {
        return STATUS_TOO_LARGE;
    }
    while (buckets < r->count * 2) {
        buckets *= 2;
    }
    r->items = arena_alloc(arena, r->count * sizeof r->items[0]);
    r->movers = arena_alloc(arena, r->count * sizeof r->movers[0]);
    r->table = arena_alloc(arena, buckets * sizeof r->table[0]);
    r->table_mask = buckets - 1;
    if (!r->items || !r->movers || !r->table) {
        return STATUS_NO_MEMORY;
    }
    memset(r->table, 0xff, buckets * sizeof r->table[0]);
    return STATUS_OK;
}

static void hash_all(struct run *r) {
    const struct id_map *ids = r->collection->ids;
    for (size_t i = 0; i < r->count; i++) {
        uint64_t hash = r->items[i].hash = id_map_hash(ids, r->moves[i].id);
        id_map_prefetch(ids, hash);
        r->stripes |= 1u << id_map_stripe(hash);
    }
}

static void lock_stripes(const struct run *r) {
    for (unsigned left = r->stripes; left; left &= left - 1) {
        id_map_lock(r->collection->ids, (unsigned)__builtin_ctz(left));
    }
}

static void unlock_stripes(const struct run *r) {
    for (unsigned left = r->stripes; left; left &= left - 1) {
        id_map_unlock(r->collection->ids, (unsigned)__builtin_ctz(left));
    }
}

static void find_all(struct run *r) {
    const struct id_map *ids = r->collection->ids;
    for (size_t i = 0; r->count > 1 && i < r->count && i < AHEAD; i++) {
        id_map_prefetch_row(ids, r->items[i].hash);
    }
    for (size_t i = 0; i < r->count && !r->other; i++) {
        if (i + AHEAD < r->count) {
            id_map_prefetch_row(ids, r->items[i + AHEAD].hash);
        }
        find(r, i);
    }
}

static struct mover *mover_of(struct run *r, struct row *row, uint32_t *number) {
    *number = (uint32_t)r->mover_count;
    if (r->count > 1) {
        size_t at = row->slot * 0x9e3779b1u & r->table_mask;
        for (; r->table[at] != NONE; at = (at + 1) & r->table_mask) {
            if (r->movers[r->table[at]].row == row) {
                *number = r->table[at];
                return &r->movers[*number];
            }
        }
        r->table[at] = *number;
    }
    struct mover *m = &r->movers[r->mover_count++];
    m->row = row;
    m->moves = 0;
    m->failed = false;
    return m;
}

static bool is_due(const struct row *row, int64_t now_ms) {
    return (row->flags & OBJECT_HAS_EXPIRY) && row_expires_ms(row) <= now_ms;
}

// SET makes what is not there, and takes an expiry away.
static bool can_set(const struct row *row, struct point to) {
    return row && row_can_move(row) && !(row->flags & OBJECT_HAS_EXPIRY) && point_valid(to);
}

// An id that is there was found good when it came.
static void find(struct run *r, size_t i) {
    const struct move *move = &r->moves[i];
    struct item *item = &r->items[i];
    struct row *row = id_map_find(r->collection->ids, move->id, item->hash);
    item->mover = NONE;
    r->statuses[i] = STATUS_OK;
    if (r->sets && !can_set(row, move->to)) {
        r->other = true;
        return;
    }
    if (!row || is_due(row, r->now_ms) || !point_valid(move->to)) {
        refuse(r, i);
        return;
    }
    if (!row_can_move(row)) {
        r->other = true;
        return;
    }
    struct mover *m = mover_of(r, row, &item->mover);
    if (m->moves++ == 0) {
        row_read(row, &m->state);
        __builtin_prefetch(places_at(&r->collection->slots.places, m->state.slot));
    }
    m->to = move->to;
}

// Ill-formed comes before not there.
static void refuse(struct run *r, size_t i) {
    struct reason why = {0};
    struct change change = {.kind = CHANGE_PATCH,
                            .draft = {.id = r->moves[i].id, .point = r->moves[i].to},
                            .patch_position = true};
    enum status st = batch_check(&change, &why);
    if (st == STATUS_OK) {
        st = reason_set(&why, STATUS_NOT_FOUND, "there is no object of this id");
    }
    fail(r, i, st, &why);
}

static void fail(struct run *r, size_t i, enum status st, const struct reason *why) {
    r->statuses[i] = st;
    if (r->why && i < r->why_of) {
        *r->why = *why;
        r->why_of = i;
    }
}

static void take_step(const struct run *r, struct mover *m, struct point to) {
    struct object *o = &m->state;
    o->version = row_next_version(o->version);
    o->updated_ms = r->now_ms > o->updated_ms ? r->now_ms : o->updated_ms;
    o->point = to;
}

// Through the states that each object passes, and back to the one it is in.
static enum status match_all(struct run *r) {
    enum status st = STATUS_OK;
    for (size_t i = 0; i < r->count && st == STATUS_OK; i++) {
        if (r->items[i].mover == NONE) {
            continue;
        }
        struct mover *m = &r->movers[r->items[i].mover];
        struct object before = m->state;
        take_step(r, m, r->moves[i].to);
        st = fences_match(r->engine, r->reader,
                          &(struct fences_change){.previous = &before,
                                                  .now = &m->state,
                                                  .collection = collection_name(r->collection),
                                                  .command = FENCE_SET_OBJECT,
                                                  .item = (uint32_t)i,
                                                  .now_ms = r->now_ms});
    }
    for (size_t i = 0; i < r->mover_count; i++) {
        row_read(r->movers[i].row, &r->movers[i].state);
    }
    return st;
}

static enum status commit(struct run *r, uint64_t *lsn) {
    struct storage *store = r->engine->store;
    struct storage_room *room = NULL;
    bool told = r->watched && fences_work_any(r->reader->fences);
    enum status st = store || told ? reserve(r, &room) : STATUS_OK;
    if (st != STATUS_OK) {
        return st;
    }
    place_all(r);
    if (r->failed == r->mover_count) {
        (void)(store ? storage_append_reserved(store, STR_NONE, room) : 0);
        return STATUS_NO_MEMORY; // nothing has changed
    }
    finish(r, lsn, room);
    return STATUS_OK;
}

// Memory for all records, so that writing them cannot fail.
static enum status reserve(struct run *r, struct storage_room **room) {
    struct buf *batch = &r->reader->batch, *body = &r->reader->body;
    size_t most = 0, most_body = 0, events = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].mover != NONE) {
            const struct object *o = &r->movers[r->items[i].mover].state;
            size_t bytes = ROW_WRITE_MOST + o->properties_len;
            most_body = bytes > most_body ? bytes : most_body;
            most += RECORD_MOST + r->name.len + o->id_len + bytes;
        }
    }
    buf_clear(batch);
    if (r->watched && fences_work_prepare(r->engine, r->reader, &events) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    buf_clear(body);
    if (!buf_reserve(batch, most + events) || !buf_reserve(body, most_body)) {
        return STATUS_NO_MEMORY;
    }
    return r->engine->store ? storage_reserve(r->engine->store, most + events, room) : STATUS_OK;
}

static void find_place(const struct run *r, struct mover *m) {
    m->place.collection = r->collection;
    m->place.slot = m->state.slot;
    m->place.from_shard = relocation_of_point(r->engine, m->state.point, &m->place.from);
    m->place.to_shard = relocation_of_point(r->engine, m->to, &m->place.to);
}

static void move_row(const struct run *r, const struct mover *m) {
    row_move(m->row, m->to, r->now_ms, m->moves);
}

static void place_all(struct run *r) {
    uint32_t first[SHARD_MAX];
    unsigned shards = r->engine->shards.count;
    for (unsigned s = 0; s < shards; s++) {
        first[s] = NONE;
    }
    for (uint32_t i = (uint32_t)r->mover_count; i-- > 0;) {
        struct mover *m = &r->movers[i];
        find_place(r, m);
        if (!relocation_matters(&m->place)) {
            move_row(r, m);
        } else if (r->count == 1 || !relocation_within(&m->place)) {
            place_alone(r, m);
        } else {
            m->next = first[m->place.to_shard];
            first[m->place.to_shard] = i;
        }
    }
    for (unsigned s = 0; r->count > 1 && s < shards; s++) {
        place_within(r, s, first[s]);
    }
}

static void settle(struct run *r, struct mover *m) {
    if (relocation_run(r->engine, &m->place) == STATUS_OK) {
        move_row(r, m);
    } else {
        m->failed = true;
        r->failed++;
    }
}

static void place_alone(struct run *r, struct mover *m) {
    relocation_lock(r->engine, &m->place);
    settle(r, m);
    relocation_unlock(r->engine, &m->place);
}

static void place_within(struct run *r, unsigned shard, uint32_t first) {
    struct brlock *lock = r->engine->shards.locks[shard];
    while (first != NONE) {
        uint32_t slots[SECTION];
        size_t n = 0;
        for (uint32_t i = first; n < SECTION && i != NONE; i = r->movers[i].next) {
            slots[n++] = r->movers[i].place.slot;
        }
        brlock_write_begin(lock);
        index_approach_items(collection_part(r->collection, shard), slots, n);
        for (; n > 0; n--) {
            settle(r, &r->movers[first]);
            first = r->movers[first].next;
        }
        brlock_write_end(lock);
    }
}

static void write_record(struct run *r, struct mover *m, struct point to) {
    const struct object *o = &m->state;
    struct buf *body = &r->reader->body;
    take_step(r, m, to);
    buf_clear(body);
    row_write(o, body);
    record_write(&r->reader->batch, &(struct record){.kind = RECORD_PUT,
                                                     .collection = collection_name(r->collection),
                                                     .id = object_id(o),
                                                     .body = buf_str(body)});
}

static void finish(struct run *r, uint64_t *lsn, struct storage_room *room) {
    struct storage *store = r->engine->store;
    size_t moved = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct mover *m = r->items[i].mover == NONE ? NULL : &r->movers[r->items[i].mover];
        if (m && m->failed) {
            struct reason why = {0};
            fail(r, i,
                 reason_set(&why, STATUS_NO_MEMORY, "the index finds no memory for the object"),
                 &why);
            if (r->watched) {
                fences_work_forget(r->reader->fences, (uint32_t)i);
            }
        } else if (m) {
            moved++;
            if (store) {
                write_record(r, m, r->moves[i].to);
            }
        }
    }
    if (r->watched && fences_work_any(r->reader->fences)) {
        *lsn = fences_work_append(r->engine, r->reader, room);
    } else if (store) {
        *lsn = storage_append_reserved(store, buf_str(&r->reader->batch), room);
    }
    engine_count(&r->reader->puts, moved);
    engine_reader_trim(r->reader);
}
