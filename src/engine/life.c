// life.c - life of an engine, its readers, and reads by id and by collection.

#include "engine/engine.h"

#include <assert.h>
#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "engine/batch.h"
#include "engine/fences_work.h"

#define LIMIT_COLLECTIONS 100000
#define SCRATCH_BYTES (32u << 10) // a reader keeps as much between two batches

static unsigned default_shards(void);
static enum status upkeep_init(struct engine *e);
static enum status make_reader_state(struct engine *e, unsigned reader);
static void free_reader_state(struct engine_reader *r);
static void describe(struct engine *e, unsigned reader, struct collection *c,
                     struct collection_info *out);

enum status engine_new(const struct engine_options *options, struct engine **out) {
    struct engine *e = mem_alloc_aligned(_Alignof(struct engine), sizeof *e);
    if (!e) {
        return STATUS_NO_MEMORY;
    }
    memset(e, 0, sizeof *e);
    unsigned shards = options->shard_count ? options->shard_count : default_shards();
    assert(shards <= SHARD_MAX);
    e->log = options->log;
    engine_memory_limit(e, options);
    enum status st = epoch_new(&e->epoch);
    if (st != STATUS_OK) {
        mem_free(e);
        return st;
    }
    st = shard_map_init(&e->shards, shards, EPOCH_MAX_READERS);
    if (st != STATUS_OK) {
        goto fail;
    }
    size_t limit = options->limit_collections ? options->limit_collections : LIMIT_COLLECTIONS;
    st = collections_init(&e->collections, e->epoch, limit, options->index_kind, shards);
    if (st == STATUS_OK && (st = expiry_init(&e->expiry)) != STATUS_OK) {
        collections_deinit(&e->collections);
    }
    if (st != STATUS_OK) {
        goto fail;
    }
    st = fences_init(&e->fences, &options->events);
    if (st == STATUS_OK && (st = keep_init(&e->keep)) != STATUS_OK) {
        fences_deinit(&e->fences);
    }
    if (st != STATUS_OK) {
        expiry_deinit(&e->expiry);
        collections_deinit(&e->collections);
        goto fail;
    }
    st = upkeep_init(e);
    if (st != STATUS_OK) {
        engine_free(e);
        return st;
    }
    *out = e;
    return STATUS_OK;
fail:
    shard_map_deinit(&e->shards);
    epoch_free(e->epoch);
    mem_free(e);
    return st;
}

void engine_free(struct engine *e) {
    if (!e) {
        return;
    }
    engine_stop(e);
    pthread_mutex_destroy(&e->upkeep.tick);
    pthread_mutex_destroy(&e->upkeep.lock);
    pthread_cond_destroy(&e->upkeep.wake);
    epoch_free(e->epoch);
    collections_deinit(&e->collections);
    expiry_deinit(&e->expiry);
    fences_deinit(&e->fences);
    keep_deinit(&e->keep);
    shard_map_deinit(&e->shards);
    for (unsigned i = 0; i < EPOCH_MAX_READERS; i++) {
        free_reader_state(atomic_load_explicit(&e->readers[i], memory_order_relaxed));
    }
    mem_free(e);
}

enum status engine_reader_open(struct engine *e, unsigned *reader) {
    enum status st = epoch_register(e->epoch, reader);
    if (st != STATUS_OK) {
        return st;
    }
    st = make_reader_state(e, *reader);
    if (st != STATUS_OK) {
        epoch_unregister(e->epoch, *reader);
    }
    return st;
}

void engine_reader_close(struct engine *e, unsigned reader) {
    struct engine_reader *r = engine_reader_state(e, reader);
    if (r->waiting) {
        epoch_retire_node(e->epoch, &r->waiting->node);
        r->waiting = NULL;
    }
    epoch_unregister(e->epoch, reader);
}

void engine_enter(struct engine *e, unsigned reader) {
    epoch_enter(e->epoch, reader);
}

void engine_leave(struct engine *e, unsigned reader) {
    epoch_leave(e->epoch, reader);
}

static enum status find(struct engine *e, unsigned reader, struct collection *c, struct str id,
                        struct object *out, struct reason *why) {
    engine_count(&engine_reader_state(e, reader)->gets, 1);
    if (!c) {
        return reason_set(why, STATUS_NOT_FOUND, "there is no collection of this name");
    }
    const struct row *row = collection_find(c, id);
    if (row) {
        row_read(row, out);
        if (!(out->flags & OBJECT_HAS_EXPIRY) || !object_is_due(out, clock_wall_ms())) {
            return STATUS_OK;
        }
    }
    return reason_set(why, STATUS_NOT_FOUND, "there is no object of this id");
}

