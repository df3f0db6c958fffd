#include "engine/fences_work.h"

#include <assert.h>

#include "base/mem.h"

#define ID_BYTES 8           // of an event's record: its seq, highest byte first
#define RECORD_MOST (1 + 30) // bytes of a record beside its texts
#define BODY_MOST (5 * 10)   // bytes of its body beside the texts
#define ARENA_BYTES (16u << 10)
#define KEEPS (1u << 20) // bytes of each buffer, between two batches

static size_t record_most(const struct fences_pending *p);
static size_t text_bytes(const struct fences_pending *p);
static enum status reserve(struct fences *t, struct fences_work *w, size_t count, size_t bytes);
static void write_record(const struct fences_work *w, const struct fences_pending *p, uint64_t seq,
                         struct buf *body, struct buf *batch);
static bool take_varint(struct str *from, uint64_t *out);
static bool take_text(struct str *from, struct str *out);

enum status fences_work_begin(struct engine_reader *r) {
    struct fences_work *w = r->fences;
    if (!w) {
        w = r->fences = mem_zalloc(1, sizeof *w);
        if (!w) {
            return STATUS_NO_MEMORY;
        }
        arena_init(&w->arena, ARENA_BYTES);
        buf_init(&w->text);
    }
    arena_reset(&w->arena);
    buf_clear(&w->text);
    w->pending_count = 0;
    w->failed = false;
    return STATUS_OK;
}

void fences_work_free(struct fences_work *w) {
    if (w) {
        arena_deinit(&w->arena);
        buf_deinit(&w->text);
        mem_free(w->found);
        mem_free(w->told);
        mem_free(w->pending);
        mem_free(w->events);
        mem_free(w);
    }
}

bool fences_work_room(void *array, size_t *cap, size_t count, size_t size) {
    if (count < *cap) {
        return true;
    }
    void *before, *more;
    size_t wanted = count * 2 + 32;
    memcpy(&before, array, sizeof before);
    more = mem_realloc(before, wanted * size);
    if (!more) {
        return false;
    }
    memcpy(array, &more, sizeof more);
    *cap = wanted;
    return true;
}

enum status fences_work_prepare(struct engine *e, struct engine_reader *r, size_t *most) {
    struct fences_work *w = r->fences;
    size_t count = 0, texts = 0;
    *most = 0;
    buf_clear(&r->body);
    for (size_t i = 0; i < w->pending_count; i++) {
        const struct fences_pending *p = &w->pending[i];
        size_t bytes = fence_spec(p->fence)->durable ? record_most(p) : 0;
        *most += bytes;
        count += bytes > 0;
        texts += bytes ? text_bytes(p) : 0;
        if (!buf_reserve(&r->body, bytes)) {
            return STATUS_NO_MEMORY;
        }
    }
    bool room = w->pending_count == 0 ||
                fences_work_room(&w->events, &w->event_cap, w->pending_count, sizeof w->events[0]);
    if (!room || !buf_reserve(&r->batch, *most)) {
        return STATUS_NO_MEMORY;
    }
    return reserve(&e->fences, w, count, texts);
}

static enum status reserve(struct fences *t, struct fences_work *w, size_t count, size_t bytes) {
    enum status st = STATUS_OK;
    assert(w->reserved_count == 0);
    if (count && t->events.reserve) {
        st = t->events.reserve(t->events.ctx, count, bytes);
        w->reserved_count = st == STATUS_OK ? count : 0;
        w->reserved_bytes = bytes;
    }
    return st;
}

static void release(struct fences *t, struct fences_work *w) {
    if (w->reserved_count) {
        t->events.release(t->events.ctx, w->reserved_count, w->reserved_bytes);
        w->reserved_count = 0;
    }
}

void fences_work_forget(struct fences_work *w, uint32_t item) {
    for (size_t i = 0; i < w->pending_count; i++) {
        if (w->pending[i].item == item) {
            w->pending[i].fence = NULL;
        }
    }
}

static struct engine_event event_of(const struct fences_work *w, const struct fences_pending *p,
                                    uint64_t seq) {
    const struct fence_spec *spec = fence_spec(p->fence);
    return (struct engine_event){
        .seq = seq,
        .fence = p->fence,
        .kind = spec->kind,
        .fence_id = spec->id,
        .trigger = p->trigger,
        .command = p->command,
        .collection = p->collection,
        .id = p->id,
        .now_ms = p->now_ms,
        .text = {w->text.data + p->text_at, p->text_len},
    };
}

// Numbers are given and the batch is appended under one lock, so that both have one order.
uint64_t fences_work_append(struct engine *e, struct engine_reader *r, struct storage_room *room) {
    struct fences *t = &e->fences;
    struct fences_work *w = r->fences;
    uint64_t lsn = 0;
    size_t count = 0;
    pthread_mutex_lock(&t->log);
    for (size_t i = 0; i < w->pending_count; i++) {
        const struct fences_pending *p = &w->pending[i];
        if (!p->fence) {
            continue;
        }
        uint64_t seq = fence_spec(p->fence)->durable ? ++t->seq : 0;
        if (seq && e->store) {
            write_record(w, p, seq, &r->body, &r->batch);
        }
        w->events[count++] = event_of(w, p, seq);
    }
    if (e->store) {
        lsn = storage_append_reserved(e->store, buf_str(&r->batch), room);
    }
    if (count && t->events.committed) {
        t->events.committed(t->events.ctx, w->events, count, lsn);
    }
    pthread_mutex_unlock(&t->log);
    return lsn;
}

