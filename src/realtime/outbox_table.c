#include "base/hash.h"
#include "base/mem.h"
#include "realtime/outbox_state.h"

enum { LEAST_BUCKETS = 64 };

static struct outbox_target *find(const struct outbox *o, struct str name);
static enum status target_new(const struct outbox_spec *spec, struct outbox_target **out);
static enum status grow(struct outbox *o);
static void link_in(struct outbox *o, struct outbox_target *t);
static void link_out(struct outbox *o, struct outbox_target *t);
static void aim(struct outbox_target *t, struct outbox_target *from);
static void info_fill(const struct outbox_target *t, struct outbox_target_info *out);

static uint64_t fence_hash(enum fence_kind kind, struct str id) {
    return hash_bytes(id.p, id.len, (uint64_t)kind + 1);
}

enum status outbox_new(const struct outbox_schedule *schedule, unsigned most_busy, uint64_t seed,
                       struct outbox **out) {
    struct outbox *o = mem_zalloc(1, sizeof *o);
    if (!o) return STATUS_NO_MEMORY;
    o->schedule = *schedule;
    o->most_busy = most_busy;
    rand_init(&o->rand, seed);
    enum status st = grow(o);
    if (st != STATUS_OK) {
        outbox_free(o);
        return st;
    }
    *out = o;
    return STATUS_OK;
}

void outbox_free(struct outbox *o) {
    if (!o) return;
    for (size_t i = 0; i < o->count; i++)
        outbox_target_free(o->all[i]);
    mem_free(o->all);
    mem_free(o->by_name);
    mem_free(o->by_fence);
    mem_free(o->heaps[0].items);
    mem_free(o->heaps[1].items);
    mem_free(o);
}

enum status outbox_put(struct outbox *o, const struct outbox_spec *spec,
                       const struct outbox_mark *mark, int64_t now_ms) {
    struct outbox_target *t, *old = find(o, spec->name);
    enum status st = target_new(spec, &t);
    if (st == STATUS_OK && !old && o->count == o->cap) st = grow(o);
    if (st != STATUS_OK) {
        if (t) outbox_target_free(t);
        return st;
    }
    if (old) {
        outbox_unqueue(o, old);
        link_out(o, old); // its fence may be another
        aim(old, t);
        outbox_target_free(t);
        t = old;
        t->mark.disabled = false;
        t->mark.tries = 0;
        t->mark.retry_ms = 0;
        t->pace_ms = 0;
    } else {
        t->mark = *mark;
        t->seen = mark->cursor;
        t->behind = mark->cursor < o->routed;
        t->read_at = (struct event_log_cursor){.seq = mark->cursor + 1};
    }
    t->dirty = true;
    link_in(o, t);
    outbox_settle(o, t, now_ms);
    return STATUS_OK;
}

void outbox_set_mark(struct outbox *o, struct str name, const struct outbox_mark *mark,
                     int64_t now_ms) {
    struct outbox_target *t = find(o, name);
    if (!t || o->routed) return;
    t->mark = *mark;
    t->seen = mark->cursor;
    t->dirty = false;
    outbox_settle(o, t, now_ms);
}

bool outbox_remove(struct outbox *o, struct str name) {
    struct outbox_target *t = find(o, name);
    if (!t) return false;
    outbox_unqueue(o, t);
    link_out(o, t);
    t->removed = true;
    if (!t->busy) outbox_target_free(t); // else with its answer
    return true;
}

size_t outbox_count(const struct outbox *o) {
    return o->count;
}

bool outbox_find(const struct outbox *o, struct str name, struct outbox_target_info *out) {
    const struct outbox_target *t = find(o, name);
    if (t) info_fill(t, out);
    return t != NULL;
}

void outbox_each(const struct outbox *o,
                 void (*visit)(void *ctx, const struct outbox_target_info *), void *ctx) {
    for (size_t i = 0; i < o->count; i++) {
        struct outbox_target_info info;
        info_fill(o->all[i], &info);
        visit(ctx, &info);
    }
}

