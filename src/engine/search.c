// search.c - engine_search: what to look at, in which order to answer, and the answer.

#include <assert.h>

#include "base/clock.h"
#include "base/hash.h"
#include "engine/properties.h"
#include "engine/search_state.h"

#define LIMIT_MAX 10000
#define WIDEST_M 2.1e7 // a circle of this radius is the earth

static enum status check(const struct query *q, struct reason *why);
static enum status plan(struct search *s);
static enum status plan_order(struct search *s, struct reason *why);
static void run(struct search *s);
static void answer_near(struct search *s);
static enum status answer(struct search *s, struct hits *out);
static enum status answer_next(struct search *s, const struct search_key *last, struct str *next);
static uint32_t order_fingerprint(const struct search *s);
static search_take_fn take_page, take_count, take_top;

enum status engine_search(struct engine *e, unsigned reader, const struct query *query,
                          struct arena *arena, struct hits *out, struct reason *why) {
    if (query->untimed) {
        return search_run(e, reader, query, arena, out, why);
    }
    uint64_t started = clock_mono_ns();
    enum status st = search_run(e, reader, query, arena, out, why);
    out->ns = clock_mono_ns() - started;
    return st;
}

enum status search_run(struct engine *e, unsigned reader, const struct query *query,
                       struct arena *arena, struct hits *out, struct reason *why) {
    *out = (struct hits){0};
    struct collection *c = collection_lookup_by(e, reader, query->collection);
    if (!c) {
        return reason_set(why, STATUS_NOT_FOUND, "there is no collection \"%.*s\"",
                          STR_ARGS(collection_name_or_default(query->collection)));
    }
    enum status st = check(query, why);
    if (st != STATUS_OK) {
        return st;
    }
    struct search s = {
        .engine = e, .collection = c, .query = query, .arena = arena, .reader = reader};
    buf_init(&s.scratch);
    bool expires = atomic_load_explicit(&c->expires, memory_order_acquire);
    s.now_ms = expires || query->count_reads ? clock_wall_ms() : INT64_MIN;
    st = plan(&s);
    if (st == STATUS_OK) {
        st = plan_order(&s, why);
    }
    if (st == STATUS_OK) {
        run(&s);
        st = answer(&s, out);
    }
    buf_deinit(&s.scratch);
    geometry_unref(s.area_owned);
    engine_count(&engine_reader_state(e, reader)->searches, 1);
    return st;
}

bool engine_count_objects(struct engine *e, unsigned reader, struct str collection,
                          uint64_t *count) {
    struct collection *c = collection_lookup_by(e, reader, collection);
    struct query all = {.collection = collection, .count_only = true};
    struct hits hits = {0};
    if (c && !atomic_load_explicit(&c->expires, memory_order_acquire)) {
        hits.matched = atomic_load_explicit(&c->count, memory_order_relaxed);
    } else if (c && search_run(e, reader, &all, NULL, &hits, NULL) != STATUS_OK) {
        return false;
    }
    *count = hits.matched;
    return c != NULL;
}

static bool box_valid(const struct bbox *b) {
    return b->min_lon <= b->max_lon && b->min_lat <= b->max_lat && isfinite(b->min_lon) &&
           isfinite(b->max_lon) && isfinite(b->min_lat) && isfinite(b->max_lat);
}

static enum status check(const struct query *q, struct reason *why) {
    bool round = q->shape == QUERY_CIRCLE || q->shape == QUERY_RADIUS || q->shape == QUERY_NEAREST;
    assert(!(q->accept || q->skip) || q->numbered);
    if (!q->count_only && (q->limit < 1 || (q->limit > LIMIT_MAX && !q->numbered))) {
        return reason_set(why, STATUS_BAD_REQUEST, "the limit must be within 1..%d", LIMIT_MAX);
    }
    if (q->shape == QUERY_BBOX && !box_valid(&q->box)) {
        return reason_set(why, STATUS_BAD_REQUEST, "the box is not one");
    }
    if (round && (!point_valid(q->point) || !(q->radius_m >= 0))) {
        return reason_set(why, STATUS_BAD_REQUEST,
                          "a search around a point needs a valid point and a radius of 0 or more");
    }
    if (q->shape == QUERY_NEAREST && q->sort != QUERY_SORT_NONE) {
        return reason_set(why, STATUS_BAD_REQUEST, "the nearest are sorted by distance");
    }
    if (q->shape == QUERY_NEAREST && q->cursor.len) {
        return reason_set(why, STATUS_BAD_REQUEST, "the k nearest are one page: drop the cursor");
    }
    return STATUS_OK;
}

