// search_top.c - a binary heap of the best entries so far.

#include "engine/search_top.h"

#define FIRST_CAP 64

static bool make_room(struct search_top *t);
static void sift_up(struct search_top *t, size_t at);
static void sift_down(struct search_top *t, size_t at, size_t count);

void search_top_init(struct search_top *t, struct arena *arena, size_t limit, bool descending) {
    *t = (struct search_top){.arena = arena, .limit = limit, .descending = descending};
}

int search_key_compare_any(const struct search_key *a, const struct search_key *b,
                           bool descending) {
    if (a->class != b->class) {
        bool missing = a->class == SEARCH_MISSING || b->class == SEARCH_MISSING;
        int c = a->class < b->class ? -1 : 1;
        return descending && !missing ? -c : c;
    }
    int c = (a->number > b->number) - (a->number < b->number);
    if (c == 0 && a->class == SEARCH_STRING) {
        c = str_compare(a->text, b->text);
    }
    if (c != 0) {
        return descending ? -c : c;
    }
    return (a->slot > b->slot) - (a->slot < b->slot);
}

static int compare(const struct search_top *t, size_t a, size_t b) {
    return search_key_compare(&t->entries[a].key, &t->entries[b].key, t->descending);
}

enum status search_top_push(struct search_top *t, const struct search_key *key,
                            const struct object *o, double distance_m, bool copy_text) {
    bool full = search_top_full(t);
    if (full && search_key_compare(key, &t->entries[0].key, t->descending) >= 0) {
        return STATUS_OK;
    }
    if (!full && !make_room(t)) {
        return STATUS_NO_MEMORY;
    }
    struct search_entry taken = {.key = *key, .distance_m = distance_m};
    // The one that falls out leaves its copy to the one that comes in.
    struct object *object = full ? t->entries[0].object : arena_alloc(t->arena, sizeof *object);
    if (!object) {
        return STATUS_NO_MEMORY;
    }
    if (copy_text && taken.key.text.len) {
        taken.key.text = arena_str(t->arena, taken.key.text);
        if (!taken.key.text.p) {
            return STATUS_NO_MEMORY;
        }
    }
    *object = *o;
    taken.object = object;
    if (full) {
        t->entries[0] = taken;
        sift_down(t, 0, t->count);
    } else {
        t->entries[t->count] = taken;
        sift_up(t, t->count++);
    }
    return STATUS_OK;
}

void search_top_sort(struct search_top *t) {
    for (size_t n = t->count; n > 1; n--) {
        struct search_entry worst = t->entries[0];
        t->entries[0] = t->entries[n - 1];
        t->entries[n - 1] = worst;
        sift_down(t, 0, n - 1);
    }
}

static bool make_room(struct search_top *t) {
    if (t->count < t->cap) {
        return true;
    }
    size_t cap = t->cap ? t->cap * 4 : FIRST_CAP;
    cap = cap < t->limit ? cap : t->limit;
    struct search_entry *entries = arena_alloc(t->arena, cap * sizeof *entries);
    if (!entries) {
        return false;
    }
    if (t->count) {
        memcpy(entries, t->entries, t->count * sizeof *entries);
    }
    t->entries = entries;
    t->cap = cap;
    return true;
}

static void sift_up(struct search_top *t, size_t at) {
    struct search_entry moving = t->entries[at];
    while (at) {
        size_t parent = (at - 1) / 2;
        if (search_key_compare(&moving.key, &t->entries[parent].key, t->descending) <= 0) {
            break;
        }
        t->entries[at] = t->entries[parent];
        at = parent;
    }
    t->entries[at] = moving;
}

static void sift_down(struct search_top *t, size_t at, size_t count) {
    struct search_entry moving = t->entries[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) {
            break;
        }
        if (child + 1 < count && compare(t, child + 1, child) > 0) {
            child++;
        }
        if (search_key_compare(&t->entries[child].key, &moving.key, t->descending) <= 0) {
            break;
        }
        t->entries[at] = t->entries[child];
        at = child;
    }
    t->entries[at] = moving;
}