static void enable(struct outbox *o, struct outbox_target *t, int64_t now_ms) {
    t->mark.disabled = false;
    t->mark.tries = 0;
    t->mark.retry_ms = 0;
    t->url_at = 0;
    t->dirty = true;
    outbox_settle(o, t, now_ms);
}

bool outbox_replay(struct outbox *o, struct str name, uint64_t seq, int64_t now_ms) {
    struct outbox_target *t = find(o, name);
    if (!t || seq == 0) return false;
    outbox_unqueue(o, t);
    outbox_window_clear(t, seq - 1);
    t->mark.cursor = seq - 1;
    t->behind = true;
    t->read_at = (struct event_log_cursor){.seq = seq};
    t->stale = t->busy;
    enable(o, t, now_ms);
    return true;
}

bool outbox_skip(struct outbox *o, struct str name, int64_t now_ms) {
    struct outbox_target *t = find(o, name);
    if (!t || t->busy || t->len == 0) return false;
    outbox_unqueue(o, t);
    t->mark.cursor = t->window[t->head].seq;
    outbox_window_pop(t);
    enable(o, t, now_ms);
    return true;
}

size_t outbox_marks(struct outbox *o, size_t most,
                    void (*visit)(void *ctx, struct str name, const struct outbox_mark *mark),
                    void *ctx) {
    size_t n = 0;
    for (size_t i = 0; i < o->count && n < most; i++) {
        struct outbox_target *t = o->all[i];
        if (!t->dirty) continue;
        t->dirty = false;
        visit(ctx, outbox_name(t), &t->mark);
        n++;
    }
    return n;
}

void outbox_level(struct outbox *o) {
    for (size_t i = 0; i < o->count; i++) {
        struct outbox_target *t = o->all[i];
        if (t->busy || t->behind || t->len || t->mark.cursor >= o->routed) continue;
        t->mark.cursor = o->routed;
        t->dirty = true;
    }
}

uint64_t outbox_lowest(const struct outbox *o) {
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < o->count; i++)
        if (o->all[i]->mark.cursor < least) least = o->all[i]->mark.cursor;
    return least;
}

void outbox_counts(const struct outbox *o, struct outbox_counts *out) {
    *out = (struct outbox_counts){.targets = o->count, .busy = o->busy};
    for (size_t i = 0; i < o->count; i++) {
        out->failing += outbox_failing(o->all[i]) && !o->all[i]->mark.disabled;
        out->disabled += o->all[i]->mark.disabled;
        out->behind += o->all[i]->behind;
    }
}

// --- one target ---

const char *outbox_url(const struct outbox_target *t) {
    return t->urls[t->url_at];
}

const struct signature_key *outbox_keys(const struct outbox_target *t, size_t *count) {
    *count = t->key_count;
    return t->keys;
}

struct str outbox_name(const struct outbox_target *t) {
    return (struct str){t->name, t->name_len};
}

static void info_fill(const struct outbox_target *t, struct outbox_target_info *out) {
    *out = (struct outbox_target_info){
        .name = outbox_name(t),
        .url = str_of(outbox_url(t)),
        .error = str_of(t->error),
        .mark = t->mark,
        .busy = t->busy,
        .behind = t->behind,
        .waiting_seq = t->len ? t->window[t->head].seq : 0,
    };
}

static char *text_copy(struct str s) {
    char *copy = mem_alloc(s.len + 1);
    if (!copy) return NULL;
    if (s.len) memcpy(copy, s.p, s.len);
    copy[s.len] = 0;
    return copy;
}

static enum status target_new(const struct outbox_spec *spec, struct outbox_target **out) {
    *out = NULL;
    if (spec->url_count == 0 || spec->url_count > OUTBOX_URLS || spec->key_count > OUTBOX_KEYS) {
        return STATUS_INVALID;
    }
    struct outbox_target *t = mem_zalloc(1, sizeof *t);
    if (!t) return STATUS_NO_MEMORY;
    *out = t;
    t->name = text_copy(spec->name);
    t->name_len = spec->name.len;
    t->fence_id = text_copy(spec->fence_id);
    t->fence_id_len = spec->fence_id.len;
    bool good = t->name && t->fence_id;
    for (; good && t->url_count < spec->url_count; t->url_count++) {
        t->urls[t->url_count] = text_copy(spec->urls[t->url_count]);
        good = t->urls[t->url_count] != NULL;
    }
    t->kind = spec->kind;
    t->triggers = spec->triggers;
    t->key_count = (unsigned)spec->key_count;
    if (spec->key_count) memcpy(t->keys, spec->keys, spec->key_count * sizeof *spec->keys);
    t->name_hash = hash_bytes(t->name, good ? t->name_len : 0, 0);
    t->fence_hash = fence_hash(spec->kind, spec->fence_id);
    t->heap_at = OUTBOX_NOWHERE;
    return good ? STATUS_OK : STATUS_NO_MEMORY;
}