enum status engine_find(struct engine *e, unsigned reader, struct str collection, struct str id,
                        struct object *out, struct reason *why) {
    return find(e, reader, collection_lookup_by(e, reader, collection), id, out, why);
}

uint64_t engine_approach(struct engine *e, unsigned reader, struct str collection, struct str id) {
    const struct collection *c = collection_lookup_by(e, reader, collection);
    uint64_t hash = c ? id_map_hash(c->ids, id) : 0;
    if (c) {
        id_map_prefetch(c->ids, hash);
    }
    return hash;
}

// Of a collection dropped and made anew meanwhile the wrong row comes near: no harm.
void engine_approach_row(struct engine *e, unsigned reader, struct str collection, uint64_t mark) {
    const struct collection *c = collection_lookup_by(e, reader, collection);
    if (c) {
        id_map_prefetch_row(c->ids, mark);
    }
}

enum status engine_get(struct engine *e, unsigned reader, struct str collection, struct str id,
                       struct object *out, struct reason *why) {
    struct collection *c = collection_lookup_by(e, reader, collection);
    enum status st = find(e, reader, c, id, out, why);
    if (st == STATUS_OK) {
        slots_count_read(&c->slots, out->slot, clock_wall_ms());
    }
    return st;
}

// The stamp tells lives of an id apart (collection.h), version and time the states of one life.
uint64_t engine_etag(const struct object *o) {
    uint64_t life = hash_mix(((uint64_t)o->created_ms << 8 | o->generation) + 1);
    return hash_mix(life ^ ((uint64_t)o->version << 32) ^ (uint64_t)o->updated_ms);
}

void engine_metadata(struct engine *e, struct str collection, const struct object *o,
                     struct object_metadata *out) {
    *out = (struct object_metadata){
        .shard = shard_of_point(&e->shards, object_center(o)),
        .data_mass = (double)row_bytes(o),
    };
    const struct collection *c = collection_lookup(e, collection);
    if (!c || o->slot >= slots_end(&c->slots)) {
        return; // dropped or made anew meanwhile
    }
    const struct slot_access *access = slots_access(&c->slots, o->slot);
    if (!access) {
        return;
    }
    out->last_accessed_ms = atomic_load_explicit(&access->last_ms, memory_order_relaxed);
    out->access_frequency = (double)slots_access_rate(access, clock_wall_ms());
    double level = floor(log2(out->access_frequency * 3600.0 + 1.0) / 2.0);
    out->energy_level = level >= 7 ? 7 : (unsigned)level;
}

enum status engine_collections(struct engine *e, unsigned reader, struct str after, size_t limit,
                               struct arena *arena, struct collection_info **out, size_t *count) {
    *count = 0;
    size_t all = collections_count(&e->collections);
    limit = limit < all ? limit : all;
    struct collection **found = arena_alloc(arena, limit * sizeof *found);
    *out = arena_zalloc(arena, limit, sizeof **out);
    if (!found || !*out) {
        return STATUS_NO_MEMORY;
    }
    // Collections that are not live yet are rare; a page that would be short for them goes on.
    for (size_t n; *count < limit;) {
        n = collections_list(&e->collections, after, found, limit - *count);
        for (size_t i = 0; i < n; i++) {
            after = collection_name(found[i]);
            if (!atomic_load_explicit(&found[i]->live, memory_order_acquire)) {
                continue;
            }
            struct collection_info *info = &(*out)[(*count)++];
            describe(e, reader, found[i], info);
            info->name = arena_str(arena, after);
            if (!info->name.p) {
                return STATUS_NO_MEMORY;
            }
        }
        if (n == 0) {
            break;
        }
    }
    return STATUS_OK;
}

uint64_t engine_objects(struct engine *e, unsigned reader, struct str collection) {
    const struct collection *c = collection_lookup_by(e, reader, collection);
    return c ? atomic_load_explicit(&c->count, memory_order_relaxed) : 0;
}

// In doubles a quantised number may be anything up to the next one.
static void add_extent(struct bbox *extent, const struct index_box *box) {
    const double step = 1e-7;
    struct bbox b = {fmax(box->min_lon * step, -180.0), fmax(box->min_lat * step, -90.0),
                     fmin((box->max_lon + 1) * step, 180.0), fmin((box->max_lat + 1) * step, 90.0)};
    bbox_add(extent, &b);
}

