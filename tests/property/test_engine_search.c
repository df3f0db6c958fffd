// test_engine_search.c - searches against looking at everything.
//
// Random worlds (points and all kinds of geometries; spread, clustered, on a coarse grid where
// boundaries coincide, around the antimeridian and the poles), every index, 1 to 8 shards; random
// queries of every shape, relation, order, filter and limit, paged to the end. The twin walks a plain
// array and asks relate_* and distance_* directly.

#include <pthread.h>

#include "base/rand.h"
#include "engine/engine.h"
#include "engine/engine_state.h"
#include "engine/properties.h"
#include "engine/search_direct.h"
#include "geo/relate.h"
#include "geo/wkt.h"
#include "support/support.h"

#define OBJECTS 400

enum layout { UNIFORM, CLUSTERED, GRID, ANTIMERIDIAN, POLAR, LAYOUTS };

struct world {
    struct engine *engine;
    unsigned reader;
    struct rand rand;
    enum layout layout;
    struct arena arena;
    size_t count;
    struct object objects[OBJECTS];
    struct geometry *shapes[OBJECTS]; // of each, points as geometries too
};

static double snap(struct world *w, double v, double low, double high) {
    if (w->layout == GRID) v = round(v);
    return v < low ? low : v > high ? high : v;
}

static struct point random_point(struct world *w) {
    struct rand *r = &w->rand;
    static const struct point centres[] = {{-97.7, 30.2}, {2.3, 48.8}, {151.2, -33.8}};
    double lon = rand_range(r, -180, 180), lat = rand_range(r, -90, 90);
    if (w->layout == CLUSTERED) {
        struct point c = centres[rand_below(r, 3)];
        lon = c.lon + rand_range(r, -0.5, 0.5);
        lat = c.lat + rand_range(r, -0.5, 0.5);
    } else if (w->layout == GRID) {
        lon = rand_range(r, -6, 6);
        lat = rand_range(r, -6, 6);
    } else if (w->layout == ANTIMERIDIAN) {
        lon = rand_range(r, 170, 190);
        lat = rand_range(r, -10, 10);
        if (rand_below(r, 10) == 0) lon = 180;
        if (lon > 180) lon -= 360;
        if (rand_below(r, 20) == 0) lon = -180;
    } else if (w->layout == POLAR) {
        lat = rand_below(r, 2) ? rand_range(r, 85, 90.0) : rand_range(r, -90, -85);
        if (rand_below(r, 20) == 0) lat = lat > 0 ? 90 : -90;
    }
    return (struct point){snap(w, lon, -180, 180), snap(w, lat, -90, 90)};
}

/// Stars, paths, boxes and bunches of points around a point; may cross the antimeridian.
static struct geometry *random_shape(struct world *w, double size) {
    struct rand *r = &w->rand;
    struct point points[40];
    uint32_t ends[4];
    uint8_t starts[4] = {1, 1, 1, 1};
    for (;;) {
        struct geometry_parts parts = {.points = points, .part_ends = ends, .part_count = 1};
        struct point c = random_point(w);
        size_t n = 0, corners = 3 + rand_below(r, 6);
        double turn = rand_range(r, 0, 6.28);
        for (size_t i = 0; i < corners; i++) {
            double angle = turn + 6.283185 * (double)i / (double)corners;
            double reach = size * rand_range(r, 0.3, 1);
            double lon = snap(w, c.lon + reach * cos(angle), -1000, 1000);
            points[n++] = (struct point){lon, snap(w, c.lat + reach * sin(angle), -90, 90)};
        }
        for (size_t i = 0; i < n; i++) {
            if (points[i].lon > 180) points[i].lon -= 360;
            if (points[i].lon < -180) points[i].lon += 360;
        }
        switch (rand_below(r, 6)) {
        case 0: parts.type = GEOMETRY_MULTIPOINT; break;
        case 1: parts.type = GEOMETRY_LINESTRING; break;
        case 2:
            parts.type = GEOMETRY_MULTILINESTRING;
            if (n >= 4) {
                parts.part_count = 2;
                ends[0] = (uint32_t)n / 2;
            }
            break;
        case 3: parts.type = GEOMETRY_MULTIPOLYGON; break;
        default: parts.type = GEOMETRY_POLYGON; break;
        }
        if (parts.type == GEOMETRY_POLYGON || parts.type == GEOMETRY_MULTIPOLYGON) {
            points[n++] = points[0];
            parts.polygon_start = starts;
        }
        ends[parts.part_count - 1] = (uint32_t)n;
        parts.point_count = n;
        struct geometry *g;
        struct geometry_limits limits = GEOMETRY_LIMITS_REST;
        if (geometry_new(&parts, &limits, &g, NULL) != STATUS_OK) continue;
        if (rand_below(r, 12) == 0) {
            struct geometry *members[2] = {g, NULL}, *both;
            assert_int_equal(geometry_new_point(c, &members[1]), STATUS_OK);
            assert_int_equal(geometry_new_collection(members, 2, &both, NULL), STATUS_OK);
            geometry_unref(members[0]);
            geometry_unref(members[1]);
            return both;
        }
        return g;
    }
}

