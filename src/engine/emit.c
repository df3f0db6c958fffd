// emit.c - all that is alive, for a snapshot, while writes go on.
//
// Objects are emitted as they stand when the walk comes by. Writers show changes before they log
// them, but only while they hold the stripes: so the walk passes each stripe at its end, and what it has seen
// is in the log when it returns.

#include <assert.h>

#include "engine/fences_work.h"

#define SECTION 256 // objects between two times outside the epoch

struct emitter {
    struct engine *engine;
    unsigned reader;
    storage_emit_fn *emit;
    void *emit_ctx;
    struct buf body;
    char name[OBJECT_COLLECTION_MAX]; // of the collection at hand: it may go away between sections
    size_t name_len;
    uint64_t incarnation;
};

static enum status emit_beside(struct emitter *m);
static bool next_collection(struct emitter *m, enum status *st);
static enum status emit_objects(struct emitter *m);

static enum status emit_all(struct emitter *m);

// A log that begins before a rename cannot be replayed on top of what comes after it.
enum status engine_emit_all(void *ctx, uint64_t lsn, storage_emit_fn *emit, void *emit_ctx) {
    struct engine *e = ctx;
    struct emitter m = {.engine = e, .emit = emit, .emit_ctx = emit_ctx};
    enum status st = epoch_register(e->epoch, &m.reader);
    if (st != STATUS_OK) {
        return st;
    }
    atomic_store(&e->emitting_alone, atomic_load(&e->emission_broken));
    buf_init(&m.body);
    st = emit_all(&m);
    buf_deinit(&m.body);
    collections_lock(&e->collections); // a rename is logged under it
    bool broken = atomic_load(&e->renamed_lsn) >= lsn && lsn;
    atomic_store(&e->emission_broken, broken);
    atomic_store(&e->emitting_alone, false);
    collections_unlock(&e->collections);
    epoch_unregister(e->epoch, m.reader);
    return broken ? STATUS_BUSY : st;
}

static enum status emit_all(struct emitter *m) {
    enum status st = emit_beside(m);
    while (st == STATUS_OK && next_collection(m, &st)) {
        st = emit_objects(m);
        if (st != STATUS_OK) {
            break;
        }
    }
    return st;
}

static struct str name_of(const struct emitter *m) {
    return (struct str){m->name, m->name_len};
}

static enum status emit_record(struct emitter *m, enum record_kind kind, struct str id) {
    enum status st = buf_status(&m->body);
    return st != STATUS_OK ? st
                           : m->emit(m->emit_ctx, &(struct record){.kind = kind,
                                                                   .collection = name_of(m),
                                                                   .id = id,
                                                                   .body = buf_str(&m->body)});
}

// What belongs to no collection.
static enum status emit_beside(struct emitter *m) {
    enum status st = fences_work_settle(m->engine);
    buf_clear(&m->body);
    fences_work_write_seq(m->engine, &m->body);
    if (st == STATUS_OK) {
        st = emit_record(m, RECORD_META, FENCES_WORK_SEQ_ID);
    }
    return st == STATUS_OK ? keep_emit(&m->engine->keep, m->emit, m->emit_ctx) : st;
}

// False at the end and when its settings could not be emitted.
static bool next_collection(struct emitter *m, enum status *st) {
    struct collection *c;
    bool live = false;
    epoch_enter(m->engine->epoch, m->reader);
    while (!live && collections_list(&m->engine->collections, name_of(m), &c, 1)) {
        struct str name = collection_name(c);
        assert(name.len <= sizeof m->name);
        memcpy(m->name, name.p, name.len);
        m->name_len = name.len;
        m->incarnation = c->incarnation;
        live = atomic_load_explicit(&c->live, memory_order_acquire);
    }
    if (live) {
        buf_clear(&m->body);
        collection_write_meta(c, &m->body);
        *st = emit_record(m, RECORD_META, COLLECTION_META_ID);
    }
    epoch_leave(m->engine->epoch, m->reader);
    return live && *st == STATUS_OK;
}

static enum status emit_section(struct emitter *m, const struct collection *c, uint32_t *slot) {
    enum status st = STATUS_OK;
    uint32_t end = slots_end(&c->slots);
    for (unsigned n = 0; n < SECTION && *slot < end && st == STATUS_OK; (*slot)++) {
        const struct row *row = slots_load(&c->slots, *slot);
        if (row) {
            struct object o;
            row_read(row, &o);
            buf_clear(&m->body);
            row_write(&o, &m->body);
            st = emit_record(m, RECORD_PUT, object_id(&o));
            n++;
        }
    }
    return st;
}

static void pass_stripes(struct collection *c) {
    for (unsigned s = 0; s < ID_MAP_STRIPES; s++) {
        id_map_lock(c->ids, s);
        id_map_unlock(c->ids, s);
    }
}

// A collection that is dropped on the way needs no more: the log says so.
static enum status emit_objects(struct emitter *m) {
    enum status st = STATUS_OK;
    uint32_t slot = 0;
    for (bool more = true; more && st == STATUS_OK;) {
        epoch_enter(m->engine->epoch, m->reader);
        struct collection *c = collections_find(&m->engine->collections, name_of(m));
        more = c && c->incarnation == m->incarnation;
        if (more) {
            st = emit_section(m, c, &slot);
            if (slot >= slots_end(&c->slots)) {
                pass_stripes(c);
                more = false;
            }
        }
        epoch_leave(m->engine->epoch, m->reader);
    }
    return st;
}
