#include "fence/fence_set.h"

#include <assert.h>

#include "base/mem.h"
#include "fence/fence_form.h"
#include "index/rtree.h"

#define RUN 64 // fences handed to a visitor at once

/// A box in the trees and whose it is.
struct item {
    struct fence *fence; // NULL: free, and
    uint32_t next;       // the next one
    struct index_box box;
};

struct list {
    struct fence **fences;
    size_t count, cap;
};

struct tree {
    struct places places;
    struct index *index; // NULL: nothing was ever in it
};

struct fence_set {
    struct tree all, crossed;
    struct item *items;
    uint32_t item_count, item_cap, free_item;
    struct list lists[FENCE_LISTS];
    size_t count, geofences, hooks;
};

struct visiting {
    const struct fence_set *set;
    fence_set_visit_fn *visit;
    void *ctx;
};

static enum status reserve(struct fence_set *s, size_t items);
static enum status tree_reserve(struct tree *t, uint32_t item);
static void tree_free(struct tree *t);
static enum status add_pieces(struct fence_set *s, struct fence *f);
static enum status add_piece(struct fence_set *s, struct fence *f, const struct index_box *box);
static void remove_pieces(struct fence_set *s, struct fence *f);
static uint32_t item_take(struct fence_set *s);
static void item_give(struct fence_set *s, uint32_t item);
static bool is_in_list(const struct fence_spec *spec, enum fence_list list);
static enum status list_add(struct list *l, struct fence *f, enum fence_list list);
static void list_remove(struct list *l, struct fence *f, enum fence_list list);
static bool search(const struct fence_set *s, const struct tree *t, const struct index_box *box,
                   fence_set_visit_fn *visit, void *ctx);
static index_visit_fn visit_items;

enum status fence_set_new(struct fence_set **out) {
    struct fence_set *s = mem_zalloc(1, sizeof *s);
    if (!s) return STATUS_NO_MEMORY;
    places_init(&s->all.places);
    places_init(&s->crossed.places);
    s->free_item = FENCE_NOWHERE;
    *out = s;
    return STATUS_OK;
}

void fence_set_free(struct fence_set *s) {
    if (!s) return;
    tree_free(&s->all);
    tree_free(&s->crossed);
    mem_free(s->items);
    for (unsigned i = 0; i < FENCE_LISTS; i++) {
        mem_free(s->lists[i].fences);
    }
    mem_free(s);
}

static bool is_hook(const struct fence *f) {
    return f->spec.kind == FENCE_HOOK || f->spec.kind == FENCE_CHANNEL;
}

enum status fence_set_add(struct fence_set *s, struct fence *f) {
    f->item_count = 0;
    enum status st = fence_spec(f)->shape == FENCE_AREA ? add_pieces(s, f) : STATUS_OK;
    if (st == STATUS_OK && fence_is_heard(f)) {
        st = fence_set_hear(s, f);
    }
    if (st != STATUS_OK) {
        remove_pieces(s, f);
        return st;
    }
    s->count++;
    s->geofences += f->spec.kind == FENCE_GEOFENCE;
    s->hooks += is_hook(f);
    return STATUS_OK;
}

void fence_set_remove(struct fence_set *s, struct fence *f) {
    fence_set_ignore(s, f);
    remove_pieces(s, f);
    s->count--;
    s->geofences -= f->spec.kind == FENCE_GEOFENCE;
    s->hooks -= is_hook(f);
}

enum status fence_set_hear(struct fence_set *s, struct fence *f) {
    for (enum fence_list i = 0; i < FENCE_LISTS; i++) {
        if (!is_in_list(&f->spec, i) || f->list_at[i] != FENCE_NOWHERE) continue;
        if (list_add(&s->lists[i], f, i) != STATUS_OK) {
            fence_set_ignore(s, f);
            return STATUS_NO_MEMORY;
        }
    }
    return STATUS_OK;
}

void fence_set_ignore(struct fence_set *s, struct fence *f) {
    for (enum fence_list i = 0; i < FENCE_LISTS; i++) {
        list_remove(&s->lists[i], f, i);
    }
}

size_t fence_set_count(const struct fence_set *s) {
    return s->count;
}

size_t fence_set_geofences(const struct fence_set *s) {
    return s->geofences;
}

size_t fence_set_hooks(const struct fence_set *s) {
    return s->hooks;
}

bool fence_set_search(const struct fence_set *s, const struct index_box *box,
                      fence_set_visit_fn *visit, void *ctx) {
    return search(s, &s->all, box, visit, ctx);
}

bool fence_set_search_crossed(const struct fence_set *s, const struct index_box *box,
                              fence_set_visit_fn *visit, void *ctx) {
    return search(s, &s->crossed, box, visit, ctx);
}

bool fence_set_has_crossed(const struct fence_set *s) {
    return s->crossed.index && index_items(s->crossed.index);
}

static struct fence *const *list_of(const struct fence_set *s, enum fence_list list,
                                    size_t *count) {
    *count = s->lists[list].count;
    return s->lists[list].fences;
}

struct fence *const *fence_set_each_update(const struct fence_set *s, size_t *count) {
    return list_of(s, FENCE_EACH_UPDATE, count);
}

struct fence *const *fence_set_each_removal(const struct fence_set *s, size_t *count) {
    return list_of(s, FENCE_EACH_REMOVAL, count);
}

struct fence *const *fence_set_each_roam(const struct fence_set *s, size_t *count) {
    return list_of(s, FENCE_EACH_ROAM, count);
}

