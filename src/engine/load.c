// load.c - every index part is made and filled at once, in threads when there is much.

#include "engine/load.h"

#include <assert.h>
#include <unistd.h>

#include "base/mem.h"

#define THREADS_MAX 16
#define THREADS_WORTH 50000 // slots for which threads are started
#define SHARES 64           // runs of slots that threads take in turn
#define NOWHERE UINT8_MAX
#define NEAR_ROWS 16 // ahead

/// A run of slots, and what is in it.
struct share {
    uint64_t count, bytes;
    size_t expiring;
    size_t at[SHARD_MAX]; // objects of each shard, then where the next of them goes
    struct collection_stamp stamps[ID_MAP_STRIPES];
};

/// The objects of one collection, dealt to shards.
struct deal {
    struct engine *engine;
    struct collection *collection;
    unsigned shards;
    uint32_t end;            // of the slots
    uint8_t *owner;          // of each slot: its shard or NOWHERE
    struct index_box *boxes; // run by run, a run per shard
    uint32_t *items;
    struct share *share;
    size_t begin[SHARD_MAX + 1];
    void (*step)(struct deal *deal, unsigned number);
    unsigned steps;
    _Atomic unsigned next; // number of a step to be taken
    _Atomic int status;
};

static_assert(SHARD_MAX < NOWHERE, "a shard's number fits beside the mark");

static enum status load_collection(struct engine *e, struct collection *c);
static enum status load_dealt(struct deal *deal);
static void survey(struct deal *deal, unsigned number);
static void sum_up(struct deal *deal);
static void fill(struct deal *deal, unsigned number);
static void load_part(struct deal *deal, unsigned shard);
static void take_steps(struct deal *deal, void (*step)(struct deal *, unsigned), unsigned steps);
static enum status note_expiry(struct engine *e, struct collection *c, size_t expiring);

enum status load_all(struct engine *e) {
    enum status st = STATUS_OK;
    struct collection *c;
    struct str after = STR_NONE;
    while (st == STATUS_OK && collections_list(&e->collections, after, &c, 1)) {
        after = collection_name(c);
        st = load_collection(e, c);
    }
    return st;
}

static enum status load_collection(struct engine *e, struct collection *c) {
    slots_rebuild_free(&c->slots);
    struct deal deal = {
        .engine = e, .collection = c, .shards = c->shard_count, .end = slots_end(&c->slots)};
    deal.owner = mem_alloc(deal.end);
    deal.share = mem_zalloc(SHARES, sizeof deal.share[0]);
    enum status st = deal.owner && deal.share ? load_dealt(&deal) : STATUS_NO_MEMORY;
    mem_free(deal.owner);
    mem_free(deal.share);
    mem_free(deal.boxes);
    mem_free(deal.items);
    return st;
}

static enum status load_dealt(struct deal *deal) {
    take_steps(deal, survey, SHARES);
    sum_up(deal);
    size_t placed = deal->begin[deal->shards];
    deal->boxes = mem_alloc(placed * sizeof deal->boxes[0]);
    deal->items = mem_alloc(placed * sizeof deal->items[0]);
    if (!deal->boxes || !deal->items) {
        return STATUS_NO_MEMORY;
    }
    take_steps(deal, fill, SHARES);
    take_steps(deal, load_part, deal->shards);
    size_t expiring = 0;
    for (unsigned i = 0; i < SHARES; i++) {
        expiring += deal->share[i].expiring;
    }
    enum status st = (enum status)deal->status;
    return st == STATUS_OK && expiring ? note_expiry(deal->engine, deal->collection, expiring) : st;
}

static uint32_t share_begin(const struct deal *deal, unsigned number) {
    return (uint32_t)((uint64_t)deal->end * number / SHARES);
}

static const struct row *row_at(const struct deal *deal, uint32_t slot) {
    const struct slots *slots = &deal->collection->slots;
    if (slot + NEAR_ROWS < deal->end) {
        __builtin_prefetch(slots_load(slots, slot + NEAR_ROWS));
    }
    return slots_load(slots, slot);
}

static void stamp_note(struct collection_stamp *last, const struct collection_stamp *made) {
    if (made->ms > last->ms || (made->ms == last->ms && made->generation > last->generation)) {
        *last = *made;
    }
}

static void survey_row(const struct deal *deal, const struct row *row, struct share *share) {
    const struct collection *c = deal->collection;
    struct object o;
    row_read(row, &o);
    share->count++;
    share->bytes += row_weight(row);
    share->expiring += (o.flags & OBJECT_HAS_EXPIRY) != 0;
    unsigned stripe = id_map_stripe(id_map_hash(c->ids, object_id(&o)));
    stamp_note(&share->stamps[stripe],
               &(struct collection_stamp){.ms = o.created_ms, .generation = o.generation});
    if (!object_is_empty(&o)) {
        unsigned shard = shard_of_point(&deal->engine->shards, object_center(&o));
        deal->owner[o.slot] = (uint8_t)shard;
        share->at[shard]++;
    }
}

