// batch.c - what can be done for a batch before its locks, and the locks.

#include "engine/batch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define AHEAD 8                  // items
#define WAITING_ROWS 60          // retired rows that wait for more, at most,
#define WAITING_BYTES (64 << 10) // and how large they may be, about

static enum status allocate(struct batch *b);
static void use_single(struct batch *b);
static enum status make_retired_room(struct batch *b);
static enum status prepare_item(struct batch *b, size_t i);
static enum status touch(struct batch *b, struct str name, bool make, uint32_t *touched,
                         struct reason *why);
static uint32_t *touched_cell(const struct batch *b, const struct collection *c);
static uint32_t chain_of(struct batch *b, uint32_t touched, struct str id);
static void note_stripes(struct batch *b);
static void put_in_order(struct batch *b);
static bool any_dropped(const struct batch *b);
static enum status find_again(struct batch *b);

enum status batch_prepare(struct batch *b) {
    enum status st = allocate(b);
    for (size_t i = 0; i < b->count && st == STATUS_OK; i++) {
        st = prepare_item(b, i);
    }
    size_t expiring = 0;
    for (size_t i = 0; i < b->count; i++) {
        expiring += b->changes[i].draft.has_expiry;
    }
    if (st == STATUS_OK && expiring) {
        st = expiry_reserve(&b->engine->expiry, expiring);
        b->expiry_promised = st == STATUS_OK ? expiring : 0;
    }
    return st;
}

enum status batch_lock(struct batch *b) {
    note_stripes(b);
    for (;;) {
        put_in_order(b);
        for (size_t i = 0; i < b->touched_count; i++) {
            const struct batch_touched *t = &b->touched[b->order[i]];
            for (unsigned left = t->stripes; left; left &= left - 1) {
                id_map_lock(t->collection->ids, (unsigned)__builtin_ctz(left));
            }
        }
        if (!any_dropped(b)) {
            return STATUS_OK;
        }
        batch_unlock(b);
        enum status st = find_again(b);
        if (st != STATUS_OK) {
            return st;
        }
    }
}

void batch_unlock(struct batch *b) {
    for (size_t i = b->touched_count; i-- > 0;) {
        const struct batch_touched *t = &b->touched[b->order[i]];
        for (unsigned left = t->stripes; left; left &= left - 1) {
            id_map_unlock(t->collection->ids, (unsigned)__builtin_ctz(left));
        }
    }
}

void batch_discard(struct batch *b) {
    for (size_t i = 0; b->items && i < b->count; i++) {
        row_free(b->items[i].row);
        b->items[i].row = NULL;
    }
    if (b->expiry_promised) {
        expiry_release(&b->engine->expiry, b->expiry_promised);
    }
    b->expiry_promised = 0;
    struct batch_retired *waiting = b->reader->waiting;
    if (waiting && (waiting->bytes > WAITING_BYTES || engine_memory_near(b->engine))) {
        epoch_retire_node(b->engine->epoch, &waiting->node);
        b->reader->waiting = NULL;
    }
}

void batch_retire(struct batch *b, struct row *row) {
    struct batch_retired *retired = b->retired;
    assert(retired->count < retired->cap);
    retired->bytes += row_weight(row);
    retired->rows[retired->count++] = row;
    b->reader->retired_rows++;
}

static void retired_free(struct epoch_node *node) {
    struct batch_retired *retired = (struct batch_retired *)node;
    for (size_t i = 0; i < retired->count; i++) {
        if (i + AHEAD < retired->count) {
            __builtin_prefetch(&retired->rows[i + AHEAD]->flags);
        }
        row_free(retired->rows[i]);
    }
    mem_free(retired);
}

static enum status allocate(struct batch *b) {
    if (b->count == 1) {
        use_single(b);
        return make_retired_room(b);
    }
    struct arena *arena = &b->reader->scratch;
    size_t buckets = 4;
    while (buckets < b->count * 2) {
        buckets *= 2;
    }
    if (b->count >= BATCH_NONE / 4) {
        return STATUS_TOO_LARGE;
    }
    b->items = arena_zalloc(arena, b->count, sizeof b->items[0]);
    b->chains = arena_alloc(arena, b->count * sizeof b->chains[0]);
    b->touched = arena_alloc(arena, b->count * sizeof b->touched[0]);
    b->order = arena_alloc(arena, b->count * sizeof b->order[0]);
    b->chain_table = arena_alloc(arena, buckets * sizeof b->chain_table[0]);
    b->touched_table = arena_alloc(arena, buckets * sizeof b->touched_table[0]);
    b->table_mask = buckets - 1;
    if (!b->items || !b->chains || !b->touched || !b->order || !b->chain_table ||
        !b->touched_table) {
        return STATUS_NO_MEMORY;
    }
    memset(b->chain_table, 0xff, buckets * sizeof b->chain_table[0]);
    memset(b->touched_table, 0xff, buckets * sizeof b->touched_table[0]);
    return make_retired_room(b);
}

