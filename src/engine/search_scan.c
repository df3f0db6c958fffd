// search_scan.c - candidates in the order of slots.
//
// From the index only slot numbers are collected. The objects are loaded after, inside
// the epoch, and may be newer than the index was: the exact test is made on what was loaded.

#include "engine/search_state.h"
#include "engine/slot_set.h"

#define RUN 32               // objects fetched at once, so that their cache misses overlap
#define ROUND_PAGE 1024      // candidates kept at first, when the answer is cut at a limit
#define ROUND_FILTER 8192    // and when a filter will take many of them away
#define ROUND_ALL (1u << 20) // and when all matter

struct collecting {
    struct slot_set *set;
    bool stop_when_cut;
    const struct slots *slots;
    uint64_t counted;
    uint64_t extended; // parts that may hold more than points
};

static void collect(struct search *s, struct slot_set *set, bool few);
static bool look_at(struct search *s, const uint32_t *slots, size_t count);
static bool look_at_all(struct search *s);
static bool mostly_matches(struct search *s);
static uint64_t wanted_of(const struct search *s);
static index_visit_fn visit;

bool search_scan(struct search *s, bool few) {
    if (s->whole) {
        return look_at_all(s);
    }
    bool page = s->take && !s->sort && !s->by_distance && !s->query->count_only;
    bool filtered = s->query->filter || s->query->accept;
    uint64_t wanted = wanted_of(s);
    uint64_t least = filtered ? ROUND_FILTER : ROUND_PAGE;
    uint64_t most = few ? wanted * 2 + 16 : !page ? ROUND_ALL : wanted * 8;
    most = page && most < least ? least : most;
    uint32_t first = s->first_slot;
    for (bool again = true; again; most *= 4) {
        struct slot_set set;
        slot_set_init(&set, s->arena, first, most);
        collect(s, &set, few || (page && first == s->first_slot));
        if (set.cut && few) {
            return false;
        }
        if (set.cut && page && first == s->first_slot) {
            if (mostly_matches(s)) {
                s->whole = true;
                return look_at_all(s);
            }
            slot_set_init(&set, s->arena, first, most);
            collect(s, &set, false);
        }
        if (slot_set_finish(&set) != STATUS_OK) {
            s->failed = true;
            return true;
        }
        s->expected = s->count + set.count;
        again = look_at(s, set.items, set.count) && set.cut && set.bound < UINT32_MAX;
        first = set.bound + 1;
    }
    return true;
}

bool search_look(struct search *s, const struct row *row) {
    struct object o;
    row_read(row, &o);
    if (object_is_due(&o, s->now_ms)) {
        return true;
    }
    double distance_m = 0;
    s->refinements++;
    if (!s->exact(s, &o, &distance_m) || s->stepped++ < s->query->skip ||
        !filter_matches(s->query->filter, &o)) {
        return true;
    }
    if (s->query->accept) {
        enum query_verdict verdict = s->query->accept(s->query->accept_ctx, &o);
        if (verdict != QUERY_TAKE) {
            return verdict != QUERY_STOP;
        }
    }
    return s->take(s, &o, distance_m);
}

/// How many matches in the order of slots will do; with a filter it is a guess.
static uint64_t wanted_of(const struct search *s) {
    uint64_t skip = s->query->skip < UINT32_MAX ? s->query->skip : UINT32_MAX;
    return s->query->limit + skip + !s->query->numbered;
}

/// What a search asks of one part: false ends it.
typedef bool ask_fn(struct search *s, const struct index *part, const struct index_box *box,
                    struct collecting *c);

/// Each piece of each part as of one moment; begins again, with the set cleared, until it is.
static void ask_parts(struct search *s, struct collecting *c, ask_fn *ask) {
    struct search_parts parts;
    search_parts_init(&parts, &s->engine->shards, s->collection, s->reader);
    do {
        slot_set_clear(c->set);
        c->counted = 0;
        search_parts_begin(&parts, s->where.shards);
        c->extended = parts.extended;
        bool go_on = true;
        for (uint64_t left = parts.shards; left && go_on; left &= left - 1) {
            unsigned shard = (unsigned)__builtin_ctzll(left);
            const struct index *part = search_parts_index(&parts, shard);
            for (size_t i = 0; part && i < s->where.count && go_on; i++) {
                if ((s->where.masks[i] | parts.extended) >> shard & 1) {
                    go_on = ask(s, part, &s->where.boxes[i], c);
                }
            }
        }
    } while (!search_parts_end(&parts));
    s->shards |= parts.shards;
}

static bool ask_search(struct search *s, const struct index *part, const struct index_box *box,
                       struct collecting *c) {
    return index_search(part, box, visit, c, &s->cost);
}