static double random_size(struct world *w) {
    double most = w->layout == UNIFORM ? 40 : w->layout == CLUSTERED ? 0.4 : 4;
    return most * pow(rand_unit(&w->rand), 2) + 1e-6;
}

static void put(struct world *w, const char *id, unsigned points_of_10) {
    struct rand *r = &w->rand;
    char properties[160];
    static const char *const kinds[] = {"bus", "tram", "b\\u0001us", "bus \\\"x\\\""};
    int n = snprintf(properties, sizeof properties, "{\"kind\":\"%s\",\"speed\":%d",
                     kinds[rand_below(r, 4)], (int)rand_below(r, 12));
    if (rand_below(r, 2)) {
        n += snprintf(properties + n, sizeof properties - (size_t)n, ",\"on\":%s",
                      rand_below(r, 2) ? "true" : "false");
    }
    snprintf(properties + n, sizeof properties - (size_t)n, "}");
    struct change change = {.kind = CHANGE_PUT, .collection = STR("w")};
    change.draft.id = str_of(id);
    change.draft.properties = str_of(properties);
    change.draft.point = random_point(w);
    struct geometry *g = NULL;
    if (rand_below(r, 10) >= points_of_10) {
        g = random_shape(w, random_size(w));
        change.draft.geometry = g;
    }
    change.draft.has_time = rand_below(r, 2);
    change.draft.time_ms = (int64_t)rand_below(r, 20) * 1000;
    if (rand_below(r, 10) == 0) {
        change.draft.has_expiry = true;
        change.draft.expires_ms = rand_below(r, 2) ? 1000 : INT64_MAX / 4; // long past, far away
    }
    struct change_result result;
    uint64_t lsn;
    struct reason why;
    engine_enter(w->engine, w->reader);
    assert_int_equal(engine_apply(w->engine, w->reader, &change, 1, &result, &lsn, &why),
                     STATUS_OK);
    assert_int_equal(result.status, STATUS_OK);
    engine_leave(w->engine, w->reader);
    geometry_unref(g);
}

static void world_init(struct world *w, uint64_t seed, enum layout layout, enum index_kind kind,
                       unsigned shards) {
    memset(w, 0, sizeof *w);
    rand_init(&w->rand, seed);
    w->layout = layout;
    arena_init(&w->arena, 0);
    struct engine_options options = {.shard_count = shards, .index_kind = kind};
    assert_int_equal(engine_new(&options, &w->engine), STATUS_OK);
    assert_int_equal(engine_reader_open(w->engine, &w->reader), STATUS_OK);
    unsigned points_of_10 = rand_below(&w->rand, 3) ? 6 : 10;
    size_t count = 1 + rand_below(&w->rand, OBJECTS - 1);
    for (size_t i = 0; i < count * 2; i++) { // about half of them more than once
        char id[16];
        snprintf(id, sizeof id, "o%u", (unsigned)rand_below(&w->rand, count));
        put(w, id, points_of_10);
    }
    engine_enter(w->engine, w->reader);
    const struct collection *c = collection_lookup(w->engine, STR("w"));
    assert_non_null(c);
    for (uint32_t slot = 0; slot < slots_end(&c->slots); slot++) {
        const struct row *row = slots_load(&c->slots, slot);
        assert_true(w->count < OBJECTS);
        struct object *o = &w->objects[w->count];
        if (!row) continue;
        row_read(row, o);
        if (object_is_due(o, 5000)) continue;
        struct geometry *g;
        if (o->flags & OBJECT_HAS_GEOMETRY) {
            g = geometry_ref(o->geometry);
        } else {
            assert_int_equal(geometry_new_point(o->point, &g), STATUS_OK);
        }
        w->shapes[w->count++] = g;
    }
}

