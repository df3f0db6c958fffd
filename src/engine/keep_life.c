// keep_life.c - the kept texts of an engine: made, listed, restored.

#include "engine/keep.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "engine/engine_state.h"

#define HERE '+' // first byte of the record of a text that is there; one that was deleted has none

/// Never changes: another text of the name is another entry.
struct keep_entry {
    struct keep_entry *next;
    _Atomic uint32_t references;
    uint64_t hash;
    size_t name_len, body_len;
    char bytes[]; // name, body
};

struct listing {
    struct keep_entry **entries;
    size_t count;
};

static enum status check(const struct engine_keep *keeps, size_t count, struct reason *why);
static enum status make_all(const struct engine_keep *keeps, size_t count,
                            struct keep_entry **entries, struct buf *batch);
static enum status commit(struct engine *e, const struct engine_keep *keeps, size_t count,
                          struct keep_entry **entries, struct str batch, uint64_t *lsn);
static enum status entry_new(struct str name, struct str body, struct keep_entry **out);
static void entry_unref(struct keep_entry *x);
static enum status reserve(struct keep *k, size_t more);
static void enter(struct keep *k, struct keep_entry *x);
static void take_out(struct keep *k, struct str name);
static void write_record(struct buf *out, struct str name, const struct keep_entry *x);
static enum status list(struct keep *k, struct str prefix, struct listing *out);
static void listing_free(struct listing *l);

static struct str name_of(const struct keep_entry *x) {
    return (struct str){x->bytes, x->name_len};
}

static struct str body_of(const struct keep_entry *x) {
    return (struct str){x->bytes + x->name_len, x->body_len};
}

enum status engine_keep(struct engine *e, const struct engine_keep *keeps, size_t count,
                        uint64_t *lsn, struct reason *why) {
    *lsn = 0;
    enum status st = check(keeps, count, why);
    if (st == STATUS_OK && e->store) {
        st = storage_ready(e->store, why);
    }
    bool puts = false;
    for (size_t i = 0; i < count; i++) {
        puts |= keeps[i].body.p != NULL;
    }
    if (st == STATUS_OK && puts) {
        st = engine_memory_admit(e, NULL, count, why);
    }
    if (st != STATUS_OK || count == 0) {
        return st;
    }
    struct buf batch;
    buf_init(&batch);
    struct keep_entry **entries = mem_zalloc(count, sizeof entries[0]);
    st = entries ? make_all(keeps, count, entries, &batch) : STATUS_NO_MEMORY;
    if (st == STATUS_OK) {
        st = commit(e, keeps, count, entries, buf_str(&batch), lsn);
    }
    for (size_t i = 0; entries && i < count; i++) {
        entry_unref(entries[i]);
    }
    mem_free(entries);
    buf_deinit(&batch);
    if (st == STATUS_NO_MEMORY) {
        return engine_memory_reason(e, why);
    }
    return st == STATUS_OK ? st : reason_set(why, st, "%s", status_text(st));
}

enum status engine_keep_each(struct engine *e, struct str prefix, engine_keep_visit_fn *visit,
                             void *ctx) {
    struct listing all;
    enum status st = list(&e->keep, prefix, &all);
    for (size_t i = 0; st == STATUS_OK && i < all.count; i++) {
        if (!visit(ctx, name_of(all.entries[i]), body_of(all.entries[i]))) {
            break;
        }
    }
    listing_free(&all);
    return st;
}

enum status keep_init(struct keep *k) {
    *k = (struct keep){0};
    return pthread_mutex_init(&k->lock, NULL) ? STATUS_NO_MEMORY : STATUS_OK;
}

void keep_deinit(struct keep *k) {
    for (size_t i = 0; i < k->bucket_count; i++) {
        for (struct keep_entry *x = k->buckets[i], *next; x; x = next) {
            next = x->next;
            entry_unref(x);
        }
    }
    mem_free(k->buckets);
    pthread_mutex_destroy(&k->lock);
}

enum status keep_emit(struct keep *k, storage_emit_fn *emit, void *ctx) {
    struct listing all;
    struct buf bytes;
    enum status st = list(k, STR(""), &all);
    buf_init(&bytes);
    for (size_t i = 0; st == STATUS_OK && i < all.count; i++) {
        struct record record;
        buf_clear(&bytes);
        write_record(&bytes, name_of(all.entries[i]), all.entries[i]);
        struct str rest = buf_str(&bytes);
        st = buf_status(&bytes);
        if (st == STATUS_OK && (st = record_parse(&rest, &record)) == STATUS_OK) {
            st = emit(ctx, &record);
        }
    }
    buf_deinit(&bytes);
    listing_free(&all);
    return st;
}

enum status keep_restore(struct keep *k, struct str name, struct str body) {
    struct keep_entry *x = NULL;
    enum status st = reserve(k, 1);
    if (st == STATUS_OK && body.len) {
        st = body.p[0] == HERE ? entry_new(name, str_sub(body, 1, body.len - 1), &x)
                               : STATUS_CORRUPT;
    }
    if (st != STATUS_OK) {
        return st;
    }
    take_out(k, name);
    if (x) {
        enter(k, x);
    }
    return STATUS_OK;
}

static enum status check(const struct engine_keep *keeps, size_t count, struct reason *why) {
    for (size_t i = 0; i < count; i++) {
        if (keeps[i].name.len < 1 || keeps[i].name.len > KEEP_NAME_MAX) {
            return reason_set(why, STATUS_INVALID, "a name has 1 to %d bytes", KEEP_NAME_MAX);
        }
        if (keeps[i].body.len > KEEP_BODY_MAX) {
            return reason_set(why, STATUS_TOO_LARGE, "what is kept is larger than %u bytes",
                              KEEP_BODY_MAX);
        }
    }
    return STATUS_OK;
}