static void describe(struct engine *e, unsigned reader, struct collection *c,
                     struct collection_info *out) {
    *out = (struct collection_info){
        .count = atomic_load_explicit(&c->count, memory_order_relaxed),
        .bytes = atomic_load_explicit(&c->bytes, memory_order_relaxed),
        .index_bytes = collection_table_bytes(c),
        .index = index_kind_name(c->index_kind),
        .extent = BBOX_EMPTY,
        .created_ms = c->created_ms,
    };
    for (unsigned s = 0; s < c->shard_count; s++) {
        brlock_read_begin(e->shards.locks[s], reader);
        const struct index *part = collection_part(c, s);
        struct index_box box;
        if (part) {
            out->index_bytes += index_bytes(part);
            if (index_extent(part, &box)) {
                add_extent(&out->extent, &box);
            }
        }
        brlock_read_end(e->shards.locks[s], reader);
    }
}

static void add_collections(struct engine *e, struct engine_stats *out) {
    struct collection *c;
    struct str after = STR_NONE;
    while (collections_list(&e->collections, after, &c, 1)) {
        after = collection_name(c);
        struct collection_info info;
        describe(e, e->upkeep.reader, c, &info);
        out->collections += atomic_load_explicit(&c->live, memory_order_relaxed);
        out->objects += info.count;
        out->object_bytes += info.bytes;
        out->index_bytes += info.index_bytes;
    }
}

void engine_stats(struct engine *e, struct engine_stats *out) {
    *out = (struct engine_stats){
        .memory_used = mem_used(), .memory_limit = e->memory_limit, .shard_count = e->shards.count};
    pthread_mutex_lock(&e->upkeep.tick);
    epoch_enter(e->epoch, e->upkeep.reader);
    add_collections(e, out);
    epoch_leave(e->epoch, e->upkeep.reader);
    pthread_mutex_unlock(&e->upkeep.tick);
    for (unsigned i = 0; i < EPOCH_MAX_READERS; i++) {
        const struct engine_reader *r = engine_reader_state(e, i);
        if (r) {
            out->puts += atomic_load_explicit(&r->puts, memory_order_relaxed);
            out->deletes += atomic_load_explicit(&r->deletes, memory_order_relaxed);
            out->expired += atomic_load_explicit(&r->expired, memory_order_relaxed);
            out->searches += atomic_load_explicit(&r->searches, memory_order_relaxed);
            out->gets += atomic_load_explicit(&r->gets, memory_order_relaxed);
        }
    }
    for (unsigned s = 0; s < e->shards.count; s++) {
        out->shard_objects[s] = atomic_load_explicit(&e->shard_objects[s], memory_order_relaxed);
    }
}

struct storage *engine_storage(struct engine *e) {
    return e->store;
}

static unsigned default_shards(void) {
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus < 1 ? 2 : cpus > SHARD_MAX / 2 ? SHARD_MAX : (unsigned)cpus * 2;
}

static enum status upkeep_init(struct engine *e) {
    pthread_condattr_t attr;
    if (pthread_mutex_init(&e->upkeep.lock, NULL) || pthread_mutex_init(&e->upkeep.tick, NULL) ||
        pthread_condattr_init(&attr)) {
        return STATUS_NO_MEMORY;
    }
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&e->upkeep.wake, &attr);
    pthread_condattr_destroy(&attr);
    return failed ? STATUS_NO_MEMORY : engine_reader_open(e, &e->upkeep.reader);
}

// What the last owner of the id left stays: counters go on, memory is used again.
static enum status make_reader_state(struct engine *e, unsigned reader) {
    if (engine_reader_state(e, reader)) {
        return STATUS_OK;
    }
    struct engine_reader *r = mem_alloc_aligned(_Alignof(struct engine_reader), sizeof *r);
    if (!r) {
        return STATUS_NO_MEMORY;
    }
    memset(r, 0, sizeof *r);
    r->id = reader;
    arena_init(&r->scratch, SCRATCH_BYTES);
    buf_init(&r->batch);
    buf_init(&r->body);
    buf_init(&r->merged);
    atomic_store_explicit(&e->readers[reader], r, memory_order_release);
    return STATUS_OK;
}

static void free_reader_state(struct engine_reader *r) {
    if (r) {
        arena_deinit(&r->scratch);
        buf_deinit(&r->batch);
        buf_deinit(&r->body);
        buf_deinit(&r->merged);
        fences_work_free(r->fences);
        if (r->waiting) {
            r->waiting->node.free_fn(&r->waiting->node);
        }
        mem_free(r);
    }
}
