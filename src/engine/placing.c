// placing.c - index and slots change together, under the write sides of the shards concerned.
//
// Readers go from items to objects after they have left the index, and test what they find there. Those that take
// locks (search_parts.h) wait for a section, so sections are short: a run of a few dozen operations each, one
// shard at a time; only a move between two shards holds both.

#include "engine/placing.h"

#define SECTION 32 // operations for which readers of a shard wait

struct list {
    uint32_t first, last;
};

static void find_place(struct batch *b, struct batch_chain *chain);
static void append(struct batch *b, struct list *list, uint32_t number);
static void swap(struct batch *b, struct batch_chain *chain);
static void settle(struct batch *b, struct batch_chain *chain, enum status st);
static void place_within(struct batch *b, unsigned shard, uint32_t first);
static void place_alone(struct batch *b, struct batch_chain *chain);
static void place_only(struct batch *b, struct batch_chain *chain);
static void approach(const struct batch *b, unsigned shard, uint32_t first);

void placing_run(struct batch *b) {
    if (b->chain_count == 1) {
        place_only(b, &b->chains[0]);
        return;
    }
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
        find_place(b, chain);
        if (!relocation_matters(&chain->place)) {
            swap(b, chain);
        } else if (!relocation_within(&chain->place)) {
            append(b, &across, i);
        } else {
            append(b, &within[relocation_shard(&chain->place)], i);
        }
    }
    for (unsigned s = 0; s < shards; s++) {
        place_within(b, s, within[s].first);
    }
    for (uint32_t i = across.first; i != BATCH_NONE; i = b->chains[i].next) {
        place_alone(b, &b->chains[i]);
    }
}

static uint8_t place_of(const struct batch *b, const struct row *row, struct index_box *box) {
    struct object o;
    if (!row) {
        return RELOCATION_NOWHERE;
    }
    row_read(row, &o);
    if (!(o.flags & OBJECT_HAS_GEOMETRY)) {
        return relocation_of_point(b->engine, o.point, box);
    }
    if (!collection_index_box(&o, box)) {
        return RELOCATION_NOWHERE;
    }
    return (uint8_t)shard_of_point(&b->engine->shards, object_center(&o));
}

static void find_place(struct batch *b, struct batch_chain *chain) {
    struct relocation *r = &chain->place;
    r->collection = b->touched[chain->touched].collection;
    r->slot = chain->slot;
    r->from_shard = place_of(b, chain->before, &r->from);
    r->to_shard = place_of(b, chain->after, &r->to);
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
    struct collection *c = b->touched[chain->touched].collection;
    struct id_order *order = atomic_load_explicit(&c->order, memory_order_acquire);
    if (order) {
        id_order_leave(order, chain->before, chain->after);
    }
    if (!chain->before) {
        id_map_insert(c->ids, chain->hash, chain->after);
    } else if (chain->after) {
        id_map_replace(c->ids, chain->hash, chain->before, chain->after);
    } else {
        id_map_remove(c->ids, chain->hash, chain->before);
    }
    slots_store(&c->slots, chain->slot, chain->after);
    if (order) {
        id_order_enter(order, chain->before, chain->after);
    }
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
        approach(b, shard, first);
        for (unsigned i = 0; i < SECTION && first != BATCH_NONE; i++) {
            struct batch_chain *chain = &b->chains[first];
            settle(b, chain, relocation_run(b->engine, &chain->place));
            first = chain->next;
        }
        brlock_write_end(lock);
    }
}

static void place_alone(struct batch *b, struct batch_chain *chain) {
    relocation_lock(b->engine, &chain->place);
    settle(b, chain, relocation_run(b->engine, &chain->place));
    relocation_unlock(b->engine, &chain->place);
}

static void place_only(struct batch *b, struct batch_chain *chain) {
    if (chain->before == chain->after) {
        return;
    }
    find_place(b, chain);
    if (relocation_matters(&chain->place)) {
        place_alone(b, chain);
    } else {
        swap(b, chain);
    }
}

// What the section will look at in the index of its first collection.
static void approach(const struct batch *b, unsigned shard, uint32_t first) {
    struct index_box boxes[SECTION];
    uint32_t slots[SECTION];
    size_t box_count = 0, slot_count = 0;
    const struct collection *c = b->touched[b->chains[first].touched].collection;
    const struct index *part = collection_part(c, shard);
    for (unsigned i = 0; part && i < SECTION && first != BATCH_NONE; i++) {
        const struct relocation *r = &b->chains[first].place;
        if (r->collection == c && r->from_shard == RELOCATION_NOWHERE) {
            boxes[box_count++] = r->to;
        } else if (r->collection == c) {
            slots[slot_count++] = r->slot;
        }
        first = b->chains[first].next;
    }
    if (box_count) {
        index_approach(part, boxes, box_count);
    }
    if (slot_count) {
        index_approach_items(part, slots, slot_count);
    }
}
