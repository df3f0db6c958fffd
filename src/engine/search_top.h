// search_top.h - the first `limit` of a stream of objects in the order of a key, then of slots.
//
// A heap with the worst on top. A key is a number (distance, time, numeric property) or a text (id,
// string property; its first SEARCH_TEXT_MAX bytes), with a class before it: false and true, numbers, strings,
// and what has none of these, which comes last in both directions.

#ifndef ENGINE_SEARCH_TOP_H
#define ENGINE_SEARCH_TOP_H

#include "base/arena.h"
#include "engine/object.h"

#define SEARCH_TEXT_MAX 256

enum search_class { SEARCH_BOOL, SEARCH_NUMBER, SEARCH_STRING, SEARCH_MISSING };

struct search_key {
    double number;
    struct str text;
    uint32_t slot;
    uint8_t class; // enum search_class
};

struct search_entry {
    struct search_key key;
    struct object *object; // a copy, the entry's own
    double distance_m;
};

struct search_top {
    struct arena *arena;
    struct search_entry *entries;
    size_t count, cap, limit;
    bool descending;
};

void search_top_init(struct search_top *t, struct arena *arena, size_t limit, bool descending);
/// <0 when `a` comes first. Slots decide last, always ascending.
int search_key_compare_any(const struct search_key *a, const struct search_key *b, bool descending);
static inline int search_key_compare(const struct search_key *a, const struct search_key *b,
                                     bool descending) {
    if (a->class == SEARCH_NUMBER && b->class == SEARCH_NUMBER && a->number != b->number) {
        return (a->number < b->number) != descending ? -1 : 1;
    }
    return search_key_compare_any(a, b, descending);
}
/// Keeps a copy of the object in the arena; of the text of the key too when `copy_text`, which else lies
/// in the row. NO_MEMORY.
MUST_USE enum status search_top_push(struct search_top *t, const struct search_key *key,
                                     const struct object *o, double distance_m, bool copy_text);
static inline bool search_top_full(const struct search_top *t) {
    return t->count == t->limit;
}
/// Best first; the heap is used up.
void search_top_sort(struct search_top *t);

#endif
