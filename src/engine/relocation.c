#include "engine/relocation.h"

static enum status run_within(struct engine *e, const struct relocation *r);
static enum status run_across(struct engine *e, const struct relocation *r);
static enum status part_of(struct collection *c, unsigned shard, struct index **out);
static void count_objects(struct engine *e, unsigned shard, int64_t change);

uint8_t relocation_of_point(const struct engine *e, struct point p, struct index_box *box) {
    int32_t lon = index_quantise(p.lon), lat = index_quantise(p.lat);
    *box = (struct index_box){lon, lat, lon, lat};
    return (uint8_t)shard_of_point(&e->shards, p);
}

bool relocation_matters(const struct relocation *r) {
    return r->from_shard != r->to_shard ||
           (r->from_shard != RELOCATION_NOWHERE && memcmp(&r->from, &r->to, sizeof r->from) != 0);
}

void relocation_lock(struct engine *e, const struct relocation *r) {
    if (relocation_within(r)) {
        brlock_write_begin(e->shards.locks[relocation_shard(r)]);
        return;
    }
    bool up = r->from_shard < r->to_shard;
    brlock_write_begin(e->shards.locks[up ? r->from_shard : r->to_shard]);
    brlock_write_begin(e->shards.locks[up ? r->to_shard : r->from_shard]);
}

void relocation_unlock(struct engine *e, const struct relocation *r) {
    if (!relocation_within(r)) {
        brlock_write_end(e->shards.locks[r->to_shard]);
    }
    brlock_write_end(e->shards.locks[relocation_shard(r)]);
}

enum status relocation_run(struct engine *e, const struct relocation *r) {
    return relocation_within(r) ? run_within(e, r) : run_across(e, r);
}

static enum status run_within(struct engine *e, const struct relocation *r) {
    unsigned shard = relocation_shard(r);
    struct index *part;
    enum status st = part_of(r->collection, shard, &part);
    if (st != STATUS_OK) {
        return st;
    }
    if (r->to_shard == RELOCATION_NOWHERE) {
        index_remove(part, &r->from, r->slot);
        count_objects(e, shard, -1);
        return STATUS_OK;
    }
    collection_note_box(r->collection, shard, &r->to);
    if (r->from_shard != RELOCATION_NOWHERE) {
        return index_move(part, &r->from, &r->to, r->slot);
    }
    st = index_insert(part, &r->to, r->slot);
    count_objects(e, shard, st == STATUS_OK);
    return st;
}

// Into the new index first, because only that can fail. While both hold the item its entry in the
// table of places is changed over by hand.
static enum status run_across(struct engine *e, const struct relocation *r) {
    struct index *from, *to;
    enum status st = part_of(r->collection, r->from_shard, &from);
    if (st == STATUS_OK) {
        st = part_of(r->collection, r->to_shard, &to);
    }
    if (st != STATUS_OK) {
        return st;
    }
    collection_note_box(r->collection, r->to_shard, &r->to);
    collection_crossing_begin(r->collection);
    uint32_t *place = places_at(&r->collection->slots.places, r->slot);
    uint32_t old_place = *place;
    *place = PLACES_NONE;
    st = index_insert(to, &r->to, r->slot);
    uint32_t new_place = *place;
    *place = old_place;
    if (st == STATUS_OK) {
        index_remove(from, &r->from, r->slot);
        *place = new_place;
        count_objects(e, r->from_shard, -1);
        count_objects(e, r->to_shard, 1);
    }
    collection_crossing_end(r->collection);
    return st;
}

static enum status part_of(struct collection *c, unsigned shard, struct index **out) {
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
static void count_objects(struct engine *e, unsigned shard, int64_t change) {
    _Atomic uint64_t *objects = &e->shard_objects[shard];
    atomic_store_explicit(objects,
                          atomic_load_explicit(objects, memory_order_relaxed) + (uint64_t)change,
                          memory_order_relaxed);
}
