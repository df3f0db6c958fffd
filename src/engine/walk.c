#include "engine/walk.h"

#include "base/clock.h"
#include "engine/engine_state.h"
#include "engine/id_order.h"

#define PIECE 256 // rows for which writers of the collection may wait

static enum status find_order(struct collection *c, struct id_order **out);
static bool give(const struct row *const *rows, size_t count, int64_t now_ms, walk_visit_fn *visit,
                 void *ctx);
static struct id_order_key key_of(enum id_order_kind kind, const struct row *row);

enum status walk_run(struct engine *e, unsigned reader, struct str collection,
                     const struct walk_range *range, walk_visit_fn *visit, void *ctx,
                     struct reason *why) {
    struct collection *c = collection_lookup_by(e, reader, collection);
    if (!c) {
        return reason_set(why, STATUS_NOT_FOUND, "there is no collection of this name");
    }
    enum id_order_kind kind = range->by_value ? ID_ORDER_VALUE : ID_ORDER_ID;
    struct id_order *order;
    enum status st = find_order(c, &order);
    struct id_order_key key = range->by_value ? (struct id_order_key){range->from, range->from_id}
                                              : (struct id_order_key){STR_NONE, range->from};
    // Behind every id of the value there is none so great.
    char greatest[OBJECT_ID_MAX + 1];
    if (range->by_value && range->descending && !range->from_id.len) {
        memset(greatest, 0xff, sizeof greatest);
        key.id = (struct str){greatest, sizeof greatest};
    }
    const struct id_order_key *from = range->has_from ? &key : NULL;
    bool at = !range->after;
    int64_t now_ms = clock_wall_ms();
    for (unsigned tries = 0; st == STATUS_OK;) {
        const struct row *rows[PIECE];
        size_t count;
        if (!id_order_collect(order, kind, from, at, range->descending, rows, PIECE, &count)) {
            st = tries++ < 3 ? id_order_make(order, kind) : STATUS_NO_MEMORY;
            continue;
        }
        if (!give(rows, count, now_ms, visit, ctx) || count < PIECE) {
            return STATUS_OK;
        }
        key = key_of(kind, rows[count - 1]);
        from = &key;
        at = false;
    }
    return st == STATUS_NO_MEMORY ? engine_memory_reason(e, why) : st;
}

static struct id_order_key key_of(enum id_order_kind kind, const struct row *row) {
    struct object o;
    row_read(row, &o);
    return (struct id_order_key){kind == ID_ORDER_VALUE ? object_text(&o) : STR_NONE,
                                 object_id(&o)};
}

static enum status find_order(struct collection *c, struct id_order **out) {
    *out = atomic_load_explicit(&c->order, memory_order_acquire);
    if (*out) {
        return STATUS_OK;
    }
    enum status st = id_order_new(&c->slots, c->ids, out);
    struct id_order *none = NULL;
    if (st == STATUS_OK && !atomic_compare_exchange_strong(&c->order, &none, *out)) {
        id_order_free(*out); // somebody was quicker
        *out = none;
    }
    return st;
}

static bool give(const struct row *const *rows, size_t count, int64_t now_ms, walk_visit_fn *visit,
                 void *ctx) {
    for (size_t i = 0; i < count; i++) {
        struct object o;
        if (i + 8 < count) {
            __builtin_prefetch(rows[i + 8]);
        }
        row_read(rows[i], &o);
        if (!object_is_due(&o, now_ms) && !visit(ctx, &o)) {
            return false;
        }
    }
    return true;
}
