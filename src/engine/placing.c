// placing.c - index and slots change together, under the write sides of the shards concerned.
//
// A reader of an index holds the read side while it looks from items to objects, so it finds each
// object where the index says. The sections are short: a run of a few dozen operations each, one
// shard at a time; only a move between two shards holds both.

#include "engine/placing.h"

#include <assert.h>

#define SECTION 32 // operations for which readers of a shard wait

struct list {
    uint32_t first, last;
};

static bool find_places(struct batch *b, struct batch_chain *chain);
static void append(struct batch *b, struct list *list, uint32_t number);
static void swap(struct batch *b, struct batch_chain *chain);
static void place_within(struct batch *b, unsigned shard, uint32_t first);
static void place_across(struct batch *b, struct batch_chain *chain);
static enum status part_of(struct batch *b, const struct batch_chain *chain, unsigned shard,
                           struct index **out);
static void count_objects(struct batch *b, unsigned shard, int64_t change);

void placing_run(struct batch *b) {
    struct list within[SHARD_MAX], across = {BATCH_NONE, BATCH_NONE};
    unsigned shards = b->engine->shards.count;
    for (unsigned s = 0; s < shards; s++) {
        within[s] = across;
    }
    for (uint32_t i = 0; i < b->chain_count; i++) {
        struct batch_chain *chain = &b->chains[i];
        if (chain->before == chain->after) {
            continue;
        }
        if (!find_places(b, chain)) {
            swap(b, chain);
        } else if (chain->from_shard == BATCH_NOWHERE) {
            append(b, &within[chain->to_shard], i);
        } else if (chain->to_shard == BATCH_NOWHERE || chain->to_shard == chain->from_shard) {
            append(b, &within[chain->from_shard], i);
        } else {
            append(b, &across, i);
        }
    }
    for (unsigned s = 0; s < shards; s++) {
        place_within(b, s, within[s].first);
    }
    for (uint32_t i = across.first; i != BATCH_NONE; i = b->chains[i].next) {
        place_across(b, &b->chains[i]);
    }
}

static bool place_of(struct batch *b, const struct row *row, struct index_box *box,
                     uint8_t *shard) {
    struct object o;
    if (!row) {
        return false;
    }
    row_read(row, &o);
    if (!collection_index_box(&o, box)) {
        return false;
    }
    *shard = (uint8_t)shard_of_point(&b->engine->shards, object_center(&o));
    return true;
}

// False when no index has to change: then no shard's reader can tell.
static bool find_places(struct batch *b, struct batch_chain *chain) {
    bool from = place_of(b, chain->before, &chain->from, &chain->from_shard);
    bool to = place_of(b, chain->after, &chain->to, &chain->to_shard);
    if (from && to) {
        return chain->from_shard != chain->to_shard ||
               memcmp(&chain->from, &chain->to, sizeof chain->from) != 0;
    }
    return from || to;
}

static void append(struct batch *b, struct list *list, uint32_t number) {
    if (list->first == BATCH_NONE) {
        list->first = number;
    } else {
        b->chains[list->last].next = number;
    }
    list->last = number;
}

static void swap(struct batch *b, struct batch_chain *chain) {
    slots_store(&b->touched[chain->touched].collection->slots, chain->slot, chain->after);
}

static enum status place_one(struct batch *b, const struct batch_chain *chain, unsigned shard) {
    struct index *part;
    enum status st = part_of(b, chain, shard, &part);
    if (st != STATUS_OK) {
        return st;
    }
    if (chain->to_shard != BATCH_NOWHERE) {
        collection_note_box(b->touched[chain->touched].collection, shard, &chain->to);
    }
    if (chain->from_shard == BATCH_NOWHERE) {
        st = index_insert(part, &chain->to, chain->slot);
        count_objects(b, shard, st == STATUS_OK);
    } else if (chain->to_shard == BATCH_NOWHERE) {
        index_remove(part, &chain->from, chain->slot);
        count_objects(b, shard, -1);
    } else {
        st = index_move(part, &chain->from, &chain->to, chain->slot);
    }
    return st;
}

static void settle(struct batch *b, struct batch_chain *chain, enum status st) {
    if (st == STATUS_OK) {
        swap(b, chain);
    } else {
        chain->failed = true;
        b->failed++;
    }
}

static void place_within(struct batch *b, unsigned shard, uint32_t first) {
    struct brlock *lock = b->engine->shards.locks[shard];
    while (first != BATCH_NONE) {
        brlock_write_begin(lock);
        for (unsigned i = 0; i < SECTION && first != BATCH_NONE; i++) {
            struct batch_chain *chain = &b->chains[first];
            settle(b, chain, place_one(b, chain, shard));
            first = chain->next;
        }
        brlock_write_end(lock);
    }
}

// Into the new index first, because only that can fail. While both hold the item its entry in the
// table of places is changed over by hand.
static enum status place_in_two(struct batch *b, struct batch_chain *chain) {
    struct index *from, *to;
    enum status st = part_of(b, chain, chain->from_shard, &from);
    if (st == STATUS_OK) {
        st = part_of(b, chain, chain->to_shard, &to);
    }
    if (st != STATUS_OK) {
        return st;
    }
    struct collection *c = b->touched[chain->touched].collection;
    collection_note_box(c, chain->to_shard, &chain->to);
    uint32_t *place = places_at(&c->slots.places, chain->slot);
    uint32_t old_place = *place;
    *place = PLACES_NONE;
    st = index_insert(to, &chain->to, chain->slot);
    uint32_t new_place = *place;
    *place = old_place;
    if (st == STATUS_OK) {
        index_remove(from, &chain->from, chain->slot);
        *place = new_place;
        count_objects(b, chain->from_shard, -1);
        count_objects(b, chain->to_shard, 1);
    }
    return st;
}

static void place_across(struct batch *b, struct batch_chain *chain) {
    bool up = chain->from_shard < chain->to_shard;
    struct brlock *first = b->engine->shards.locks[up ? chain->from_shard : chain->to_shard];
    struct brlock *second = b->engine->shards.locks[up ? chain->to_shard : chain->from_shard];
    brlock_write_begin(first);
    brlock_write_begin(second);
    settle(b, chain, place_in_two(b, chain));
    brlock_write_end(second);
    brlock_write_end(first);
}

static enum status part_of(struct batch *b, const struct batch_chain *chain, unsigned shard,
                           struct index **out) {
    struct collection *c = b->touched[chain->touched].collection;
    *out = collection_part(c, shard);
    if (*out) {
        return STATUS_OK;
    }
    enum status st = index_make(c->index_kind, &c->slots.places, out);
    if (st == STATUS_OK) {
        atomic_store_explicit(&c->parts[shard], *out, memory_order_release);
    }
    return st;
}

// Written under the shard's lock, read by anyone.
static void count_objects(struct batch *b, unsigned shard, int64_t change) {
    _Atomic uint64_t *objects = &b->engine->shard_objects[shard];
    atomic_store_explicit(objects,
                          atomic_load_explicit(objects, memory_order_relaxed) + (uint64_t)change,
                          memory_order_relaxed);
}