static void world_deinit(struct world *w) {
    for (size_t i = 0; i < w->count; i++) {
        geometry_unref(w->shapes[i]);
    }
    engine_leave(w->engine, w->reader);
    engine_reader_close(w->engine, w->reader);
    engine_free(w->engine);
    arena_deinit(&w->arena);
}

static const char *const filters[] = {
    NULL,
    NULL,
    "{\"op\":\"=\",\"args\":[{\"property\":\"kind\"},\"bus\"]}",
    "{\"op\":\">\",\"args\":[{\"property\":\"speed\"},6]}",
    "{\"op\":\"isNull\",\"args\":[{\"property\":\"on\"}]}",
    "{\"op\":\"s_intersects\",\"args\":[{\"property\":\"geometry\"},{\"bbox\":[-3,-3,3,3]}]}",
    "{\"op\":\"or\",\"args\":[{\"op\":\"s_dwithin\",\"args\":[{\"property\":\"geometry\"},{"
    "\"type\":"
    "\"Point\",\"coordinates\":[179,2]},700000]},{\"op\":\"s_within\",\"args\":[{\"property\":"
    "\"geometry\"},{\"bbox\":[170,-80,-170,89]}]}]}",
    "{\"op\":\"s_dwithin\",\"args\":[{\"property\":\"geometry\"},{\"type\":\"LineString\","
    "\"coordinates\":[[-90,86],[-120,89]]},300000]}",
    "{\"op\":\"s_contains\",\"args\":[{\"property\":\"geometry\"},{\"type\":\"Point\","
    "\"coordinates\":[1,1]}]}",
};

struct asked {
    struct query query;
    struct filter *filter;
    struct geometry *area, *box;
};

static void random_query(struct world *w, struct asked *a) {
    struct rand *r = &w->rand;
    memset(a, 0, sizeof *a);
    struct query *q = &a->query;
    q->collection = STR("w");
    q->shape = (enum query_shape)rand_below(r, 5);
    q->relation = (enum query_relation)rand_below(r, 4);
    q->earth = rand_below(r, 4) ? EARTH_SPHERE : EARTH_ELLIPSOID;
    q->limit = rand_below(r, 2) ? 1 + (uint32_t)rand_below(r, 20) : 1000;
    q->point = random_point(w);
    q->radius_m = pow(10, rand_range(r, 2, 7.4));
    if (q->shape == QUERY_NEAREST && rand_below(r, 2)) q->radius_m = INFINITY;
    if (w->count && rand_below(r, 4) == 0) {
        q->point = object_center(&w->objects[rand_below(r, w->count)]);
        if (rand_below(r, 2)) q->radius_m = 0;
    }
    struct point c = random_point(w);
    double width = random_size(w) * 2, height = random_size(w);
    if (w->layout == GRID) {
        width = round(width);
        height = round(height);
    }
    if (rand_below(r, 10) == 0) width = height = 0;
    if (rand_below(r, 30) == 0) {
        c = (struct point){-180, 0};
        width = 360;
        height = 90;
    }
    q->box =
        (struct bbox){c.lon, fmax(c.lat - height, -90), c.lon + width, fmin(c.lat + height, 90)};
    if (q->box.min_lon == 180) {
        q->box.min_lon = -180;
        q->box.max_lon -= 360;
    }
    a->area = rand_below(r, 4) || !w->count ? random_shape(w, random_size(w) * 2)
                                            : geometry_ref(w->shapes[rand_below(r, w->count)]);
    q->area = a->area;
    if (q->relation == QUERY_CONTAINS && geometry_new_bbox(&q->box, &a->box) != STATUS_OK) {
        q->relation = QUERY_WITHIN;
    }
    if (q->shape != QUERY_NEAREST && rand_below(r, 3) == 0) {
        q->sort = (enum query_sort)rand_below(r, QUERY_SORT_TIME + 1);
        q->sort_property = rand_below(r, 2)   ? STR("kind")
                           : rand_below(r, 2) ? STR("speed")
                                              : STR("on");
        q->sort_descending = rand_below(r, 2);
    }
    const char *text = filters[rand_below(r, sizeof filters / sizeof filters[0])];
    if (text) {
        yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
        struct geometry_limits limits = GEOMETRY_LIMITS_REST;
        struct reason why;
        assert_int_equal(
            filter_parse(yyjson_doc_get_root(doc), &limits, &w->arena, &a->filter, &why),
            STATUS_OK);
        yyjson_doc_free(doc);
        q->filter = a->filter;
    }
}