static void use_single(struct batch *b) {
    struct batch_single *one = b->single;
    b->items = &one->item;
    b->chains = &one->chain;
    b->touched = &one->touched;
    b->order = &one->order;
    b->chain_table = &one->chain_table;
    b->touched_table = &one->touched_table;
    b->table_mask = 0;
    one->item = (struct batch_item){.row = NULL};
    one->chain_table = one->touched_table = BATCH_NONE;
}

// Single changes share a list, so that neither it nor the epoch's lock is needed for each.
static enum status make_retired_room(struct batch *b) {
    struct batch_retired *r = b->reader->waiting;
    if (r && r->cap - r->count < b->count) {
        epoch_retire_node(b->engine->epoch, &r->node);
        b->reader->waiting = r = NULL;
    }
    if (!r) {
        size_t cap = b->count > WAITING_ROWS ? b->count : WAITING_ROWS;
        r = mem_alloc(sizeof *r + cap * sizeof r->rows[0]);
        if (!r) {
            return STATUS_NO_MEMORY;
        }
        r->node.free_fn = retired_free;
        r->cap = cap;
        r->count = r->bytes = 0;
        b->reader->waiting = r;
    }
    b->retired = r;
    return STATUS_OK;
}

// Fails for want of memory only; what is wrong with the change stands in its result.
static enum status prepare_item(struct batch *b, size_t i) {
    const struct change *change = &b->changes[i];
    struct change_result *result = &b->results[i];
    struct batch_item *item = &b->items[i];
    item->chain = BATCH_NONE;
    result->object = NULL;
    result->created = false;
    if (change->patch_properties || change->member_count) {
        result->why.text[0] = result->why.pointer[0] = '\0'; // whoever fails otherwise sets it
    }
    bool makes = change->kind == CHANGE_PUT || change->kind == CHANGE_CREATE;
    bool writes = makes || change->kind == CHANGE_SET;
    bool conditional = change->if_present || change->if_etag_count > 0;
    result->status = batch_check(change, &result->why);
    if (result->status != STATUS_OK) {
        return STATUS_OK;
    }
    uint32_t touched = 0;
    struct str name = collection_name_or_default(change->collection);
    result->status = touch(b, name, writes && !conditional, &touched, &result->why);
    if (result->status != STATUS_OK) {
        if (result->status == STATUS_NOT_FOUND && writes) {
            result->status =
                reason_set(&result->why, STATUS_PRECONDITION, "there is no such object");
        }
        return result->status == STATUS_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_OK;
    }
    item->chain = chain_of(b, touched, change->draft.id);
    return makes ? row_new(&change->draft, &item->row) : STATUS_OK;
}

static uint64_t odd_bytes(uint64_t word) {
    const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
    return ((word - ones * 0x20) | ((word ^ ones * 0x7f) - ones) | word) & high;
}

// Printable ASCII, which most ids are, eight bytes at a time.
static bool is_plain(struct str id) {
    uint64_t word = UINT64_MAX / 255 * '0', odd = 0;
    if (id.len < sizeof word) {
        memcpy(&word, id.p, id.len);
        return odd_bytes(word) == 0;
    }
    for (size_t at = 0; at + sizeof word < id.len; at += sizeof word) {
        memcpy(&word, id.p + at, sizeof word);
        odd |= odd_bytes(word);
    }
    memcpy(&word, id.p + id.len - sizeof word, sizeof word);
    return (odd | odd_bytes(word)) == 0;
}

static enum status check_id(struct str id, struct reason *why) {
    if (id.len < 1 || id.len > OBJECT_ID_MAX) {
        return reason_set(why, STATUS_INVALID, "an id has 1 to %d bytes", OBJECT_ID_MAX);
    }
    if (!is_plain(id) && (str_has_control(id) || !str_is_utf8(id))) {
        return reason_set(why, STATUS_INVALID, "an id is UTF-8 without control characters");
    }
    return STATUS_OK;
}

enum status batch_check(const struct change *change, struct reason *why) {
    const struct object_draft *draft = &change->draft;
    enum status st = check_id(draft->id, why);
    bool positioned = change->kind != CHANGE_PATCH || change->patch_position;
    if (st != STATUS_OK || change->kind == CHANGE_DELETE) {
        return st;
    }
    if (positioned && !draft->geometry && draft->form != OBJECT_STRING &&
        !point_valid(draft->point)) {
        return reason_set(why, STATUS_INVALID, "longitude %g, latitude %g are outside the earth",
                          draft->point.lon, draft->point.lat);
    }
    if (positioned && draft->has_z && !isfinite(draft->z)) {
        return reason_set(why, STATUS_INVALID, "the altitude is not a number");
    }
    if (change->member_count > CHANGE_MEMBERS_MAX) {
        return reason_set(why, STATUS_TOO_LARGE, "more than %d properties at once",
                          CHANGE_MEMBERS_MAX);
    }
    if (draft->text.len > OBJECT_TEXT_MAX) {
        return reason_set(why, STATUS_TOO_LARGE, "the text of an object is larger than %u bytes",
                          OBJECT_TEXT_MAX);
    }
    if (draft->properties.len > OBJECT_PROPERTIES_MAX) {
        return reason_set(why, STATUS_TOO_LARGE, "properties are larger than %u bytes",
                          OBJECT_PROPERTIES_MAX);
    }
    return STATUS_OK;
}