static enum status make_all(const struct engine_keep *keeps, size_t count,
                            struct keep_entry **entries, struct buf *batch) {
    for (size_t i = 0; i < count; i++) {
        if (keeps[i].body.p) {
            enum status st = entry_new(keeps[i].name, keeps[i].body, &entries[i]);
            if (st != STATUS_OK) {
                return st;
            }
        }
        write_record(batch, keeps[i].name, entries[i]);
    }
    return buf_status(batch);
}

// Takes the entries that become part of it out of `entries`.
static enum status commit(struct engine *e, const struct engine_keep *keeps, size_t count,
                          struct keep_entry **entries, struct str batch, uint64_t *lsn) {
    struct keep *k = &e->keep;
    struct storage_room *room = NULL;
    pthread_mutex_lock(&k->lock);
    enum status st = reserve(k, count);
    if (st == STATUS_OK && e->store) {
        st = storage_reserve(e->store, batch.len, &room);
    }
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        take_out(k, keeps[i].name);
        if (entries[i]) {
            enter(k, entries[i]);
            entries[i] = NULL;
        }
    }
    if (st == STATUS_OK && e->store) {
        *lsn = storage_append_reserved(e->store, batch, room);
    }
    pthread_mutex_unlock(&k->lock);
    return st;
}

static uint64_t hash_of(struct str name) {
    return hash_bytes(name.p, name.len, 0);
}

static enum status entry_new(struct str name, struct str body, struct keep_entry **out) {
    struct keep_entry *x = mem_alloc(sizeof *x + name.len + body.len);
    if (!x) {
        return STATUS_NO_MEMORY;
    }
    *x = (struct keep_entry){.hash = hash_of(name), .name_len = name.len, .body_len = body.len};
    atomic_init(&x->references, 1);
    memcpy(x->bytes, name.p, name.len);
    if (body.len) {
        memcpy(x->bytes + name.len, body.p, body.len);
    }
    *out = x;
    return STATUS_OK;
}

static void entry_unref(struct keep_entry *x) {
    if (x && atomic_fetch_sub_explicit(&x->references, 1, memory_order_acq_rel) == 1) {
        mem_free(x);
    }
}

static enum status reserve(struct keep *k, size_t more) {
    size_t count = k->bucket_count ? k->bucket_count : 64;
    while (count < k->count + more) {
        count *= 2;
    }
    if (count == k->bucket_count) {
        return STATUS_OK;
    }
    struct keep_entry **buckets = mem_zalloc(count, sizeof buckets[0]);
    if (!buckets) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < k->bucket_count; i++) {
        for (struct keep_entry *x = k->buckets[i], *next; x; x = next) {
            next = x->next;
            x->next = buckets[x->hash & (count - 1)];
            buckets[x->hash & (count - 1)] = x;
        }
    }
    mem_free(k->buckets);
    k->buckets = buckets;
    k->bucket_count = count;
    return STATUS_OK;
}

static void enter(struct keep *k, struct keep_entry *x) {
    struct keep_entry **bucket = &k->buckets[x->hash & (k->bucket_count - 1)];
    x->next = *bucket;
    *bucket = x;
    k->count++;
}

static void take_out(struct keep *k, struct str name) {
    uint64_t hash = hash_of(name);
    struct keep_entry **link = &k->buckets[hash & (k->bucket_count - 1)];
    for (; *link; link = &(*link)->next) {
        struct keep_entry *x = *link;
        if (x->hash == hash && str_eq(name_of(x), name)) {
            *link = x->next;
            k->count--;
            entry_unref(x);
            return;
        }
    }
}

// `x` NULL: it is deleted.
static void write_record(struct buf *out, struct str name, const struct keep_entry *x) {
    struct buf id, body;
    buf_init(&id);
    buf_init(&body);
    buf_append_str(&id, KEEP_ID_PREFIX);
    buf_append_str(&id, name);
    if (x) {
        buf_append_char(&body, HERE);
        buf_append_str(&body, body_of(x));
    }
    record_write(out,
                 &(struct record){.kind = RECORD_META, .id = buf_str(&id), .body = buf_str(&body)});
    out->failed |= id.failed || body.failed;
    buf_deinit(&id);
    buf_deinit(&body);
}

static int compare_names(const void *a, const void *b) {
    return str_compare(name_of(*(struct keep_entry *const *)a),
                       name_of(*(struct keep_entry *const *)b));
}

static enum status list(struct keep *k, struct str prefix, struct listing *out) {
    *out = (struct listing){0};
    pthread_mutex_lock(&k->lock);
    out->entries = mem_alloc(k->count * sizeof out->entries[0]);
    for (size_t i = 0; out->entries && i < k->bucket_count; i++) {
        for (struct keep_entry *x = k->buckets[i]; x; x = x->next) {
            if (str_starts(name_of(x), prefix)) {
                atomic_fetch_add_explicit(&x->references, 1, memory_order_relaxed);
                out->entries[out->count++] = x;
            }
        }
    }
    pthread_mutex_unlock(&k->lock);
    if (!out->entries) {
        return STATUS_NO_MEMORY;
    }
    qsort(out->entries, out->count, sizeof out->entries[0], compare_names);
    return STATUS_OK;
}

static void listing_free(struct listing *l) {
    for (size_t i = 0; i < l->count; i++) {
        entry_unref(l->entries[i]);
    }
    mem_free(l->entries);
}