static void asked_deinit(struct asked *a) {
    filter_release(a->filter);
    geometry_unref(a->area);
    geometry_unref(a->box);
}

static bool twin_matches(const struct world *w, const struct asked *a, size_t i, double *distance) {
    const struct query *q = &a->query;
    const struct geometry *g = w->shapes[i];
    *distance = 0;
    if (!filter_matches(q->filter, &w->objects[i])) return false;
    if (q->shape == QUERY_BBOX) {
        switch (q->relation) {
        case QUERY_INTERSECTS: return relate_intersects_bbox(g, &q->box);
        case QUERY_WITHIN: return relate_within_bbox(g, &q->box);
        case QUERY_CONTAINS: return relate_contains(g, a->box);
        case QUERY_DISJOINT: return !relate_intersects_bbox(g, &q->box);
        }
    }
    if (q->shape == QUERY_AREA) {
        switch (q->relation) {
        case QUERY_INTERSECTS: return relate_intersects(g, q->area);
        case QUERY_WITHIN: return relate_within(g, q->area);
        case QUERY_CONTAINS: return relate_contains(g, q->area);
        case QUERY_DISJOINT: return relate_disjoint(g, q->area);
        }
    }
    if (q->shape == QUERY_ALL) return true;
    bool point = !(w->objects[i].flags & OBJECT_HAS_GEOMETRY);
    *distance = point ? distance_points_m(q->earth, q->point, w->objects[i].point)
                      : distance_to_geometry_m(q->earth, q->point, g);
    return *distance <= q->radius_m && *distance < INFINITY;
}

struct expected {
    const struct object *object;
    double distance;
    int rank; // of the key's type
    double number;
    char text[64];
    bool descending;
};

static void twin_key(const struct query *q, struct expected *e) {
    const struct object *o = e->object;
    struct property p;
    struct buf scratch;
    buf_init(&scratch);
    e->descending = q->sort_descending;
    switch (q->sort) {
    case QUERY_SORT_NONE:
        e->number = e->distance;
        e->descending = false;
        break;
    case QUERY_SORT_ID: memcpy(e->text, object_id(o).p, object_id(o).len); break;
    case QUERY_SORT_UPDATED: e->number = (double)o->updated_ms; break;
    case QUERY_SORT_CREATED: e->number = (double)o->created_ms; break;
    case QUERY_SORT_TIME:
        if (o->flags & OBJECT_HAS_TIME)
            e->number = (double)object_time_ms(o);
        else
            e->rank = 9;
        break;
    case QUERY_SORT_PROPERTY:
        if (!properties_find(object_properties(o), q->sort_property, &p)) {
            e->rank = 9;
        } else if (p.kind == PROPERTY_STRING) {
            struct str s = property_string(&p, &scratch);
            memcpy(e->text, s.p, s.len);
        } else {
            e->number = p.kind == PROPERTY_BOOL ? p.boolean : p.number;
        }
        break;
    }
    buf_deinit(&scratch);
}

static int twin_compare(const void *va, const void *vb) {
    const struct expected *a = va, *b = vb;
    if (a->rank != b->rank) return a->rank - b->rank;
    int c = (a->number > b->number) - (a->number < b->number);
    if (!c) c = strcmp(a->text, b->text);
    if (a->descending) c = -c;
    return c ? c : (a->object->slot > b->object->slot) - (a->object->slot < b->object->slot);
}

