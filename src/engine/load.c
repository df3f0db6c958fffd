// load.c - every index part is made and filled at once, large ones side by side in threads.

#include "engine/load.h"

#include <unistd.h>

#include "base/mem.h"

#define THREADS_MAX 16
#define THREADS_WORTH 50000 // objects for which threads are started

/// The objects of one collection, dealt to shards.
struct deal {
    struct collection *collection;
    unsigned shards;
    struct index_box *boxes; // run by run, a run per shard
    uint32_t *items;
    size_t begin[SHARD_MAX + 1];
    _Atomic unsigned next; // shard to be loaded
    _Atomic int status;
};

static enum status load_collection(struct engine *e, struct collection *c);
static void count_objects(struct engine *e, struct collection *c, struct deal *deal,
                          size_t *expiring);
static void fill(struct engine *e, struct deal *deal);
static void *load_parts(void *arg);
static void load_in_threads(struct deal *deal);
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
    struct deal deal = {.collection = c, .shards = c->shard_count};
    size_t expiring = 0;
    enum status st = slots_rebuild_free(&c->slots);
    if (st != STATUS_OK) {
        return st;
    }
    count_objects(e, c, &deal, &expiring);
    size_t placed = deal.begin[deal.shards];
    deal.boxes = mem_alloc(placed * sizeof deal.boxes[0]);
    deal.items = mem_alloc(placed * sizeof deal.items[0]);
    if (!deal.boxes || !deal.items) {
        st = STATUS_NO_MEMORY;
        goto fail;
    }
    fill(e, &deal);
    if (placed >= THREADS_WORTH) {
        load_in_threads(&deal);
    } else {
        load_parts(&deal);
    }
    st = (enum status)deal.status;
    if (st == STATUS_OK && expiring) {
        st = note_expiry(e, c, expiring);
    }
fail:
    mem_free(deal.boxes);
    mem_free(deal.items);
    return st;
}

static unsigned shard_of(const struct engine *e, const struct object *o) {
    return shard_of_point(&e->shards, object_center(o));
}

static void note_stamp(struct collection *c, const struct object *o) {
    struct collection_stamp *last = &c->stamps[id_map_stripe(id_map_hash(c->ids, object_id(o)))];
    if (o->created_ms > last->ms ||
        (o->created_ms == last->ms && o->generation > last->generation)) {
        last->ms = o->created_ms;
        last->generation = o->generation;
    }
}

// Leaves in `begin` where each shard's run starts.
static void count_objects(struct engine *e, struct collection *c, struct deal *deal,
                          size_t *expiring) {
    uint64_t count = 0, bytes = 0;
    for (uint32_t slot = 0; slot < slots_end(&c->slots); slot++) {
        const struct row *row = slots_load(&c->slots, slot);
        if (!row) {
            continue;
        }
        struct object o;
        row_read(row, &o);
        count++;
        bytes += row_weight(row);
        *expiring += (o.flags & OBJECT_HAS_EXPIRY) != 0;
        note_stamp(c, &o);
        if (!object_is_empty(&o)) {
            deal->begin[shard_of(e, &o) + 1]++;
        }
    }
    for (unsigned s = 0; s < deal->shards; s++) {
        e->shard_objects[s] += deal->begin[s + 1];
        deal->begin[s + 1] += deal->begin[s];
    }
    for (unsigned s = 0; s < ID_MAP_STRIPES; s++) {
        c->stamps[s].used_up = true; // whoever had it last may have been deleted
    }
    c->count = count;
    c->bytes = bytes;
}

static void fill(struct engine *e, struct deal *deal) {
    struct collection *c = deal->collection;
    size_t at[SHARD_MAX];
    memcpy(at, deal->begin, sizeof at);
    for (uint32_t slot = 0; slot < slots_end(&c->slots); slot++) {
        const struct row *row = slots_load(&c->slots, slot);
        if (!row) {
            continue;
        }
        struct object o;
        struct index_box box;
        row_read(row, &o);
        if (collection_index_box(&o, &box)) {
            unsigned shard = shard_of(e, &o);
            size_t i = at[shard]++;
            collection_note_box(c, shard, &box);
            deal->boxes[i] = box;
            deal->items[i] = slot;
        }
    }
}

static void *load_parts(void *arg) {
    struct deal *deal = arg;
    struct collection *c = deal->collection;
    unsigned s;
    while ((s = atomic_fetch_add(&deal->next, 1)) < deal->shards) {
        size_t begin = deal->begin[s], count = deal->begin[s + 1] - begin;
        if (!count) {
            continue;
        }
        struct index *part;
        enum status st = index_make(c->index_kind, &c->slots.places, &part);
        if (st == STATUS_OK) {
            atomic_store_explicit(&c->parts[s], part, memory_order_release);
            st = index_bulk_load(part, deal->boxes + begin, deal->items + begin, count);
        }
        if (st != STATUS_OK) {
            deal->status = (int)st;
        }
    }
    return NULL;
}

// A thread that cannot be started is missed by nobody: this one works too.
static void load_in_threads(struct deal *deal) {
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned want = cpus > THREADS_MAX ? THREADS_MAX : cpus < 1 ? 1 : (unsigned)cpus;
    pthread_t threads[THREADS_MAX];
    unsigned started = 0;
    while (started + 1 < want && started + 1 < deal->shards &&
           pthread_create(&threads[started], NULL, load_parts, deal) == 0) {
        started++;
    }
    load_parts(deal);
    while (started) {
        pthread_join(threads[--started], NULL);
    }
}

static enum status note_expiry(struct engine *e, struct collection *c, size_t expiring) {
    enum status st = expiry_reserve(&e->expiry, expiring);
    for (uint32_t slot = 0; st == STATUS_OK && slot < slots_end(&c->slots); slot++) {
        const struct row *row = slots_load(&c->slots, slot);
        if (row && (row->flags & OBJECT_HAS_EXPIRY)) {
            expiry_note(&e->expiry, c, slot, row_expires_ms(row));
        }
    }
    return st;
}
