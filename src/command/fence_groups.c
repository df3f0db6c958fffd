#include "command/fence_groups.h"

#include <pthread.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"

enum { FIRST_PLACES = 1024, MOST_PLACES = 1 << 20, PROBES = 16 };

struct place {
    uint64_t key, check; // both 0: free
    uint64_t group;
};

struct fence_groups {
    pthread_mutex_t lock; // all below
    struct place *places;
    size_t count;     // a power of two
    uint64_t seed[2]; // of the keys; of the groups
    uint64_t made;
};

static struct place *place_of(struct fence_groups *g, uint64_t key, uint64_t check, bool *found);
static bool grow(struct fence_groups *g);

enum status fence_groups_new(struct fence_groups **out) {
    struct fence_groups *g = mem_zalloc(1, sizeof *g);
    if (!g) return STATUS_NO_MEMORY;
    enum status st = rand_secure(g->seed, sizeof g->seed);
    g->places = mem_zalloc(FIRST_PLACES, sizeof *g->places);
    g->count = FIRST_PLACES;
    pthread_mutex_init(&g->lock, NULL);
    if (st == STATUS_OK && !g->places) st = STATUS_NO_MEMORY;
    if (st != STATUS_OK) {
        fence_groups_free(g);
        return st;
    }
    *out = g;
    return STATUS_OK;
}

void fence_groups_free(struct fence_groups *g) {
    if (!g) return;
    pthread_mutex_destroy(&g->lock);
    mem_free(g->places);
    mem_free(g);
}

static void keys_of(const struct fence_groups *g, struct str fence, struct str collection,
                    struct str id, uint64_t *key, uint64_t *check) {
    uint64_t a = hash_bytes(fence.p, fence.len, g->seed[0]);
    uint64_t b = hash_bytes(collection.p, collection.len, a);
    *key = hash_bytes(id.p, id.len, b);
    *check = hash_bytes(id.p, id.len, hash_mix(b ^ g->seed[1])) | 1;
}

static void write_group(uint64_t seed, uint64_t group, char out[FENCE_GROUPS_TEXT]) {
    static const char digits[] = "0123456789abcdef";
    uint64_t words[2] = {hash_mix(group ^ seed), hash_mix(group + seed)};
    for (unsigned i = 0; i < FENCE_GROUPS_TEXT; i++)
        out[i] = digits[words[i / 16] >> (4 * (i % 16)) & 15];
}

void fence_groups_get(struct fence_groups *g, struct str fence, struct str collection,
                      struct str id, bool anew, char out[FENCE_GROUPS_TEXT]) {
    uint64_t key, check;
    bool found;
    keys_of(g, fence, collection, id, &key, &check);
    pthread_mutex_lock(&g->lock);
    struct place *p = place_of(g, key, check, &found);
    if (!found || anew) *p = (struct place){key, check, ++g->made};
    uint64_t group = p->group;
    pthread_mutex_unlock(&g->lock);
    write_group(g->seed[1], group, out);
}

void fence_groups_forget(struct fence_groups *g, struct str fence, struct str collection,
                         struct str id) {
    uint64_t key, check;
    keys_of(g, fence, collection, id, &key, &check);
    pthread_mutex_lock(&g->lock);
    for (unsigned i = 0; i < PROBES; i++) {
        struct place *p = &g->places[(key + i) & (g->count - 1)];
        if (p->key == key && p->check == check) *p = (struct place){0};
    }
    pthread_mutex_unlock(&g->lock);
}

/// Its place, or one that it may have: a free one near its own, after growing, or else another's.
static struct place *place_of(struct fence_groups *g, uint64_t key, uint64_t check, bool *found) {
    do {
        struct place *empty = NULL;
        for (unsigned i = 0; i < PROBES; i++) {
            struct place *p = &g->places[(key + i) & (g->count - 1)];
            *found = p->key == key && p->check == check;
            if (*found) return p;
            if (!p->check && !empty) empty = p;
        }
        if (empty) return empty;
    } while (grow(g));
    return &g->places[(key + (g->made & (PROBES - 1))) & (g->count - 1)];
}

static bool grow(struct fence_groups *g) {
    if (g->count >= MOST_PLACES) return false;
    struct place *old = g->places;
    size_t count = g->count;
    struct place *more = mem_zalloc(count * 2, sizeof *more);
    if (!more) return false;
    g->places = more;
    g->count = count * 2;
    for (size_t i = 0; i < count; i++) {
        if (!old[i].check) continue;
        for (unsigned j = 0; j < PROBES; j++) {
            struct place *p = &more[(old[i].key + j) & (g->count - 1)];
            if (p->check && j + 1 < PROBES) continue;
            *p = old[i];
            break;
        }
    }
    mem_free(old);
    return true;
}
