#include "engine/id_order.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

enum { LEAF_SLOTS = 120, INNER_CHILDREN = 60, HEIGHT_MAX = 16 };

/// Both kinds begin with the count.
struct node {
    uint32_t count;
};
struct leaf {
    uint32_t count;
    uint32_t slots[LEAF_SLOTS];
};
struct inner {
    uint32_t count;
    uint32_t firsts[INNER_CHILDREN]; // the first slot below each child
    struct node *children[INNER_CHILDREN];
};

enum state {
    STATE_NONE,
    STATE_FOLLOWS, // changes are taken in, what was there before is not all in it
    STATE_WHOLE,
};

struct tree {
    pthread_rwlock_t lock;
    pthread_mutex_t making;
    _Atomic int state; // enum state, written under `lock`
    struct node *root; // NULL: empty
    unsigned height;   // inner levels
    _Atomic size_t bytes;
    enum id_order_kind kind;
};

struct id_order {
    const struct slots *slots;
    struct id_map *ids;
    struct tree trees[ID_ORDER_KINDS];
};

/// A slot with its key, while a tree is made.
struct entry {
    const struct row *row;
    uint32_t slot;
};

static enum status tree_init(struct tree *t, enum id_order_kind kind);
static void tree_deinit(struct tree *t);
static void tree_clear(struct tree *t);
static bool tree_insert(struct id_order *o, struct tree *t, uint32_t slot);
static void tree_remove(struct id_order *o, struct tree *t, const struct id_order_key *key);
static enum status gather(struct id_order *o, struct tree *t, struct entry **out, size_t *count);
static enum status take_in(struct id_order *o, struct tree *t, const struct entry *entries,
                           size_t count);
static void collect(const struct id_order *o, const struct tree *t, const struct node *n,
                    unsigned height, const struct id_order_key *after, bool at, bool descending,
                    const struct row **rows, size_t limit, size_t *count);

enum status id_order_new(const struct slots *slots, struct id_map *ids, struct id_order **out) {
    struct id_order *o = mem_zalloc(1, sizeof *o);
    if (!o) {
        return STATUS_NO_MEMORY;
    }
    o->slots = slots;
    o->ids = ids;
    enum status st = tree_init(&o->trees[ID_ORDER_ID], ID_ORDER_ID);
    if (st == STATUS_OK) {
        st = tree_init(&o->trees[ID_ORDER_VALUE], ID_ORDER_VALUE);
        if (st != STATUS_OK) {
            tree_deinit(&o->trees[ID_ORDER_ID]);
        }
    }
    if (st != STATUS_OK) {
        mem_free(o);
        return st;
    }
    *out = o;
    return STATUS_OK;
}

void id_order_free(struct id_order *o) {
    if (o) {
        tree_deinit(&o->trees[ID_ORDER_ID]);
        tree_deinit(&o->trees[ID_ORDER_VALUE]);
        mem_free(o);
    }
}

static enum status tree_init(struct tree *t, enum id_order_kind kind) {
    pthread_rwlockattr_t attr;
    if (pthread_rwlockattr_init(&attr) != 0) {
        return STATUS_NO_MEMORY;
    }
    // Walks come piece by piece without end: they must not keep writers away.
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    int failed = pthread_rwlock_init(&t->lock, &attr);
    pthread_rwlockattr_destroy(&attr);
    if (failed) {
        return STATUS_NO_MEMORY;
    }
    if (pthread_mutex_init(&t->making, NULL) != 0) {
        pthread_rwlock_destroy(&t->lock);
        return STATUS_NO_MEMORY;
    }
    t->kind = kind;
    return STATUS_OK;
}

static void tree_deinit(struct tree *t) {
    tree_clear(t);
    pthread_mutex_destroy(&t->making);
    pthread_rwlock_destroy(&t->lock);
}

// --- keys ---

static struct object look(const struct row *row) {
    return (struct object){.flags = row->flags,
                           .id_len = row->id_len,
                           .properties_len = row->properties_len,
                           .bytes = row->bytes};
}

static struct id_order_key key_of(const struct tree *t, const struct row *row) {
    struct object o = look(row);
    return (struct id_order_key){t->kind == ID_ORDER_VALUE ? object_text(&o) : STR_NONE,
                                 object_id(&o)};
}

static bool belongs(const struct tree *t, const struct row *row) {
    return row && (t->kind == ID_ORDER_ID || (row->flags & OBJECT_FORM) == OBJECT_FORM);
}