static void trim(void *array, size_t *cap, size_t size) {
    void *block;
    if (*cap * size > KEEPS) {
        memcpy(&block, array, sizeof block);
        mem_free(block);
        memset(array, 0, sizeof block);
        *cap = 0;
    }
}

void fences_work_end(struct engine *e, struct engine_reader *r) {
    struct fences_work *w = r->fences;
    if (!w) {
        return;
    }
    release(&e->fences, w);
    w->pending_count = 0;
    trim(&w->found, &w->found_cap, sizeof w->found[0]);
    trim(&w->told, &w->told_cap, sizeof w->told[0]);
    trim(&w->pending, &w->pending_cap, sizeof w->pending[0]);
    trim(&w->events, &w->event_cap, sizeof w->events[0]);
    if (w->text.cap > KEEPS) {
        buf_deinit(&w->text);
        buf_init(&w->text);
    }
}

static size_t record_most(const struct fences_pending *p) {
    return RECORD_MOST + ID_BYTES + BODY_MOST + text_bytes(p);
}

static size_t text_bytes(const struct fences_pending *p) {
    return p->collection.len + fence_spec(p->fence)->id.len + p->id.len + p->text_len;
}

static void write_text(struct buf *out, struct str text) {
    buf_append_varint(out, text.len);
    buf_append_str(out, text);
}

// Into memory that fences_work_prepare has made.
static void write_record(const struct fences_work *w, const struct fences_pending *p, uint64_t seq,
                         struct buf *body, struct buf *batch) {
    const struct fence_spec *spec = fence_spec(p->fence);
    char id[ID_BYTES];
    for (unsigned i = 0; i < ID_BYTES; i++) {
        id[i] = (char)(seq >> (8 * (ID_BYTES - 1 - i)));
    }
    buf_clear(body);
    buf_append_varint(body, (uint64_t)spec->kind << 32 | (uint64_t)p->command << 16 | p->trigger);
    buf_append_varint(body, (uint64_t)p->now_ms);
    write_text(body, spec->id);
    write_text(body, p->id);
    buf_append(body, w->text.data + p->text_at, p->text_len);
    record_write(batch, &(struct record){.kind = RECORD_EVENT,
                                         .collection = p->collection,
                                         .id = {id, ID_BYTES},
                                         .body = buf_str(body)});
    assert(!body->failed && !batch->failed);
}

enum status fences_work_restore(struct engine *e, uint64_t lsn, const struct record *record) {
    struct fences *t = &e->fences;
    struct str rest = record->body;
    struct engine_event event = {.collection = record->collection};
    uint64_t what, now_ms;
    if (record->id.len != ID_BYTES || !take_varint(&rest, &what) || !take_varint(&rest, &now_ms) ||
        !take_text(&rest, &event.fence_id) || !take_text(&rest, &event.id) ||
        what >> 32 >= FENCE_KINDS) {
        return STATUS_CORRUPT;
    }
    for (unsigned i = 0; i < ID_BYTES; i++) {
        event.seq = event.seq << 8 | (unsigned char)record->id.p[i];
    }
    event.kind = (enum fence_kind)(what >> 32);
    event.command = what >> 16 & 0xffff;
    event.trigger = what & 0xffff;
    event.now_ms = (int64_t)now_ms;
    event.text = rest;
    t->seq = event.seq > t->seq ? event.seq : t->seq;
    return t->events.restored ? t->events.restored(t->events.ctx, &event, lsn) : STATUS_OK;
}

void fences_work_write_seq(struct engine *e, struct buf *body) {
    buf_append_varint(body, engine_event_seq(e));
}

enum status fences_work_restore_seq(struct engine *e, struct str body) {
    uint64_t seq;
    if (!take_varint(&body, &seq)) {
        return STATUS_CORRUPT;
    }
    engine_event_seq_from(e, seq);
    return STATUS_OK;
}

enum status fences_work_settle(struct engine *e) {
    struct fences *t = &e->fences;
    pthread_mutex_lock(&t->log); // whoever has appended has told by now
    pthread_mutex_unlock(&t->log);
    return t->events.settle ? t->events.settle(t->events.ctx) : STATUS_OK;
}

uint64_t engine_event_seq(struct engine *e) {
    pthread_mutex_lock(&e->fences.log);
    uint64_t seq = e->fences.seq;
    pthread_mutex_unlock(&e->fences.log);
    return seq;
}

void engine_event_seq_from(struct engine *e, uint64_t last) {
    pthread_mutex_lock(&e->fences.log);
    e->fences.seq = last > e->fences.seq ? last : e->fences.seq;
    pthread_mutex_unlock(&e->fences.log);
}

static bool take_varint(struct str *from, uint64_t *out) {
    uint64_t v = 0;
    for (size_t i = 0; i < from->len && i < 10; i++) {
        uint64_t byte = (unsigned char)from->p[i];
        v |= (byte & 0x7f) << (7 * i);
        if (!(byte & 0x80)) {
            *from = str_sub(*from, i + 1, from->len - i - 1);
            *out = v;
            return true;
        }
    }
    return false;
}

static bool take_text(struct str *from, struct str *out) {
    uint64_t len;
    if (!take_varint(from, &len) || len > from->len) {
        return false;
    }
    *out = str_sub(*from, 0, (size_t)len);
    *from = str_sub(*from, (size_t)len, from->len - (size_t)len);
    return true;
}