struct fence *const *fence_set_each_areas(const struct fence_set *s, size_t *count) {
    return list_of(s, FENCE_EACH_AREAS, count);
}

static bool search(const struct fence_set *s, const struct tree *t, const struct index_box *box,
                   fence_set_visit_fn *visit, void *ctx) {
    struct visiting v = {.set = s, .visit = visit, .ctx = ctx};
    return !t->index || index_search(t->index, box, visit_items, &v, NULL);
}

static bool visit_items(void *ctx, const uint32_t *items, size_t count, bool sure) {
    (void)sure; // the fence's own doubles decide
    const struct visiting *v = ctx;
    struct fence *run[RUN];
    for (size_t at = 0; at < count;) {
        size_t n = 0;
        for (; n < RUN && at < count; n++, at++) {
            run[n] = v->set->items[items[at]].fence;
            __builtin_prefetch(run[n]);
        }
        if (!v->visit(v->ctx, run, n)) return false;
    }
    return true;
}

static enum status add_pieces(struct fence_set *s, struct fence *f) {
    struct bbox pieces[FENCE_PIECES];
    size_t count = bbox_split(&f->box, pieces);
    enum status st = reserve(s, count);
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        struct index_box box = index_box_of(&pieces[i]);
        st = add_piece(s, f, &box);
    }
    return st;
}

// Memory for the number of the item is there.
static enum status add_piece(struct fence_set *s, struct fence *f, const struct index_box *box) {
    uint32_t item = item_take(s);
    bool crosses = f->spec.triggers & FENCE_CROSS;
    enum status st = tree_reserve(&s->all, item);
    if (st == STATUS_OK && crosses) {
        st = tree_reserve(&s->crossed, item);
    }
    if (st == STATUS_OK) {
        st = index_insert(s->all.index, box, item);
    }
    if (st == STATUS_OK && crosses && (st = index_insert(s->crossed.index, box, item))) {
        index_remove(s->all.index, box, item);
    }
    if (st != STATUS_OK) {
        item_give(s, item);
        return st;
    }
    s->items[item].fence = f;
    s->items[item].box = *box;
    f->items[f->item_count++] = item;
    return STATUS_OK;
}

static void remove_pieces(struct fence_set *s, struct fence *f) {
    while (f->item_count) {
        uint32_t item = f->items[--f->item_count];
        index_remove(s->all.index, &s->items[item].box, item);
        if (f->spec.triggers & FENCE_CROSS) {
            index_remove(s->crossed.index, &s->items[item].box, item);
        }
        item_give(s, item);
    }
}

static enum status reserve(struct fence_set *s, size_t items) {
    if (s->item_count + items <= s->item_cap) return STATUS_OK;
    if (s->item_cap >= UINT32_MAX / 4) return STATUS_TOO_LARGE;
    uint32_t cap = s->item_cap * 2 + FENCE_PIECES;
    struct item *more = mem_realloc(s->items, cap * sizeof *more);
    if (!more) return STATUS_NO_MEMORY;
    s->items = more;
    s->item_cap = cap;
    return STATUS_OK;
}

static uint32_t item_take(struct fence_set *s) {
    uint32_t item = s->free_item;
    if (item == FENCE_NOWHERE) return s->item_count++;
    s->free_item = s->items[item].next;
    return item;
}

static void item_give(struct fence_set *s, uint32_t item) {
    s->items[item].fence = NULL;
    s->items[item].next = s->free_item;
    s->free_item = item;
}

static enum status tree_reserve(struct tree *t, uint32_t item) {
    enum status st = t->index ? STATUS_OK : rtree_new(&t->places, &t->index);
    return st == STATUS_OK ? places_grow(&t->places, item) : st;
}

static void tree_free(struct tree *t) {
    index_free(t->index);
    places_deinit(&t->places);
}

static bool is_in_list(const struct fence_spec *spec, enum fence_list list) {
    bool told = spec->kind != FENCE_GEOFENCE;
    switch (list) {
    case FENCE_EACH_UPDATE: return spec->shape == FENCE_AREA && (spec->triggers & FENCE_OUTSIDE);
    case FENCE_EACH_REMOVAL:
        return told && (spec->kind == FENCE_LIVE || spec->shape != FENCE_AREA ||
                        (spec->triggers & FENCE_OUTSIDE));
    case FENCE_EACH_ROAM: return spec->shape == FENCE_ROAM;
    case FENCE_EACH_AREAS: return spec->shape == FENCE_SET;
    }
    return false;
}

static enum status list_add(struct list *l, struct fence *f, enum fence_list list) {
    if (l->count == l->cap) {
        size_t cap = l->cap * 2 + 4;
        struct fence **more = mem_realloc(l->fences, cap * sizeof *more);
        if (!more) return STATUS_NO_MEMORY;
        l->fences = more;
        l->cap = cap;
    }
    f->list_at[list] = (uint32_t)l->count;
    l->fences[l->count++] = f;
    return STATUS_OK;
}

static void list_remove(struct list *l, struct fence *f, enum fence_list list) {
    uint32_t at = f->list_at[list];
    if (at == FENCE_NOWHERE) return;
    assert(at < l->count && l->fences[at] == f);
    struct fence *last = l->fences[--l->count];
    l->fences[at] = last;
    last->list_at[list] = at;
    f->list_at[list] = FENCE_NOWHERE;
}