static enum status make_collection(struct batch *b, struct str name, struct collection **out,
                                   struct reason *why) {
    struct collections *all = &b->engine->collections;
    if (name.len > OBJECT_COLLECTION_MAX || str_has_control(name) || !str_is_utf8(name)) {
        return reason_set(
            why, STATUS_INVALID,
            "a collection's name is 1 to %d bytes of UTF-8 without control characters",
            OBJECT_COLLECTION_MAX);
    }
    enum status st = collections_make(all, name, b->now_ms, out);
    if (st == STATUS_TOO_LARGE) {
        return reason_set(why, st, "there are %zu collections already, the limit", all->limit);
    }
    return st;
}

// The number of the collection in the batch; NOT_FOUND unless it is there or may be made.
static enum status touch(struct batch *b, struct str name, bool make, uint32_t *touched,
                         struct reason *why) {
    if (b->touched_count && str_eq(b->touched[b->touched_count - 1].name, name)) {
        *touched = (uint32_t)(b->touched_count - 1);
        return STATUS_OK;
    }
    struct collection *c = collections_find_again(&b->engine->collections, &b->reader->last, name);
    uint32_t *cell = c ? touched_cell(b, c) : NULL;
    if (cell && *cell != BATCH_NONE) {
        *touched = *cell;
        return STATUS_OK;
    }
    if (!make && !(c && atomic_load_explicit(&c->live, memory_order_acquire))) {
        return reason_set(why, STATUS_NOT_FOUND, "there is no collection of this name");
    }
    enum status st = c ? STATUS_OK : make_collection(b, name, &c, why);
    if (st != STATUS_OK) {
        return st;
    }
    cell = touched_cell(b, c);
    *cell = *touched = (uint32_t)b->touched_count++;
    b->touched[*touched] = (struct batch_touched){.collection = c, .name = name};
    return STATUS_OK;
}

static uint32_t *touched_cell(const struct batch *b, const struct collection *c) {
    size_t at = (c->incarnation * 0x9e3779b97f4a7c15u) >> 32 & b->table_mask;
    while (b->touched_table[at] != BATCH_NONE && b->touched[b->touched_table[at]].collection != c) {
        at = (at + 1) & b->table_mask;
    }
    return &b->touched_table[at];
}

static uint32_t chain_of(struct batch *b, uint32_t touched, struct str id) {
    const struct collection *c = b->touched[touched].collection;
    uint64_t hash = id_map_hash(c->ids, id);
    size_t at = (hash + touched * 0x9e3779b97f4a7c15u) >> 16 & b->table_mask;
    for (; b->chain_table[at] != BATCH_NONE; at = (at + 1) & b->table_mask) {
        const struct batch_chain *chain = &b->chains[b->chain_table[at]];
        if (chain->hash == hash && chain->touched == touched && str_eq(chain->id, id)) {
            return b->chain_table[at];
        }
    }
    uint32_t number = b->chain_table[at] = (uint32_t)b->chain_count++;
    b->chains[number] = (struct batch_chain){
        .id = id, .hash = hash, .touched = touched, .slot = BATCH_NONE, .next = BATCH_NONE};
    id_map_prefetch(c->ids, hash);
    return number;
}

static void note_stripes(struct batch *b) {
    for (size_t i = 0; i < b->chain_count; i++) {
        const struct batch_chain *chain = &b->chains[i];
        b->touched[chain->touched].stripes |= (uint16_t)(1u << id_map_stripe(chain->hash));
    }
}

static int compare_incarnations(const void *a, const void *b, void *touched) {
    const struct batch_touched *t = touched;
    uint64_t x = t[*(const uint32_t *)a].collection->incarnation;
    uint64_t y = t[*(const uint32_t *)b].collection->incarnation;
    return x < y ? -1 : x > y;
}

static void put_in_order(struct batch *b) {
    for (size_t i = 0; i < b->touched_count; i++) {
        b->order[i] = (uint32_t)i;
    }
    if (b->touched_count > 1) {
        qsort_r(b->order, b->touched_count, sizeof b->order[0], compare_incarnations, b->touched);
    }
}

static bool any_dropped(const struct batch *b) {
    for (size_t i = 0; i < b->touched_count; i++) {
        if (!collection_is(b->touched[i].collection, b->touched[i].name)) {
            return true;
        }
    }
    return false;
}

// The drop came first: what the batch writes goes into a new collection of that name.
static enum status find_again(struct batch *b) {
    enum status st = STATUS_OK;
    for (size_t i = 0; i < b->touched_count && st == STATUS_OK; i++) {
        struct batch_touched *t = &b->touched[i];
        if (!collection_is(t->collection, t->name)) {
            st = collections_make(&b->engine->collections, t->name, b->now_ms, &t->collection);
        }
    }
    return st;
}