static bool ask_count(struct search *s, const struct index *part, const struct index_box *box,
                      struct collecting *c) {
    c->counted += index_count(part, box, visit, c, &s->cost);
    return true;
}

static void collect(struct search *s, struct slot_set *set, bool stop_when_cut) {
    struct collecting c = {
        .set = set, .stop_when_cut = stop_when_cut, .slots = &s->collection->slots};
    ask_parts(s, &c, ask_search);
}

static bool visit(void *ctx, const uint32_t *items, size_t count, bool sure) {
    (void)sure; // of an index that may be older than the object
    struct collecting *c = ctx;
    if (c->set->count + count <= SLOT_SET_INLINE) { // few: they will be looked at soon
        for (size_t i = 0; i < count; i++) {
            __builtin_prefetch((const void *)slots_cell(c->slots, items[i]));
        }
    }
    return slot_set_add(c->set, items, count) && !(c->stop_when_cut && c->set->cut);
}

bool search_count(struct search *s) {
    const struct query *q = s->query;
    struct collection *c = s->collection;
    if (s->whole || q->shape != QUERY_BBOX || q->filter || q->accept ||
        q->relation == QUERY_CONTAINS || atomic_load_explicit(&c->expires, memory_order_acquire) ||
        atomic_load_explicit(&c->extended, memory_order_acquire)) {
        return false;
    }
    struct slot_set set;
    slot_set_init(&set, s->arena, 0, UINT32_MAX);
    struct collecting unsure = {.set = &set, .slots = &c->slots};
    ask_parts(s, &unsure, ask_count);
    if (unsure.extended) { // since a moment: some may touch several pieces
        return false;
    }
    // What the index is sure of stands first in the steps: without a filter it does not matter which are stepped over.
    uint64_t stepped = unsure.counted < q->skip ? unsure.counted : q->skip;
    s->stepped += stepped;
    s->matched += unsure.counted - stepped;
    if (slot_set_finish(&set) != STATUS_OK) {
        s->failed = true;
    } else {
        look_at(s, set.items, set.count);
    }
    return true;
}

/// With so many matches the first of all slots will do: cheaper than to sort them out. Crowded means that
/// about `limit * all / matching` slots cost less to look at than the index's answer costs to go through.
static bool mostly_matches(struct search *s) {
    uint64_t all = atomic_load_explicit(&s->collection->count, memory_order_relaxed);
    struct slot_set unsure;
    slot_set_init(&unsure, s->arena, 0, SLOT_SET_INLINE);
    struct collecting c = {.set = &unsure, .slots = &s->collection->slots};
    ask_parts(s, &c, ask_count);
    uint64_t matching = c.counted;
    double slots = (double)wanted_of(s) * (double)all / ((double)matching + 1);
    bool filtered = s->query->filter || s->query->accept;
    return !filtered ? slots * 32 < (double)matching : matching > all / 2;
}

static bool look_at_run(struct search *s, const struct row **run, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (run[i] && !search_look(s, run[i])) {
            return false;
        }
    }
    return true;
}

static const struct row *fetch(struct search *s, uint32_t slot) {
    const struct row *row = slots_load(&s->collection->slots, slot);
    if (row) {
        __builtin_prefetch(row); // the fixed part may lie on two lines
        __builtin_prefetch(&row->flags);
    }
    return row;
}

static size_t fetch_run(struct search *s, const uint32_t *slots, size_t count,
                        const struct row **run) {
    size_t n = count < RUN ? count : RUN;
    for (size_t i = 0; i < n; i++) {
        run[i] = fetch(s, slots[i]);
    }
    return n;
}

/// While one run is looked at the next one comes.
static bool look_at(struct search *s, const uint32_t *slots, size_t count) {
    const struct row *run[2][RUN];
    size_t n = fetch_run(s, slots, count, run[0]);
    for (size_t at = 0, turn = 0; n; turn ^= 1) {
        size_t now = n;
        at += now;
        n = fetch_run(s, slots + at, count - at, run[turn ^ 1]);
        if (!look_at_run(s, run[turn], now)) {
            return false;
        }
    }
    return true;
}

static bool look_at_all(struct search *s) {
    const struct row *run[RUN];
    uint64_t end = slots_end(&s->collection->slots);
    for (uint64_t slot = s->first_slot; slot < end; slot += RUN) {
        size_t n = end - slot < RUN ? (size_t)(end - slot) : RUN;
        for (size_t j = 0; j < n; j++) {
            run[j] = fetch(s, (uint32_t)(slot + j));
        }
        s->cost.candidates += n;
        if (!look_at_run(s, run, n)) {
            return true;
        }
    }
    return true;
}