void outbox_target_free(struct outbox_target *t) {
    for (unsigned i = 0; i < OUTBOX_URLS; i++)
        mem_free(t->urls[i]);
    mem_free(t->window);
    mem_free(t->name);
    mem_free(t->fence_id);
    mem_free(t);
}

/// Take over what the other says of where events go; it gets the old for it.
static void aim(struct outbox_target *t, struct outbox_target *from) {
    struct outbox_target was = *t;
    t->kind = from->kind;
    t->triggers = from->triggers;
    t->fence_hash = from->fence_hash;
    t->fence_id = from->fence_id;
    t->fence_id_len = from->fence_id_len;
    from->fence_id = was.fence_id;
    for (unsigned i = 0; i < OUTBOX_URLS; i++) {
        t->urls[i] = from->urls[i];
        from->urls[i] = was.urls[i];
    }
    t->url_count = from->url_count;
    t->url_at = 0;
    memcpy(t->keys, from->keys, sizeof t->keys);
    t->key_count = from->key_count;
}

// --- tables ---

static struct outbox_target *find(const struct outbox *o, struct str name) {
    uint64_t hash = hash_bytes(name.p, name.len, 0);
    struct outbox_target *t = o->by_name[hash & (o->buckets - 1)];
    while (t && !(t->name_hash == hash && str_eq(outbox_name(t), name)))
        t = t->next_name;
    return t;
}

static void link_in(struct outbox *o, struct outbox_target *t) {
    struct outbox_target **name = &o->by_name[t->name_hash & (o->buckets - 1)];
    struct outbox_target **fence = &o->by_fence[t->fence_hash & (o->buckets - 1)];
    t->next_name = *name;
    *name = t;
    t->next_fence = *fence;
    *fence = t;
    t->at = o->count;
    o->all[o->count++] = t;
}

static void link_out(struct outbox *o, struct outbox_target *t) {
    struct outbox_target **p = &o->by_name[t->name_hash & (o->buckets - 1)];
    while (*p != t)
        p = &(*p)->next_name;
    *p = t->next_name;
    p = &o->by_fence[t->fence_hash & (o->buckets - 1)];
    while (*p != t)
        p = &(*p)->next_fence;
    *p = t->next_fence;
    o->all[t->at] = o->all[--o->count];
    o->all[t->at]->at = t->at;
}

/// Room for twice as many, in all tables.
static enum status grow(struct outbox *o) {
    size_t cap = o->cap ? o->cap * 2 : LEAST_BUCKETS;
    void *names = mem_zalloc(cap, sizeof(void *)), *fences = mem_zalloc(cap, sizeof(void *));
    if (!names || !fences) {
        mem_free(names);
        mem_free(fences);
        return STATUS_NO_MEMORY;
    }
    struct outbox_target ***tables[] = {&o->all, &o->heaps[0].items, &o->heaps[1].items};
    for (unsigned i = 0; i < 3; i++) {
        void *more = mem_realloc(*tables[i], cap * sizeof(void *));
        if (!more) {
            mem_free(names);
            mem_free(fences);
            return STATUS_NO_MEMORY; // a table that has grown already is none the worse
        }
        *tables[i] = more;
    }
    mem_free(o->by_name);
    mem_free(o->by_fence);
    o->by_name = names;
    o->by_fence = fences;
    o->buckets = o->cap = cap;
    size_t count = o->count;
    o->count = 0;
    for (size_t i = 0; i < count; i++)
        link_in(o, o->all[i]);
    return STATUS_OK;
}