/// Where to look and how to decide.
static enum status plan(struct search *s) {
    const struct query *q = s->query;
    struct bbox box;
    s->exact = search_exact_for(q);
    s->area = q->area;
    switch (q->shape) {
    case QUERY_ALL:
        s->whole = !filter_bbox(q->filter, q->earth, &box);
        if (!s->whole) {
            search_where_set(&s->where, &box, &s->engine->shards);
        }
        break;
    case QUERY_BBOX:
        if (q->relation == QUERY_CONTAINS) {
            enum status st = geometry_new_bbox(&q->box, &s->area_owned);
            if (st != STATUS_OK) {
                return st;
            }
            s->area = s->area_owned;
        }
        s->whole = q->relation == QUERY_DISJOINT;
        search_where_set(&s->where, &q->box, &s->engine->shards);
        break;
    case QUERY_AREA:
        geometry_prepare(q->area);
        s->whole = q->relation == QUERY_DISJOINT;
        search_where_set(&s->where, geometry_bbox(q->area), &s->engine->shards);
        break;
    case QUERY_CIRCLE:
    case QUERY_RADIUS:
    case QUERY_NEAREST:
        s->round = search_round_of(q->point, q->radius_m, q->earth);
        if (q->shape != QUERY_NEAREST || q->count_only) {
            double slack = q->earth == EARTH_ELLIPSOID ? 1.0 - DISTANCE_ELLIPSOID_SLACK : 1.0;
            box = distance_circle_bbox(q->point, fmin(q->radius_m / slack, WIDEST_M));
            search_where_set(&s->where, &box, &s->engine->shards);
        }
        break;
    }
    return STATUS_OK;
}

static enum status plan_order(struct search *s, struct reason *why) {
    const struct query *q = s->query;
    bool round = q->shape == QUERY_RADIUS || q->shape == QUERY_NEAREST;
    if (q->count_only) {
        s->take = take_count;
        return STATUS_OK;
    }
    s->sort = q->sort;
    s->by_distance = round && q->sort == QUERY_SORT_NONE;
    s->descending = q->sort_descending && q->sort != QUERY_SORT_NONE;
    s->take = s->sort || s->by_distance ? take_top : take_page;
    if (s->take == take_top) {
        bool one_page =
            q->shape == QUERY_NEAREST || q->numbered; // that many are all that was asked for
        search_top_init(&s->top, s->arena, (size_t)q->limit + !one_page, s->descending);
    }
    if (q->cursor.len == 0) {
        return STATUS_OK;
    }
    enum status st = cursor_parse(q->cursor, s->arena, &s->cursor, why);
    if (st != STATUS_OK) {
        return st;
    }
    if (s->cursor.incarnation != s->collection->incarnation) {
        return reason_set(why, STATUS_BAD_REQUEST,
                          "the cursor belongs to another collection, or to one dropped since");
    }
    if (s->cursor.order != order_fingerprint(s)) {
        return reason_set(why, STATUS_BAD_REQUEST,
                          "the cursor belongs to a search in another order");
    }
    s->has_cursor = true;
    if (s->take == take_page) {
        s->first_slot = s->cursor.key.slot + (s->cursor.key.slot < UINT32_MAX);
    }
    return STATUS_OK;
}

static void run(struct search *s) {
    const struct query *q = s->query;
    if (q->count_only) {
        if (!search_count(s)) {
            search_scan(s, false);
        }
        return;
    }
    if (q->shape == QUERY_NEAREST) {
        answer_near(s);
    } else if (!search_scan(s, s->by_distance)) {
        answer_near(s); // a crowded circle: from the middle outwards, as far as the limit goes
    }
}

/// By distance, nearest first.
static void answer_near(struct search *s) {
    struct search_found after = {s->cursor.key.number, s->cursor.key.slot, 0};
    struct search_near n = {.engine = s->engine,
                            .collection = s->collection,
                            .reader = s->reader,
                            .arena = s->arena,
                            .round = s->round,
                            .limit = s->top.limit,
                            .now_ms = s->now_ms,
                            .filter = s->query->filter,
                            .after = s->has_cursor ? &after : NULL};
    s->failed = search_near_find(&n) != STATUS_OK;
    s->ordered = true;
    s->count = n.count;
    s->items = arena_alloc(s->arena, s->count * sizeof *s->items + 1);
    s->failed = s->failed || !s->items;
    for (size_t i = 0; i < s->count && !s->failed; i++) {
        const struct search_found *f = &n.found[i];
        s->items[i] = (struct hit){&n.objects[f->at], f->distance_m};
    }
    s->shards |= n.shards;
    s->refinements += n.refinements;
    s->cost.nodes += n.cost.nodes;
    s->cost.candidates += n.cost.candidates;
}

static bool take_count(struct search *s, const struct object *o, double distance_m) {
    (void)o, (void)distance_m;
    s->matched++;
    return true;
}

static bool take_page(struct search *s, const struct object *o, double distance_m) {
    size_t limit = (size_t)s->query->limit + !s->query->numbered;
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 4 : s->expected > 16 ? s->expected : 16;
        cap = cap < limit ? cap : limit;
        struct hit *items = arena_alloc(s->arena, cap * sizeof *items);
        if (!items) {
            s->failed = true;
            return false;
        }
        if (s->count) {
            memcpy(items, s->items, s->count * sizeof *items);
        }
        s->items = items;
        s->cap = cap;
    }
    struct object *taken = arena_alloc(s->arena, sizeof *taken);
    if (!taken) {
        s->failed = true;
        return false;
    }
    *taken = *o;
    s->items[s->count++] = (struct hit){taken, distance_m};
    return s->count < limit;
}