static int compare_keys(const struct id_order_key *a, const struct id_order_key *b) {
    int order = a->value.p || b->value.p ? str_compare(a->value, b->value) : 0;
    return order ? order : str_compare(a->id, b->id);
}

static const struct row *row_at(const struct id_order *o, uint32_t slot) {
    const struct row *row = slots_load(o->slots, slot);
    assert(row);
    return row;
}

static int compare(const struct id_order *o, const struct tree *t, const struct id_order_key *key,
                   uint32_t slot) {
    struct id_order_key other = key_of(t, row_at(o, slot));
    return compare_keys(key, &other);
}

/// How many of `slots` (in order) stand before the key; `*equal`: the next one has it.
static uint32_t rank(const struct id_order *o, const struct tree *t, const uint32_t *slots,
                     uint32_t count, const struct id_order_key *key, bool *equal) {
    uint32_t low = 0, high = count;
    *equal = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(o, t, key, slots[middle]);
        if (order == 0) {
            *equal = true;
            return middle;
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/// The child under which the key belongs.
static uint32_t child_for(const struct id_order *o, const struct tree *t, const struct inner *n,
                          const struct id_order_key *key) {
    bool equal;
    uint32_t at = rank(o, t, n->firsts, n->count, key, &equal);
    return equal || at == 0 ? at : at - 1;
}

// --- changes ---

static bool same_value(const struct row *a, const struct row *b) {
    struct object x = look(a), y = look(b);
    return str_eq(object_text(&x), object_text(&y));
}

/// Is the tree's part of this change nothing?
static bool stays(const struct tree *t, const struct row *before, const struct row *after) {
    bool was = belongs(t, before), is = belongs(t, after);
    if (!was && !is) {
        return true;
    }
    return was && is && (t->kind == ID_ORDER_ID || same_value(before, after));
}

void id_order_leave(struct id_order *o, const struct row *before, const struct row *after) {
    for (int kind = 0; kind < ID_ORDER_KINDS; kind++) {
        struct tree *t = &o->trees[kind];
        if (atomic_load_explicit(&t->state, memory_order_acquire) == STATE_NONE ||
            !belongs(t, before) || stays(t, before, after)) {
            continue;
        }
        struct id_order_key key = key_of(t, before);
        pthread_rwlock_wrlock(&t->lock);
        tree_remove(o, t, &key);
        pthread_rwlock_unlock(&t->lock);
    }
}

static bool insert_or_give_up(struct id_order *o, struct tree *t, uint32_t slot) {
    pthread_rwlock_wrlock(&t->lock);
    bool there = t->state != STATE_NONE;
    if (there && !tree_insert(o, t, slot)) {
        tree_clear(t);
        there = false;
    }
    pthread_rwlock_unlock(&t->lock);
    return there;
}

void id_order_enter(struct id_order *o, const struct row *before, const struct row *after) {
    for (int kind = 0; kind < ID_ORDER_KINDS; kind++) {
        struct tree *t = &o->trees[kind];
        if (atomic_load_explicit(&t->state, memory_order_acquire) != STATE_NONE &&
            belongs(t, after) && !stays(t, before, after)) {
            (void)insert_or_give_up(o, t, after->slot);
        }
    }
}

// --- making ---

static void set_state(struct tree *t, enum state state) {
    pthread_rwlock_wrlock(&t->lock);
    if (state == STATE_FOLLOWS || t->state != STATE_NONE) { // given up meanwhile
        atomic_store_explicit(&t->state, state, memory_order_release);
    }
    pthread_rwlock_unlock(&t->lock);
}

// From the passing of the stripes on every change is taken in; what was there before is
// added after, each object under its stripe.
static enum status make(struct id_order *o, struct tree *t) {
    set_state(t, STATE_FOLLOWS);
    for (unsigned s = 0; s < ID_MAP_STRIPES; s++) {
        id_map_lock(o->ids, s);
        id_map_unlock(o->ids, s);
    }
    struct entry *entries;
    size_t count;
    enum status st = gather(o, t, &entries, &count);
    if (st == STATUS_OK) {
        st = take_in(o, t, entries, count);
        mem_free(entries);
    }
    if (st == STATUS_OK) {
        set_state(t, STATE_WHOLE);
        return t->state == STATE_WHOLE ? STATUS_OK : STATUS_NO_MEMORY;
    }
    pthread_rwlock_wrlock(&t->lock);
    tree_clear(t);
    pthread_rwlock_unlock(&t->lock);
    return st;
}

enum status id_order_make(struct id_order *o, enum id_order_kind kind) {
    struct tree *t = &o->trees[kind];
    enum status st = STATUS_OK;
    pthread_mutex_lock(&t->making);
    if (atomic_load_explicit(&t->state, memory_order_acquire) != STATE_WHOLE) {
        st = make(o, t);
    }
    pthread_mutex_unlock(&t->making);
    return st;
}

static int compare_entries(const void *a, const void *b, void *tree) {
    struct id_order_key x = key_of(tree, ((const struct entry *)a)->row);
    struct id_order_key y = key_of(tree, ((const struct entry *)b)->row);
    return compare_keys(&x, &y);
}

static enum status gather(struct id_order *o, struct tree *t, struct entry **out, size_t *count) {
    uint32_t end = slots_end(o->slots);
    *count = 0;
    *out = NULL;
    size_t cap = 0;
    for (uint32_t slot = 0; slot < end; slot++) {
        const struct row *row = slots_load(o->slots, slot);
        if (!belongs(t, row)) {
            continue;
        }
        if (*count == cap) {
            cap = cap ? cap * 2 : 256;
            struct entry *larger = mem_realloc(*out, cap * sizeof *larger);
            if (!larger) {
                mem_free(*out);
                return STATUS_NO_MEMORY;
            }
            *out = larger;
        }
        (*out)[(*count)++] = (struct entry){row, slot};
    }
    if (*count) {
        qsort_r(*out, *count, sizeof **out, compare_entries, t);
    }
    return STATUS_OK;
}

static enum status take_in(struct id_order *o, struct tree *t, const struct entry *entries,
                           size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct str id = row_id(entries[i].row);
        unsigned stripe = id_map_stripe(id_map_hash(o->ids, id));
        id_map_lock(o->ids, stripe);
        const struct row *now = slots_load(o->slots, entries[i].slot);
        bool ok = !belongs(t, now) || !str_eq(row_id(now), id) ||
                  insert_or_give_up(o, t, entries[i].slot);
        id_map_unlock(o->ids, stripe);
        if (!ok) {
            return STATUS_NO_MEMORY;
        }
    }
    return STATUS_OK;
}

// --- the tree ---

static void node_free(struct tree *t, struct node *n, bool is_leaf) {
    atomic_fetch_sub_explicit(&t->bytes, is_leaf ? sizeof(struct leaf) : sizeof(struct inner),
                              memory_order_relaxed);
    mem_free(n);
}

static void *node_new(struct tree *t, bool is_leaf) {
    size_t bytes = is_leaf ? sizeof(struct leaf) : sizeof(struct inner);
    struct node *n = mem_alloc(bytes);
    if (n) {
        n->count = 0;
        atomic_fetch_add_explicit(&t->bytes, bytes, memory_order_relaxed);
    }
    return n;
}

static void free_below(struct tree *t, struct node *n, unsigned height) {
    for (uint32_t i = 0; height && i < n->count; i++) {
        free_below(t, ((struct inner *)n)->children[i], height - 1);
    }
    node_free(t, n, height == 0);
}

static void tree_clear(struct tree *t) {
    if (t->root) {
        free_below(t, t->root, t->height);
    }
    t->root = NULL;
    t->height = 0;
    atomic_store_explicit(&t->state, STATE_NONE, memory_order_release);
}

static uint32_t first_slot(const struct node *n, unsigned height) {
    return height ? ((const struct inner *)n)->firsts[0] : ((const struct leaf *)n)->slots[0];
}

static uint32_t node_cap(unsigned height) {
    return height ? INNER_CHILDREN : LEAF_SLOTS;
}

/// Open a gap of one at `at`, or close it (`by` -1: what stands at `at` goes).
static void shift(struct node *n, unsigned height, uint32_t at, int by) {
    uint32_t from = by > 0 ? at : at + 1, to = by > 0 ? at + 1 : at, left = n->count - from;
    if (height == 0) {
        struct leaf *leaf = (struct leaf *)n;
        memmove(&leaf->slots[to], &leaf->slots[from], left * sizeof leaf->slots[0]);
    } else {
        struct inner *inner = (struct inner *)n;
        memmove(&inner->firsts[to], &inner->firsts[from], left * sizeof inner->firsts[0]);
        memmove(&inner->children[to], &inner->children[from], left * sizeof inner->children[0]);
    }
    n->count += (uint32_t)by;
}

/// Append `count` of `from`, beginning at `at`, to `to`.
static void carry(struct node *to, const struct node *from, unsigned height, uint32_t at,
                  uint32_t count) {
    if (height == 0) {
        memcpy(&((struct leaf *)to)->slots[to->count], &((const struct leaf *)from)->slots[at],
               count * sizeof(uint32_t));
    } else {
        const struct inner *source = (const struct inner *)from;
        struct inner *target = (struct inner *)to;
        memcpy(&target->firsts[to->count], &source->firsts[at], count * sizeof source->firsts[0]);
        memcpy(&target->children[to->count], &source->children[at],
               count * sizeof source->children[0]);
    }
    to->count += count;
}

/// `n` is full: its upper part goes into `right`. In an order that grows at its end nodes stay nearly full.
static void split(struct node *n, struct node *right, unsigned height, bool at_end) {
    uint32_t keep = at_end ? n->count - n->count / 8 : n->count / 2;
    carry(right, n, height, keep, n->count - keep);
    n->count = keep;
}

/// One insertion on its way down; `right` is what a split has made of the child.
struct insertion {
    struct id_order *o;
    struct tree *t;
    struct id_order_key key;
    uint32_t slot;
    struct node *right;
    bool failed;
};

static void put(struct node *n, unsigned height, uint32_t at, uint32_t slot, struct node *child) {
    shift(n, height, at, 1);
    if (height == 0) {
        ((struct leaf *)n)->slots[at] = slot;
    } else {
        ((struct inner *)n)->firsts[at] = slot;
        ((struct inner *)n)->children[at] = child;
    }
}

static void put_or_split(struct insertion *in, struct node *n, unsigned height, uint32_t at,
                         uint32_t slot, struct node *child) {
    struct node *right = NULL;
    if (n->count == node_cap(height)) {
        right = node_new(in->t, height == 0);
        if (!right) {
            in->failed = true; // the tree is given up, a child that was split off with it
            if (child) {
                free_below(in->t, child, height - 1);
            }
            return;
        }
        split(n, right, height, at == n->count);
        if (at > n->count) {
            at -= n->count;
            n = right;
        }
    }
    put(n, height, at, slot, child);
    in->right = right;
}

static void insert_below(struct insertion *in, struct node *n, unsigned height) {
    bool equal;
    in->right = NULL;
    if (height == 0) {
        struct leaf *leaf = (struct leaf *)n;
        uint32_t at = rank(in->o, in->t, leaf->slots, leaf->count, &in->key, &equal);
        if (!equal) {
            put_or_split(in, n, 0, at, in->slot, NULL);
        }
        return;
    }
    struct inner *inner = (struct inner *)n;
    uint32_t at = child_for(in->o, in->t, inner, &in->key);
    struct node *child = inner->children[at];
    insert_below(in, child, height - 1);
    if (in->failed) {
        return;
    }
    inner->firsts[at] = first_slot(child, height - 1);
    struct node *right = in->right;
    in->right = NULL;
    if (right) {
        put_or_split(in, n, height, at + 1, first_slot(right, height - 1), right);
    }
}

// False when memory runs out: the tree is of no use any more. What is in it already stays once.
static bool tree_insert(struct id_order *o, struct tree *t, uint32_t slot) {
    struct insertion in = {.o = o, .t = t, .slot = slot, .key = key_of(t, row_at(o, slot))};
    if (!t->root && !(t->root = node_new(t, true))) {
        return false;
    }
    insert_below(&in, t->root, t->height);
    if (in.failed || !in.right) {
        return !in.failed;
    }
    struct inner *root = t->height + 1 < HEIGHT_MAX ? node_new(t, false) : NULL;
    if (!root) {
        free_below(t, in.right, t->height);
        return false;
    }
    put((struct node *)root, 1, 0, first_slot(t->root, t->height), t->root);
    put((struct node *)root, 1, 1, first_slot(in.right, t->height), in.right);
    t->root = (struct node *)root;
    t->height++;
    return true;
}

/// Neighbours that have become small together become one.
static void merge_children(struct tree *t, struct inner *n, unsigned height, uint32_t at) {
    uint32_t left = at + 1 < n->count ? at : at - 1, right = left + 1;
    if (n->count < 2 ||
        n->children[left]->count + n->children[right]->count > node_cap(height - 1) / 2) {
        return;
    }
    carry(n->children[left], n->children[right], height - 1, 0, n->children[right]->count);
    node_free(t, n->children[right], height == 1);
    shift((struct node *)n, height, right, -1);
}

static void remove_below(struct id_order *o, struct tree *t, struct node *n, unsigned height,
                         const struct id_order_key *key) {
    bool equal;
    if (height == 0) {
        struct leaf *leaf = (struct leaf *)n;
        uint32_t at = rank(o, t, leaf->slots, leaf->count, key, &equal);
        if (equal) {
            shift(n, 0, at, -1);
        }
        return;
    }
    struct inner *inner = (struct inner *)n;
    uint32_t at = child_for(o, t, inner, key);
    struct node *child = inner->children[at];
    remove_below(o, t, child, height - 1, key);
    if (child->count == 0) {
        node_free(t, child, height == 1);
        shift(n, height, at, -1);
        return;
    }
    inner->firsts[at] = first_slot(child, height - 1);
    merge_children(t, inner, height, at);
}

static void tree_remove(struct id_order *o, struct tree *t, const struct id_order_key *key) {
    if (!t->root) {
        return;
    }
    remove_below(o, t, t->root, t->height, key);
    while (t->height && t->root->count == 1) {
        struct node *only = ((struct inner *)t->root)->children[0];
        node_free(t, t->root, false);
        t->root = only;
        t->height--;
    }
    if (t->root->count == 0) {
        node_free(t, t->root, t->height == 0);
        t->root = NULL;
        t->height = 0;
    }
}

// --- walks ---

bool id_order_collect(struct id_order *o, enum id_order_kind kind, const struct id_order_key *after,
                      bool at, bool descending, const struct row **rows, size_t limit,
                      size_t *count) {
    struct tree *t = &o->trees[kind];
    *count = 0;
    pthread_rwlock_rdlock(&t->lock);
    bool whole = t->state == STATE_WHOLE;
    if (whole && t->root) {
        collect(o, t, t->root, t->height, after, at, descending, rows, limit, count);
    }
    pthread_rwlock_unlock(&t->lock);
    return whole;
}

static void collect_leaf(const struct id_order *o, const struct tree *t, const struct leaf *leaf,
                         const struct id_order_key *after, bool at, bool descending,
                         const struct row **rows, size_t limit, size_t *count) {
    bool equal = false;
    uint32_t from = descending ? leaf->count : 0; // descending: one past the first
    if (after) {
        from = rank(o, t, leaf->slots, leaf->count, after, &equal);
        from += equal && at == descending;
    }
    for (uint32_t i = from; *count < limit && (descending ? i > 0 : i < leaf->count);
         i += descending ? UINT32_MAX : 1) {
        rows[(*count)++] = row_at(o, leaf->slots[descending ? i - 1 : i]);
    }
}

static void collect(const struct id_order *o, const struct tree *t, const struct node *n,
                    unsigned height, const struct id_order_key *after, bool at, bool descending,
                    const struct row **rows, size_t limit, size_t *count) {
    if (height == 0) {
        collect_leaf(o, t, (const struct leaf *)n, after, at, descending, rows, limit, count);
        return;
    }
    const struct inner *inner = (const struct inner *)n;
    uint32_t i = after ? child_for(o, t, inner, after) : descending ? inner->count - 1 : 0;
    for (; i < inner->count && *count < limit; i += descending ? UINT32_MAX : 1) {
        collect(o, t, inner->children[i], height - 1, after, at, descending, rows, limit, count);
        after = NULL; // the others lie behind it
    }
}

size_t id_order_bytes(const struct id_order *o) {
    return o ? sizeof *o + o->trees[0].bytes + o->trees[1].bytes : 0;
}

static bool check_below(const struct id_order *o, const struct tree *t, const struct node *n,
                        unsigned height, const struct row **last, size_t *seen) {
    if (n->count == 0 || n->count > node_cap(height)) {
        return false;
    }
    for (uint32_t i = 0; i < n->count; i++) {
        if (height) {
            const struct inner *inner = (const struct inner *)n;
            if (inner->firsts[i] != first_slot(inner->children[i], height - 1) ||
                !check_below(o, t, inner->children[i], height - 1, last, seen)) {
                return false;
            }
            continue;
        }
        const struct row *row = row_at(o, ((const struct leaf *)n)->slots[i]);
        struct id_order_key key = key_of(t, row), before = key_of(t, *last ? *last : row);
        if (!belongs(t, row) || (*last && compare_keys(&before, &key) >= 0)) {
            return false;
        }
        *last = row;
        ++*seen;
    }
    return true;
}

bool id_order_check(struct id_order *o, enum id_order_kind kind, size_t expected) {
    struct tree *t = &o->trees[kind];
    const struct row *last = NULL;
    size_t seen = 0;
    pthread_rwlock_rdlock(&t->lock);
    bool good = t->state == STATE_WHOLE &&
                (!t->root || check_below(o, t, t->root, t->height, &last, &seen)) &&
                seen == expected;
    pthread_rwlock_unlock(&t->lock);
    return good;
}