static void check_query(struct world *w, struct asked *a) {
    static struct expected expected[OBJECTS];
    struct query *q = &a->query;
    size_t count = 0;
    for (size_t i = 0; i < w->count; i++) {
        struct expected e = {.object = &w->objects[i]};
        if (twin_matches(w, a, i, &e.distance)) {
            twin_key(q, &e);
            expected[count++] = e;
        }
    }
    qsort(expected, count, sizeof expected[0], twin_compare);
    struct hits hits;
    struct reason why;
    size_t given = 0;
    char cursor[600];
    do {
        assert_int_equal(engine_search(w->engine, w->reader, q, &w->arena, &hits, &why), STATUS_OK);
        size_t rest = count - given;
        assert_int_equal(hits.count, rest < q->limit ? rest : q->limit);
        bool paged = q->shape != QUERY_NEAREST; // k of them are one page
        assert_int_equal(hits.next.len > 0, paged && rest > q->limit);
        for (size_t i = 0; i < hits.count; i++) {
            assert_ptr_equal(hits.items[i].object->bytes, expected[given + i].object->bytes);
            assert_true(hits.items[i].distance_m == expected[given + i].distance);
        }
        given += hits.count;
        memcpy(cursor, hits.next.p ? hits.next.p : "", hits.next.len);
        q->cursor = (struct str){cursor, hits.next.len};
        q->limit = 1 + (uint32_t)rand_below(&w->rand, 50); // a page need not be like the last
    } while (q->cursor.len);
    q->cursor = STR_NONE;
    q->count_only = true;
    assert_int_equal(engine_search(w->engine, w->reader, q, &w->arena, &hits, &why), STATUS_OK);
    assert_int_equal(hits.matched, count);
    assert_int_equal(hits.count, 0);
    arena_reset(&w->arena);
}

static void test_against_twin(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    const char *rounds = getenv("WARP_ROUNDS");
    int n = rounds ? atoi(rounds) : 60;
    uint64_t matches = 0;
    for (int round = 0; round < n; round++) {
        static struct world w;
        enum layout layout = (enum layout)(round % LAYOUTS);
        enum index_kind kind = (enum index_kind)(round / LAYOUTS % 3);
        world_init(&w, rand_u64(&r), layout, kind, 1 + (unsigned)rand_below(&r, 8));
        for (int i = 0; i < 150; i++) {
            struct asked a;
            random_query(&w, &a);
            check_query(&w, &a);
            asked_deinit(&a);
        }
        matches += w.count;
        world_deinit(&w);
    }
    assert_true(matches > 0);
}

// --- many plain searches at once, against the same twin ---

#define GROUP_MAX 40

struct given {
    const char *bytes; // of the object
    double distance;
};

struct group {
    struct world *w;
    size_t count;
    struct asked asked[GROUP_MAX];
    size_t stop_after[GROUP_MAX]; // a visitor that has enough
    size_t counts[GROUP_MAX];
    struct given given[GROUP_MAX][OBJECTS];
};

static bool take_given(void *ctx, size_t query, const struct object *o, double distance) {
    struct group *g = ctx;
    assert_true(query < g->count && g->counts[query] < g->stop_after[query]);
    g->given[query][g->counts[query]] = (struct given){o->bytes, distance};
    return ++g->counts[query] < g->stop_after[query];
}