static void key_number(struct search_key *key, double number) {
    key->class = SEARCH_NUMBER;
    key->number = number;
}

static void key_text(struct search_key *key, struct str text) {
    key->class = SEARCH_STRING;
    key->text = str_sub(text, 0, text.len < SEARCH_TEXT_MAX ? text.len : SEARCH_TEXT_MAX);
}

/// True when the text of the key does not lie in the object.
static bool key_of_property(struct search *s, const struct object *o, struct search_key *key) {
    struct property p;
    if (!properties_find(object_properties(o), s->query->sort_property, &p)) {
        return false;
    }
    if (p.kind == PROPERTY_NUMBER) {
        key_number(key, p.number);
    } else if (p.kind == PROPERTY_BOOL) {
        key->class = SEARCH_BOOL;
        key->number = p.boolean;
    } else if (p.kind == PROPERTY_STRING) {
        key_text(key, property_string(&p, &s->scratch));
    }
    return p.kind == PROPERTY_STRING && p.escaped;
}

static bool take_top(struct search *s, const struct object *o, double distance_m) {
    struct search_key key = {.slot = o->slot, .class = SEARCH_MISSING};
    bool copy = false;
    switch (s->sort) {
    case QUERY_SORT_NONE: key_number(&key, distance_m); break;
    case QUERY_SORT_ID: key_text(&key, object_id(o)); break;
    case QUERY_SORT_PROPERTY: copy = key_of_property(s, o, &key); break;
    case QUERY_SORT_UPDATED: key_number(&key, (double)o->updated_ms); break;
    case QUERY_SORT_CREATED: key_number(&key, (double)o->created_ms); break;
    case QUERY_SORT_TIME:
        if (o->flags & OBJECT_HAS_TIME) {
            key_number(&key, (double)object_time_ms(o));
        }
        break;
    }
    if (s->has_cursor && search_key_compare(&key, &s->cursor.key, s->descending) <= 0) {
        return true;
    }
    if (s->scratch.failed || search_top_push(&s->top, &key, o, distance_m, copy) != STATUS_OK) {
        s->failed = true;
        return false;
    }
    if (s->by_distance && search_top_full(&s->top)) {
        double hav = search_hav_bound(s->query->earth, s->top.entries[0].key.number);
        s->round.cutoff_hav = fmin(s->round.cutoff_hav, hav);
    }
    return true;
}

static enum status answer(struct search *s, struct hits *out) {
    const struct query *q = s->query;
    if (s->failed) {
        return STATUS_NO_MEMORY;
    }
    *out = (struct hits){
        .matched = s->matched,
        .stepped = s->stepped,
        .index = s->whole ? "scan" : index_kind_name(s->collection->index_kind),
        .nodes = s->cost.nodes,
        .candidates = s->cost.candidates,
        .refinements = s->refinements,
        .shards = (unsigned)__builtin_popcountll(s->shards),
    };
    struct search_key last = {.class = SEARCH_NUMBER};
    if (s->take == take_top && !s->ordered) {
        search_top_sort(&s->top);
        s->count = s->top.count;
        s->items = arena_alloc(s->arena, s->count * sizeof *s->items + 1);
        if (!s->items) {
            return STATUS_NO_MEMORY;
        }
        for (size_t i = 0; i < s->count; i++) {
            s->items[i] = (struct hit){s->top.entries[i].object, s->top.entries[i].distance_m};
        }
    }
    bool more = !q->count_only && s->count > q->limit;
    out->items = s->items;
    out->count = more ? q->limit : s->count;
    for (size_t i = 0; q->count_reads && i < out->count; i++) {
        slots_count_read(&s->collection->slots, out->items[i].object->slot, s->now_ms);
    }
    if (!more) {
        return STATUS_OK;
    }
    const struct hit *item = &out->items[q->limit - 1];
    if (s->take == take_top && !s->ordered) {
        last = s->top.entries[q->limit - 1].key;
    } else {
        last.slot = item->object->slot;
        last.number = s->ordered ? item->distance_m : 0;
    }
    return answer_next(s, &last, &out->next);
}

static enum status answer_next(struct search *s, const struct search_key *last, struct str *next) {
    struct cursor cursor = {
        .incarnation = s->collection->incarnation, .order = order_fingerprint(s), .key = *last};
    return cursor_write(&cursor, s->arena, next);
}

/// Of what a place in the order means: how it is sorted and, for distances, from where.
static uint32_t order_fingerprint(const struct search *s) {
    const struct query *q = s->query;
    uint64_t h = hash_mix((uint64_t)s->sort << 2 | (uint64_t)s->by_distance << 1 | s->descending);
    if (s->sort == QUERY_SORT_PROPERTY) {
        h ^= hash_bytes(q->sort_property.p, q->sort_property.len, 1);
    }
    if (s->by_distance) {
        double place[2] = {q->point.lon + 0.0, q->point.lat + 0.0};
        h ^= hash_bytes(place, sizeof place, 2 + (uint64_t)q->earth);
    }
    return (uint32_t)(h ^ h >> 32);
}
