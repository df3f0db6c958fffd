// collection.c - making and freeing collections, and what all their users compute alike.

#include "engine/collection.h"

#include "base/mem.h"

static void free_retired(struct epoch_node *node);

enum status collection_new(const struct collection_options *options, struct collection **out) {
    struct collection *c = mem_zalloc(1, sizeof *c + options->shard_count * sizeof(struct index *));
    if (!c) {
        return STATUS_NO_MEMORY;
    }
    enum status st = slots_init(&c->slots);
    if (st != STATUS_OK) {
        mem_free(c);
        return st;
    }
    c->shard_count = options->shard_count;
    c->index_kind = options->index_kind;
    c->incarnation = options->incarnation;
    c->created_ms = options->created_ms;
    c->retired.free_fn = free_retired;
    struct collection_name *name = NULL;
    st = collection_name_new(options->name, options->hash, &name);
    atomic_store_explicit(&c->named, name, memory_order_relaxed);
    if (st == STATUS_OK) {
        st = id_map_new(options->epoch, options->seed, &c->ids);
    }
    if (st != STATUS_OK) {
        collection_free(c);
        return st;
    }
    *out = c;
    return STATUS_OK;
}

static void name_free(struct epoch_node *node) {
    mem_free(node);
}

enum status collection_name_new(struct str name, uint64_t hash, struct collection_name **out) {
    struct collection_name *n = mem_alloc(sizeof *n + name.len + 1);
    *out = n;
    if (!n) {
        return STATUS_NO_MEMORY;
    }
    *n = (struct collection_name){.retired = {.free_fn = name_free}, .hash = hash, .len = name.len};
    memcpy(n->text, name.p, name.len);
    n->text[name.len] = '\0';
    return STATUS_OK;
}

void collection_name_free(struct collection_name *name) {
    mem_free(name);
}

void collection_free(struct collection *c) {
    if (!c) {
        return;
    }
    for (unsigned i = 0; i < c->shard_count; i++) {
        index_free(collection_part(c, i));
    }
    id_order_free(atomic_load_explicit(&c->order, memory_order_relaxed));
    id_map_free(c->ids);
    slots_deinit(&c->slots);
    collection_name_free(atomic_load_explicit(&c->named, memory_order_relaxed));
    mem_free(c);
}

void collection_retire(struct collection *c, struct epoch *epoch) {
    epoch_retire_node(epoch, &c->retired);
}

const struct row *collection_find(const struct collection *c, struct str id) {
    return id_map_find(c->ids, id, id_map_hash(c->ids, id));
}

bool collection_index_box(const struct object *o, struct index_box *box) {
    if (!(o->flags & OBJECT_HAS_GEOMETRY)) {
        int32_t lon = index_quantise(o->point.lon), lat = index_quantise(o->point.lat);
        *box = (struct index_box){lon, lat, lon, lat};
        return true;
    }
    struct bbox b = *geometry_bbox(o->geometry);
    if (bbox_is_empty(&b)) {
        return false;
    }
    if (b.min_lon < -180.0 || b.max_lon > 180.0) {
        b.min_lon = -180.0;
        b.max_lon = 180.0;
    }
    *box = index_box_of(&b);
    return true;
}

struct collection_stamp collection_stamp_next(struct collection *c, unsigned stripe,
                                              int64_t now_ms) {
    struct collection_stamp *last = &c->stamps[stripe];
    if (now_ms > last->ms) {
        *last = (struct collection_stamp){.ms = now_ms};
    } else if (last->used_up) {
        last->used_up = false;
        last->ms += last->generation == UINT8_MAX;
        last->generation++;
    }
    return *last;
}

size_t collection_table_bytes(const struct collection *c) {
    return sizeof *c + slots_bytes(&c->slots) + id_map_bytes(c->ids) +
           id_order_bytes(atomic_load_explicit(&c->order, memory_order_acquire));
}

// Format, index kind, birthday and incarnation, eight bytes each, little endian.
#define META_FORMAT 1
#define META_BYTES 18

void collection_write_meta(const struct collection *c, struct buf *out) {
    buf_append_char(out, META_FORMAT);
    buf_append_char(out, (char)c->index_kind);
    buf_append(out, &c->created_ms, sizeof c->created_ms);
    buf_append(out, &c->incarnation, sizeof c->incarnation);
}

bool collection_parse_meta(struct str body, struct collection_meta *out) {
    if (body.len != META_BYTES || body.p[0] != META_FORMAT || body.p[1] < INDEX_QUADTREE ||
        body.p[1] > INDEX_GEOHASH) {
        return false;
    }
    out->index_kind = (enum index_kind)body.p[1];
    memcpy(&out->created_ms, body.p + 2, sizeof out->created_ms);
    memcpy(&out->incarnation, body.p + 10, sizeof out->incarnation);
    return true;
}

static void free_retired(struct epoch_node *node) {
    collection_free((struct collection *)node);
}