static void survey(struct deal *deal, unsigned number) {
    uint32_t end = share_begin(deal, number + 1);
    for (uint32_t slot = share_begin(deal, number); slot < end; slot++) {
        const struct row *row = row_at(deal, slot);
        deal->owner[slot] = NOWHERE;
        if (row) {
            survey_row(deal, row, &deal->share[number]);
        }
    }
}

// Leaves in `begin` where each shard's run starts, and in the shares where theirs of it do.
static void sum_up(struct deal *deal) {
    struct collection *c = deal->collection;
    uint64_t count = 0, bytes = 0;
    size_t at = 0;
    for (unsigned shard = 0; shard < deal->shards; shard++) {
        deal->begin[shard] = at;
        for (unsigned i = 0; i < SHARES; i++) {
            size_t here = deal->share[i].at[shard];
            deal->share[i].at[shard] = at;
            at += here;
        }
        deal->engine->shard_objects[shard] += at - deal->begin[shard];
    }
    deal->begin[deal->shards] = at;
    for (unsigned i = 0; i < SHARES; i++) {
        count += deal->share[i].count;
        bytes += deal->share[i].bytes;
    }
    for (unsigned s = 0; s < ID_MAP_STRIPES; s++) {
        for (unsigned i = 0; i < SHARES; i++) {
            stamp_note(&c->stamps[s], &deal->share[i].stamps[s]);
        }
        c->stamps[s].used_up = true; // whoever had it last may have been deleted
    }
    c->count = count;
    c->bytes = bytes;
}

static void fill(struct deal *deal, unsigned number) {
    struct collection *c = deal->collection;
    struct share *share = &deal->share[number];
    uint32_t end = share_begin(deal, number + 1);
    for (uint32_t slot = share_begin(deal, number); slot < end; slot++) {
        const struct row *row = row_at(deal, slot);
        unsigned shard = deal->owner[slot];
        struct object o;
        struct index_box box;
        if (shard == NOWHERE) {
            continue;
        }
        row_read(row, &o);
        bool placed = collection_index_box(&o, &box);
        assert(placed); // else it would be empty
        (void)placed;
        collection_note_box(c, shard, &box);
        size_t i = share->at[shard]++;
        deal->boxes[i] = box;
        deal->items[i] = slot;
    }
}

static void load_part(struct deal *deal, unsigned shard) {
    struct collection *c = deal->collection;
    size_t begin = deal->begin[shard], count = deal->begin[shard + 1] - begin;
    if (!count) {
        return;
    }
    struct index *part;
    enum status st = index_make(c->index_kind, &c->slots.places, &part);
    if (st == STATUS_OK) {
        atomic_store_explicit(&c->parts[shard], part, memory_order_release);
        st = index_bulk_load(part, deal->boxes + begin, deal->items + begin, count);
    }
    if (st != STATUS_OK) {
        deal->status = (int)st;
    }
}

static void *take_turns(void *arg) {
    struct deal *deal = arg;
    unsigned number;
    while ((number = atomic_fetch_add(&deal->next, 1)) < deal->steps) {
        deal->step(deal, number);
    }
    return NULL;
}

// A thread that cannot be started is missed by nobody: this one works too.
static void take_steps(struct deal *deal, void (*step)(struct deal *, unsigned), unsigned steps) {
    deal->step = step;
    deal->steps = steps;
    deal->next = 0;
    long cpus = deal->end < THREADS_WORTH ? 1 : sysconf(_SC_NPROCESSORS_ONLN);
    unsigned want = cpus > THREADS_MAX ? THREADS_MAX : cpus < 1 ? 1 : (unsigned)cpus;
    pthread_t threads[THREADS_MAX];
    unsigned started = 0;
    while (started + 1 < want && started + 1 < steps &&
           pthread_create(&threads[started], NULL, take_turns, deal) == 0) {
        started++;
    }
    take_turns(deal);
    while (started) {
        pthread_join(threads[--started], NULL);
    }
}

static enum status note_expiry(struct engine *e, struct collection *c, size_t expiring) {
    enum status st = expiry_reserve(&e->expiry, expiring);
    for (uint32_t slot = 0; st == STATUS_OK && slot < slots_end(&c->slots); slot++) {
        const struct row *row = slots_load(&c->slots, slot);
        if (row && (row->flags & OBJECT_HAS_EXPIRY) &&
            (st = slots_make_access(&c->slots, slot)) == STATUS_OK) {
            expiry_note(&e->expiry, c, slot, row_expires_ms(row));
        }
    }
    return st;
}
