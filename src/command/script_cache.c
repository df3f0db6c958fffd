#include "command/script_cache.h"

#include <pthread.h>

#include "base/mem.h"

struct entry {
    char sha[SCRIPT_SHA_BYTES];
    char *text; // NULL: free
    size_t len;
    uint64_t used;
};

struct script_cache {
    pthread_mutex_t lock;
    uint64_t keys[SCRIPT_CACHE_MAX]; // the first digits: to look through quickly
    struct entry entries[SCRIPT_CACHE_MAX];
    size_t count, bytes;
    uint64_t clock, flushes;
};

static uint64_t key_of(const char *sha);
static struct entry *find(struct script_cache *c, const char *sha);
static void drop(struct script_cache *c, struct entry *e);
static void make_room(struct script_cache *c, size_t len);

enum status script_cache_new(struct script_cache **out) {
    struct script_cache *c = mem_zalloc(1, sizeof *c);
    if (!c) return STATUS_NO_MEMORY;
    pthread_mutex_init(&c->lock, NULL);
    *out = c;
    return STATUS_OK;
}

void script_cache_free(struct script_cache *c) {
    if (!c) return;
    script_cache_flush(c);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

enum status script_cache_put(struct script_cache *c, const char sha[SCRIPT_SHA_BYTES],
                             struct str text) {
    if (text.len > SCRIPT_CACHE_BYTES / 8) return STATUS_TOO_LARGE;
    char *copy = mem_alloc(text.len + 1);
    if (!copy) return STATUS_NO_MEMORY;
    memcpy(copy, text.p, text.len);
    pthread_mutex_lock(&c->lock);
    struct entry *e = find(c, sha);
    if (!e) {
        make_room(c, text.len);
        e = c->entries;
        while (e->text) {
            e++;
        }
        memcpy(e->sha, sha, SCRIPT_SHA_BYTES);
        c->keys[e - c->entries] = key_of(sha);
        e->text = copy;
        e->len = text.len;
        c->bytes += text.len;
        c->count++;
        copy = NULL;
    }
    e->used = ++c->clock;
    pthread_mutex_unlock(&c->lock);
    mem_free(copy);
    return STATUS_OK;
}

static void make_room(struct script_cache *c, size_t len) {
    while (c->count == SCRIPT_CACHE_MAX || c->bytes + len > SCRIPT_CACHE_BYTES) {
        struct entry *oldest = NULL;
        for (size_t i = 0; i < SCRIPT_CACHE_MAX; i++) {
            struct entry *e = &c->entries[i];
            if (e->text && (!oldest || e->used < oldest->used)) oldest = e;
        }
        drop(c, oldest);
    }
}

static uint64_t key_of(const char *sha) {
    uint64_t key;
    memcpy(&key, sha, sizeof key);
    return key;
}

static struct entry *find(struct script_cache *c, const char *sha) {
    uint64_t key = key_of(sha);
    for (size_t i = 0; i < SCRIPT_CACHE_MAX; i++) {
        struct entry *e = &c->entries[i];
        if (c->keys[i] == key && e->text && memcmp(e->sha, sha, SCRIPT_SHA_BYTES) == 0) return e;
    }
    return NULL;
}

static void drop(struct script_cache *c, struct entry *e) {
    c->bytes -= e->len;
    c->count--;
    mem_free(e->text);
    e->text = NULL;
}

enum status script_cache_get(struct script_cache *c, const char sha[SCRIPT_SHA_BYTES],
                             struct arena *arena, struct str *text) {
    enum status st = STATUS_NOT_FOUND;
    pthread_mutex_lock(&c->lock);
    struct entry *e = find(c, sha);
    if (e) {
        e->used = ++c->clock;
        st = STATUS_OK;
        if (arena) {
            *text = arena_str(arena, (struct str){e->text, e->len});
            if (!text->p) st = STATUS_NO_MEMORY;
        }
    }
    pthread_mutex_unlock(&c->lock);
    return st;
}

void script_cache_flush(struct script_cache *c) {
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < SCRIPT_CACHE_MAX; i++) {
        if (c->entries[i].text) drop(c, &c->entries[i]);
    }
    c->flushes++;
    pthread_mutex_unlock(&c->lock);
}

uint64_t script_cache_flushes(struct script_cache *c) {
    pthread_mutex_lock(&c->lock);
    uint64_t n = c->flushes;
    pthread_mutex_unlock(&c->lock);
    return n;
}