static int given_compare(const void *va, const void *vb) {
    const struct given *a = va, *b = vb;
    return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

static int expected_compare(const void *va, const void *vb) {
    const struct expected *a = va, *b = vb;
    return (a->object->bytes > b->object->bytes) - (a->object->bytes < b->object->bytes);
}

/// Each of the expected once; of an ordered answer the first of them.
static void check_given(struct group *g, size_t query, bool covering) {
    static struct expected expected[OBJECTS];
    struct asked *a = &g->asked[query];
    struct query *q = &a->query;
    bool ordered = q->shape == QUERY_RADIUS || q->shape == QUERY_NEAREST;
    size_t count = 0, got = g->counts[query];
    for (size_t i = 0; i < g->w->count; i++) {
        struct expected e = {.object = &g->w->objects[i]};
        bool in = covering ? relate_intersects_point(g->w->shapes[i], q->point)
                           : twin_matches(g->w, a, i, &e.distance);
        if (in) {
            twin_key(q, &e);
            expected[count++] = e;
        }
    }
    size_t want = ordered && count > q->limit ? q->limit : count;
    want = want < g->stop_after[query] ? want : g->stop_after[query];
    assert_int_equal(got, want);
    qsort(expected, count, sizeof expected[0], ordered ? twin_compare : expected_compare);
    if (!ordered) qsort(g->given[query], got, sizeof(struct given), given_compare);
    for (size_t i = 0, at = 0; i < got; i++, at++) {
        while (!ordered && at < count && expected[at].object->bytes != g->given[query][i].bytes)
            at++; // stopped before it
        assert_true(at < count);
        assert_ptr_equal(g->given[query][i].bytes, expected[at].object->bytes);
        assert_true(g->given[query][i].distance == expected[at].distance);
    }
}

static void check_group(struct world *w, struct group *g) {
    struct rand *r = &w->rand;
    struct bbox boxes[GROUP_MAX];
    struct point points[GROUP_MAX];
    struct reason why;
    struct search_direct d = {.engine = w->engine,
                              .reader = w->reader,
                              .arena = &w->arena,
                              .collection = STR("w"),
                              .why = &why,
                              .visit = take_given,
                              .ctx = g};
    unsigned kind = (unsigned)rand_below(r, 4);
    g->w = w;
    g->count = rand_below(r, 3) ? 1 + rand_below(r, GROUP_MAX) : 1;
    for (size_t i = 0; i < g->count; i++) {
        random_query(w, &g->asked[i]);
        struct query *q = &g->asked[i].query, *first = &g->asked[0].query;
        filter_release(g->asked[i].filter);
        g->asked[i].filter = NULL;
        q->filter = NULL;
        q->shape = kind == 2 ? QUERY_RADIUS : kind == 3 ? QUERY_NEAREST : QUERY_BBOX;
        q->relation = QUERY_INTERSECTS;
        q->earth = EARTH_SPHERE;
        q->sort = QUERY_SORT_NONE;
        q->limit = first->limit;
        q->radius_m = kind == 3 ? INFINITY : first->radius_m;
        if (kind == 2 && q->radius_m == INFINITY) q->radius_m = 1e6;
        boxes[i] = q->box;
        points[i] = q->point;
        g->counts[i] = 0;
        g->stop_after[i] = rand_below(r, 4) ? SIZE_MAX : 1 + rand_below(r, 5);
    }
    const struct query *q = &g->asked[0].query;
    enum status st = STATUS_INTERNAL;
    switch (kind) {
    case 0: st = search_direct_boxes(&d, boxes, g->count); break;
    case 1: st = search_direct_covering(&d, points, g->count); break;
    case 2: st = search_direct_circles(&d, points, g->count, q->radius_m, q->limit); break;
    case 3: st = search_direct_nearest(&d, points, g->count, q->limit); break;
    }
    assert_int_equal(st, STATUS_OK);
    for (size_t i = 0; i < g->count; i++) {
        check_given(g, i, kind == 1);
        asked_deinit(&g->asked[i]);
    }
}

static void test_many_at_once_against_twin(void **state) {
    (void)state;
    static struct world w;
    static struct group g;
    struct rand r;
    rand_init(&r, test_seed());
    const char *rounds = getenv("WARP_ROUNDS");
    int n = rounds ? atoi(rounds) : 60;
    for (int round = 0; round < n; round++) {
        world_init(&w, rand_u64(&r), (enum layout)(round % LAYOUTS),
                   (enum index_kind)(round / LAYOUTS % 3), 1 + (unsigned)rand_below(&r, 8));
        for (int i = 0; i < 20; i++) {
            check_group(&w, &g);
        }
        world_deinit(&w);
    }
}

// --- paging while others write ---

#define STABLE 150 // always match, though most of them move all the time, over shards too
#define FIXED 6    // of these: do not move, nearest to where the nearest are asked
#define NOISE 150  // come, go, and match now and then

struct race {
    struct engine *engine;
    _Atomic bool stop;
    uint64_t seed;
    _Atomic uint64_t writes;
};

static struct point stable_place(struct rand *r, unsigned i) {
    if (i < FIXED) return (struct point){0.001 * i, 0.001};
    struct point p;
    do {
        p = (struct point){rand_range(r, -40, 40), rand_range(r, -40, 40)};
    } while (fabs(p.lon) < 1 && fabs(p.lat) < 1);
    return p;
}

static void race_put(struct race *race, unsigned reader, struct rand *r, char kind, unsigned i) {
    char id[16];
    snprintf(id, sizeof id, "%c%03u", kind, i);
    struct change change = {.kind = CHANGE_PUT, .collection = STR("race")};
    change.draft.id = str_of(id);
    struct geometry *g = NULL;
    if (kind == 's') {
        change.draft.point = stable_place(r, i);
        struct point p = change.draft.point;
        if (i >= FIXED && rand_below(r, 8) == 0) { // a thing with extent, the same id
            struct bbox box = {p.lon, p.lat, p.lon + 8, p.lat + 8};
            if (p.lon > 2 || p.lat > 2 || p.lon < -10 || p.lat < -10) {
                assert_int_equal(geometry_new_bbox(&box, &g), STATUS_OK);
            }
        }
        change.draft.geometry = g;
    } else {
        change.draft.point = (struct point){rand_range(r, 10, 180), rand_range(r, -80, 80)};
        if (rand_below(r, 3) == 0) change.kind = CHANGE_DELETE;
    }
    struct change_result result;
    uint64_t lsn;
    engine_enter(race->engine, reader);
    assert_int_equal(engine_apply(race->engine, reader, &change, 1, &result, &lsn, NULL),
                     STATUS_OK);
    engine_leave(race->engine, reader);
    geometry_unref(g);
}

static void *race_writer(void *arg) {
    struct race *race = arg;
    struct rand r;
    rand_init(&r, race->seed);
    unsigned reader;
    assert_int_equal(engine_reader_open(race->engine, &reader), STATUS_OK);
    while (!atomic_load(&race->stop)) {
        bool stable = rand_below(&r, 3) > 0;
        race_put(race, reader, &r, stable ? 's' : 'n',
                 (unsigned)rand_below(&r, stable ? STABLE : NOISE));
        atomic_fetch_add(&race->writes, 1);
    }
    engine_reader_close(race->engine, reader);
    return NULL;
}

/// All pages of one search: every stable object once.
static void race_page(struct race *race, unsigned reader, struct query q, struct arena *arena) {
    unsigned seen[STABLE] = {0};
    char cursor[600];
    do {
        struct hits hits;
        engine_enter(race->engine, reader);
        assert_int_equal(engine_search(race->engine, reader, &q, arena, &hits, NULL), STATUS_OK);
        for (size_t i = 0; i < hits.count; i++) {
            struct str id = object_id(hits.items[i].object);
            struct bbox box = object_bbox(hits.items[i].object);
            assert_true(bbox_intersects(&box, &q.box));
            if (id.p[0] == 's')
                seen[(id.p[1] - '0') * 100 + (id.p[2] - '0') * 10 + id.p[3] - '0']++;
        }
        memcpy(cursor, hits.next.p ? hits.next.p : "", hits.next.len);
        q.cursor = (struct str){cursor, hits.next.len};
        engine_leave(race->engine, reader);
        arena_reset(arena);
    } while (q.cursor.len);
    for (unsigned i = 0; i < STABLE; i++) {
        if (seen[i] != 1) fail_msg("s%03u was given %u times", i, seen[i]);
    }
}

static void race_nearest(struct race *race, unsigned reader, struct arena *arena) {
    struct query q = {.collection = STR("race"), .shape = QUERY_NEAREST, .radius_m = INFINITY};
    q.limit = 40;
    struct hits hits;
    engine_enter(race->engine, reader);
    assert_int_equal(engine_search(race->engine, reader, &q, arena, &hits, NULL), STATUS_OK);
    assert_int_equal(hits.count, q.limit);
    for (unsigned i = 0; i < hits.count; i++) {
        struct str id = object_id(hits.items[i].object);
        if (i < FIXED) assert_true(id.p[0] == 's' && id.p[3] == (char)('0' + i));
        if (i) assert_true(hits.items[i - 1].distance_m <= hits.items[i].distance_m);
        for (unsigned j = 0; j < i; j++) {
            assert_false(str_eq(id, object_id(hits.items[j].object)));
        }
    }
    engine_leave(race->engine, reader);
    arena_reset(arena);
}

static void test_paging_under_writes(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    for (int kind = 0; kind < 3; kind++) {
        struct race race = {.seed = rand_u64(&r)};
        struct engine_options options = {.shard_count = 6, .index_kind = (enum index_kind)kind};
        assert_int_equal(engine_new(&options, &race.engine), STATUS_OK);
        unsigned reader;
        assert_int_equal(engine_reader_open(race.engine, &reader), STATUS_OK);
        for (unsigned i = 0; i < STABLE; i++)
            race_put(&race, reader, &r, 's', i);
        pthread_t writer;
        assert_int_equal(pthread_create(&writer, NULL, race_writer, &race), 0);
        struct arena arena;
        arena_init(&arena, 0);
        struct query q = {
            .collection = STR("race"), .shape = QUERY_BBOX, .box = {-40, -40, 40, 40}};
        struct geometry *area;
        assert_int_equal(geometry_new_bbox(&q.box, &area), STATUS_OK);
        q.area = area;
        for (int i = 0; i < 60; i++) {
            q.limit = 1 + (uint32_t)rand_below(&r, 30);
            q.shape = i % 2 ? QUERY_BBOX : QUERY_AREA;
            q.sort = i % 3 ? QUERY_SORT_NONE : QUERY_SORT_ID;
            race_page(&race, reader, q, &arena);
            race_nearest(&race, reader, &arena);
        }
        atomic_store(&race.stop, true);
        pthread_join(writer, NULL);
        assert_true(atomic_load(&race.writes) > 0);
        geometry_unref(area);
        arena_deinit(&arena);
        engine_reader_close(race.engine, reader);
        engine_free(race.engine);
    }
}

static void test_cursors_of_others(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 7);
    struct race race = {.seed = 1};
    struct engine_options options = {.shard_count = 2};
    assert_int_equal(engine_new(&options, &race.engine), STATUS_OK);
    unsigned reader;
    assert_int_equal(engine_reader_open(race.engine, &reader), STATUS_OK);
    struct arena arena;
    arena_init(&arena, 0);
    struct query q = {.collection = STR("race"), .limit = 5};
    struct hits hits;
    struct reason why;
    engine_enter(race.engine, reader);
    assert_int_equal(engine_search(race.engine, reader, &q, &arena, &hits, &why), STATUS_NOT_FOUND);
    for (unsigned i = 0; i < STABLE; i++)
        race_put(&race, reader, &r, 's', i);
    assert_int_equal(engine_search(race.engine, reader, &q, &arena, &hits, &why), STATUS_OK);
    assert_true(hits.next.len > 0);
    struct query other = q;
    other.cursor = hits.next;
    assert_int_equal(engine_search(race.engine, reader, &other, &arena, &hits, &why), STATUS_OK);
    other.sort = QUERY_SORT_ID;
    assert_int_equal(engine_search(race.engine, reader, &other, &arena, &hits, &why),
                     STATUS_BAD_REQUEST);
    assert_true(why.text[0] != '\0');
    other.sort = QUERY_SORT_NONE;
    other.shape = QUERY_RADIUS;
    other.radius_m = 1e7;
    assert_int_equal(engine_search(race.engine, reader, &other, &arena, &hits, &why),
                     STATUS_BAD_REQUEST);
    other.shape = QUERY_ALL;
    engine_leave(race.engine, reader);
    uint64_t lsn;
    engine_enter(race.engine, reader);
    assert_int_equal(engine_drop(race.engine, reader, STR("race"), &lsn, &why), STATUS_OK);
    for (unsigned i = 0; i < STABLE; i++)
        race_put(&race, reader, &r, 's', i);
    assert_int_equal(engine_search(race.engine, reader, &other, &arena, &hits, &why),
                     STATUS_BAD_REQUEST);
    other.cursor = STR("not-a-cursor");
    assert_int_equal(engine_search(race.engine, reader, &other, &arena, &hits, &why),
                     STATUS_BAD_REQUEST);
    other.cursor = STR_NONE;
    other.limit = 0;
    assert_int_equal(engine_search(race.engine, reader, &other, &arena, &hits, &why),
                     STATUS_BAD_REQUEST);
    engine_leave(race.engine, reader);
    arena_deinit(&arena);
    engine_reader_close(race.engine, reader);
    engine_free(race.engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_twin),
        cmocka_unit_test(test_many_at_once_against_twin),
        cmocka_unit_test(test_paging_under_writes),
        cmocka_unit_test(test_cursors_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
