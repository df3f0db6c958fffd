// Random and real tracks through random fences, against a twin that asks every fence about every change and knows
// neither boxes nor indices; single changes against batches; and many threads against what each object saw.

#include "../unit/engine/fence_support.h"

#include <pthread.h>

#include "base/rand.h"
#include "engine/spatial.h"

#define IDS 24
#define FENCES 60
#define LINE 160

/// An object as the twin knows it: a point or a shape.
struct known {
    bool exists;
    struct point point;
    struct geometry *shape; // NULL: the point
    int64_t expires_ms;     // 0: never
};

struct twin {
    struct rand rand;
    struct fence *fences[FENCES]; // NULL: none at present
    struct known known[2][IDS];   // by collection
    struct buf told;
};

static const char *const collections[2] = {"c", "d"};

// --- what the twin says ---

static bool is_inside(const struct fence *f, const struct known *k) {
    const struct fence_spec *s = fence_spec(f);
    if (!k->exists) {
        return false;
    }
    if (s->radius_m > 0 && geometry_type(s->geometry) == GEOMETRY_POINT) {
        size_t n;
        struct point centre = *geometry_part(s->geometry, 0, &n, NULL);
        return k->shape ? distance_to_geometry_m(EARTH_SPHERE, centre, k->shape) <= s->radius_m
                        : distance_points_m(EARTH_SPHERE, centre, k->point) <= s->radius_m;
    }
    struct object o = {.point = k->point};
    if (k->shape) {
        o.geometry = k->shape;
        o.flags = OBJECT_HAS_GEOMETRY;
    }
    if (s->radius_m > 0) {
        return spatial_dwithin(&o, s->geometry, s->radius_m);
    }
    return s->relation == FENCE_WITHIN ? spatial_within(&o, s->geometry)
                                       : spatial_intersects(&o, s->geometry);
}

static struct point middle(const struct known *k) {
    return k->shape ? bbox_center(geometry_bbox(k->shape)) : k->point;
}

static bool is_crossed(const struct fence *f, const struct known *a, const struct known *b) {
    const struct fence_spec *s = fence_spec(f);
    struct point ends[2] = {middle(a), middle(b)};
    if (fabs(ends[0].lon - ends[1].lon) > 180) { // the short way round
        ends[ends[0].lon > ends[1].lon].lon += 360;
    }
    uint32_t end = 2;
    struct geometry *way;
    struct geometry_parts parts = {.type = GEOMETRY_LINESTRING,
                                   .points = ends,
                                   .point_count = 2,
                                   .part_ends = &end,
                                   .part_count = 1,
                                   .literal = true};
    if (ends[0].lon == ends[1].lon && ends[0].lat == ends[1].lat) {
        return false;
    }
    assert_int_equal(geometry_new(&parts, &GEOMETRY_LIMITS_REST, &way, NULL), STATUS_OK);
    struct object o = {.flags = OBJECT_HAS_GEOMETRY, .geometry = way};
    bool crossed = s->radius_m > 0 ? spatial_dwithin(&o, s->geometry, s->radius_m)
                                   : spatial_intersects(&o, s->geometry);
    if (s->radius_m > 0 && geometry_type(s->geometry) == GEOMETRY_POINT) {
        size_t n;
        crossed = distance_to_geometry_m(EARTH_SPHERE, *geometry_part(s->geometry, 0, &n, NULL),
                                         way) <= s->radius_m;
    }
    geometry_unref(way);
    return crossed;
}

// The table of transition.h once more, told as Tile38's manual and the contract tell it.
static unsigned twin_triggers(const struct fence *f, const struct known *was,
                              const struct known *is) {
    bool a = is_inside(f, was), b = is_inside(f, is);
    bool rest = fence_spec(f)->kind == FENCE_GEOFENCE;
    if (!is->exists) {
        return rest && a ? FENCE_EXIT : 0;
    }
    if (a && b) {
        return FENCE_INSIDE;
    }
    if (b) {
        return rest ? FENCE_ENTER : FENCE_ENTER | FENCE_INSIDE;
    }
    if (a) {
        return rest ? FENCE_EXIT : FENCE_EXIT | FENCE_OUTSIDE;
    }
    if (rest && !was->exists) {
        return 0;
    }
    bool cross = was->exists && is_crossed(f, was, is);
    return cross ? FENCE_CROSS | FENCE_OUTSIDE : FENCE_OUTSIDE;
}

static struct bbox known_box(const struct known *k) {
    return k->shape ? *geometry_bbox(k->shape)
                    : (struct bbox){k->point.lon, k->point.lat, k->point.lon, k->point.lat};
}

static bool boxes_touch(const struct fence *f, const struct known *k) {
    struct bbox box = known_box(k);
    return bbox_intersects_globe(fence_bbox(f), &box);
}

struct line {
    unsigned kind, rank;
    char fence[16], text[LINE];
};

static int compare_lines(const void *a, const void *b) {
    const struct line *x = a, *y = b;
    unsigned p = x->kind * 8 + x->rank, q = y->kind * 8 + y->rank;
    return p != q ? (p < q ? -1 : 1) : strcmp(x->fence, y->fence);
}

static unsigned rank_of(unsigned trigger) {
    return trigger == FENCE_EXIT      ? 1
           : trigger == FENCE_OUTSIDE ? 2
           : trigger == FENCE_ENTER   ? 3
           : trigger == FENCE_INSIDE  ? 4
                                      : 0;
}

static void add_line(struct line *lines, size_t *count, const struct fence *f, unsigned trigger,
                     const char *command, const char *id) {
    struct line *l = &lines[(*count)++];
    const struct fence_spec *s = fence_spec(f);
    l->kind = s->kind;
    l->rank = rank_of(trigger);
    snprintf(l->fence, sizeof l->fence, "%.*s", STR_ARGS(s->id));
    snprintf(l->text, sizeof l->text, "%s %s %s %s\n", l->fence,
             trigger ? fence_trigger_name(trigger) : "-", command, id);
}

// One change of one object.
static void twin_change(struct twin *t, unsigned c, const char *id, const struct known *was,
                        const struct known *is, const char *command) {
    struct line lines[FENCES * 3];
    size_t count = 0;
    for (size_t i = 0; i < FENCES; i++) {
        const struct fence *f = t->fences[i];
        const struct fence_spec *s = f ? fence_spec(f) : NULL;
        if (!f || (s->collection.len && !str_eq(s->collection, str_of(collections[c])))) {
            continue;
        }
        if (!is->exists && s->kind != FENCE_GEOFENCE) {
            bool hears =
                s->kind == FENCE_LIVE || s->triggers & FENCE_OUTSIDE || boxes_touch(f, was);
            if (hears && strcmp(command, "drop") != 0) {
                add_line(lines, &count, f, 0, command, id);
            }
            continue;
        }
        for (unsigned left = twin_triggers(f, was, is) & s->triggers; left; left &= left - 1) {
            add_line(lines, &count, f, left & -left, command, id);
        }
    }
    qsort(lines, count, sizeof lines[0], compare_lines);
    for (size_t i = 0; i < count; i++) {
        buf_append_str(&t->told, str_of(lines[i].text));
    }
}

// --- random fences and places, crowded where it is hard: at 180, the poles, and on edges ---

static double some_lon(struct rand *r) {
    static const double hard[] = {-180, 180, 179.9, -179.9, 0, 0.5};
    uint64_t n = rand_below(r, 10);
    return n < 6 ? hard[n] : rand_range(r, -1, 1) * (n < 8 ? 2 : 180);
}

static double some_lat(struct rand *r) {
    static const double hard[] = {0, 0.5, 90, -90, 89.9};
    uint64_t n = rand_below(r, 10);
    return n < 5 ? hard[n] : rand_range(r, -1, 1) * (n < 9 ? 2 : 90);
}

static struct geometry *some_polygon(struct rand *r) {
    char text[600];
    double lon = some_lon(r), lat = some_lat(r), wide = rand_range(r, 0.01, 3);
    double south = fmax(lat - wide, -90), north = fmin(lat + wide, 90);
    double west = lon - wide, east = lon + wide, q = wide / 4;
    if (west < -180 || east > 180) { // cut, as RFC 7946 has it, or uncut
        west = west < -180 ? west + 360 : west;
        east = east > 180 ? east - 360 : east;
        snprintf(
            text, sizeof text,
            "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[%g,%g],[180,%g],[180,%g],[%g,%g],[%g,%"
            "g]]],[[[-180,%g],[%g,%g],[%g,%g],[-180,%g],[-180,%g]]]]}",
            west, south, south, north, west, north, west, south, south, east, south, east, north,
            north, south);
    } else if (rand_below(r, 2) && south < lat - q && north > lat + q) { // with a hole
        snprintf(
            text, sizeof text,
            "{\"type\":\"Polygon\",\"coordinates\":[[[%g,%g],[%g,%g],[%g,%g],[%g,%g],[%g,%g]],[[%g,"
            "%g],[%g,%g],[%g,%g],[%g,%g]]]}",
            west, south, east, south, east, north, west, north, west, south, lon - q, lat, lon,
            lat + q, lon + q, lat, lon - q, lat);
    } else {
        snprintf(text, sizeof text,
                 "{\"type\":\"Polygon\",\"coordinates\":[[[%g,%g],[%g,%g],[%g,%g],[%g,%g]]]}", west,
                 south, east, south, lon, north, west, south);
    }
    return geometry_of(text);
}

static struct geometry *some_shape(struct rand *r, bool *round) {
    char text[300];
    *round = true;
    double lon = some_lon(r), lat = some_lat(r);
    switch (rand_below(r, 4)) {
    case 0:
        snprintf(text, sizeof text, "{\"type\":\"Point\",\"coordinates\":[%g,%g]}", lon, lat);
        return geometry_of(text);
    case 1:
        snprintf(text, sizeof text,
                 "{\"type\":\"LineString\",\"coordinates\":[[%g,%g],[%g,%g],[%g,%g]]}", lon, lat,
                 fmin(lon + 1, 180), lat, fmin(lon + 1, 180), fmin(lat + 1, 90));
        return geometry_of(text);
    default: *round = false; return some_polygon(r);
    }
}

static struct fence *some_fence(struct twin *t, size_t number) {
    struct rand *r = &t->rand;
    struct fence *f;
    char id[16];
    bool round;
    struct geometry *g = some_shape(r, &round);
    snprintf(id, sizeof id, "f%zu", number);
    struct fence_spec spec = {.kind = (enum fence_kind)rand_below(r, FENCE_KINDS),
                              .id = str_of(id),
                              .geometry = g,
                              .radius_m = round ? rand_range(r, 100, 300000) : 0,
                              .triggers = (unsigned)rand_below(r, FENCE_TRIGGERS_ALL) + 1,
                              .commands = FENCE_COMMANDS_ALL,
                              .durable = rand_below(r, 2)};
    spec.relation = !round && rand_below(r, 2) ? FENCE_WITHIN : FENCE_INTERSECTS;
    uint64_t watched = rand_below(r, 4);
    spec.collection = watched < 2 ? str_of(collections[watched]) : STR_NONE;
    assert_int_equal(fence_new(&spec, &f, NULL), STATUS_OK);
    geometry_unref(g);
    return f;
}

// Puts, replaces or removes one, in both engines; silently.
static void change_fences(struct twin *t, struct engine *const engines[2]) {
    size_t i = rand_below(&t->rand, FENCES);
    bool remove = t->fences[i] && rand_below(&t->rand, 3) == 0;
    struct fence *f = remove ? NULL : some_fence(t, i);
    for (unsigned n = 0; n < 2; n++) {
        if (t->fences[i] && (!f || fence_spec(f)->kind != fence_spec(t->fences[i])->kind)) {
            const struct fence_spec *s = fence_spec(t->fences[i]);
            assert_int_equal(engine_fence_remove(engines[n], s->kind, s->id), STATUS_OK);
        }
        if (f) { // each engine has its own: a fence is put once
            struct fence_spec copy = *fence_spec(f);
            struct fence *own;
            assert_int_equal(fence_new(&copy, &own, NULL), STATUS_OK);
            put_fence(engines[n], own);
        }
    }
    fence_unref(t->fences[i]);
    t->fences[i] = f;
}

static void forget(struct known *k) {
    geometry_unref(k->shape);
    *k = (struct known){0};
}

struct step {
    unsigned collection, id;
    char name[8];
    struct change change;
    struct geometry *shape;
};

static struct point next_place(struct twin *t, const struct known *k) {
    struct rand *r = &t->rand;
    if (k->exists && !k->shape && rand_below(r, 2)) { // a short step, a standing still, or an edge
        double far = rand_below(r, 3) ? rand_range(r, 0, 0.5) : 0;
        double lon = k->point.lon + rand_range(r, -far, far);
        lon = lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon;
        double lat = fmax(-90, fmin(90, k->point.lat + rand_range(r, -far, far)));
        return (struct point){lon, lat};
    }
    return (struct point){some_lon(r), some_lat(r)};
}

static void some_step(struct twin *t, struct step *s, bool moves) {
    struct rand *r = &t->rand;
    s->collection = moves ? 0 : (unsigned)rand_below(r, 2);
    s->id = (unsigned)rand_below(r, IDS);
    s->shape = NULL;
    snprintf(s->name, sizeof s->name, "o%u", s->id);
    struct known *k = &t->known[s->collection][s->id], was = *k;
    uint64_t what = moves ? 9 : rand_below(r, 20);
    const char *collection = collections[s->collection];
    if (what == 0) {
        s->change = change_delete(collection, s->name);
        if (k->exists) {
            twin_change(t, s->collection, s->name, &was, &(struct known){0}, "del");
            forget(k);
        }
        return;
    }
    s->change = change_point(CHANGE_PUT, collection, s->name, 0, 0, "{}");
    struct known is = {.exists = true, .point = next_place(t, k)};
    if (what == 1) {
        is.shape = s->shape = some_polygon(r);
        s->change.draft.geometry = is.shape;
    }
    if (what == 2) {
        is.expires_ms = INT64_MAX / 2;
        s->change.draft.has_expiry = true;
        s->change.draft.expires_ms = is.expires_ms;
    }
    s->change.draft.point = is.point;
    if (moves && !k->exists) {
        return; // NOT_FOUND
    }
    twin_change(t, s->collection, s->name, &was, &is, "set");
    is.shape = is.shape ? geometry_ref(is.shape) : NULL;
    is.expires_ms = moves ? k->expires_ms : is.expires_ms;
    forget(k);
    *k = is;
}

static void fix_names(struct step *s) {
    s->change.draft.id = str_of(s->name);
}

static void expire_all(struct twin *t, struct engine *const engines[2], struct heard heard[2]) {
    // In the order of the heap, which is not the twin's: only one at a time is compared.
    unsigned waiting = 0;
    for (unsigned c = 0; c < 2; c++) {
        for (unsigned i = 0; i < IDS; i++) {
            waiting += t->known[c][i].expires_ms != 0;
        }
    }
    if (waiting != 1) {
        return;
    }
    for (unsigned c = 0; c < 2; c++) {
        for (unsigned i = 0; i < IDS; i++) {
            struct known *k = &t->known[c][i];
            char id[8];
            if (k->expires_ms) {
                snprintf(id, sizeof id, "o%u", i);
                twin_change(t, c, id, k, &(struct known){0}, "expire");
                forget(k);
            }
        }
    }
    for (unsigned n = 0; n < 2; n++) {
        assert_int_equal(engine_tick(engines[n], INT64_MAX - 1), 1);
        (void)heard;
    }
}

static void compare(struct twin *t, struct heard *h) {
    buf_append_char(&t->told, '\0');
    buf_append_char(&h->log, '\0');
    struct buf plain = {0}; // without seqs
    for (const char *p = h->log.data; *p; p = strchr(p, '\n') + 1) {
        p += strspn(p, "0123456789 ");
        buf_append(&plain, p, (size_t)(strchr(p, '\n') + 1 - p));
    }
    buf_append_char(&plain, '\0');
    size_t same = 0;
    while (plain.data[same] && plain.data[same] == t->told.data[same]) {
        same++;
    }
    if (plain.data[same] || t->told.data[same]) {
        same -= same < 60 ? same : 60;
        fail_msg("told: ...%.100s\nthe twin: ...%.100s", plain.data + same, t->told.data + same);
    }
    buf_deinit(&plain);
    buf_clear(&h->log);
    t->told.len--;
}

#define STEPS 8

static void one_round(struct twin *t, struct engine *const engines[2], const unsigned readers[2],
                      struct heard heard[2]) {
    struct step steps[STEPS];
    struct change changes[STEPS];
    struct change_result results[STEPS];
    struct move moves[STEPS];
    enum status statuses[STEPS];
    uint64_t lsn;
    size_t count = 1 + rand_below(&t->rand, STEPS);
    bool moving = rand_below(&t->rand, 2);
    for (size_t i = 0; i < count; i++) {
        some_step(t, &steps[i], moving);
        fix_names(&steps[i]);
        changes[i] = steps[i].change;
        moves[i] = (struct move){str_of(steps[i].name), steps[i].change.draft.point};
    }
    engine_enter(engines[0], readers[0]);
    if (moving) {
        enum status st =
            engine_move(engines[0], readers[0], STR("c"), moves, count, statuses, &lsn, NULL);
        assert_true(st == STATUS_OK || st == STATUS_NOT_FOUND);
    } else {
        assert_int_equal(engine_apply(engines[0], readers[0], changes, count, results, &lsn, NULL),
                         STATUS_OK);
    }
    engine_leave(engines[0], readers[0]);
    for (size_t i = 0; i < count; i++) {
        changes[i].kind = moving ? CHANGE_PATCH : changes[i].kind;
        changes[i].patch_position = moving;
        (void)apply_one(engines[1], readers[1], changes[i]);
        geometry_unref(steps[i].shape);
    }
    if (rand_below(&t->rand, 4) == 0) {
        expire_all(t, engines, heard);
    }
    compare(t, &heard[0]);
    compare(t, &heard[1]);
    buf_clear(&t->told);
}

static void random_tracks(void **state) {
    (void)state;
    struct twin t = {0};
    struct heard heard[2];
    struct engine *engines[2];
    unsigned readers[2];
    size_t events = 0;
    rand_init(&t.rand, test_seed());
    for (unsigned n = 0; n < 2; n++) {
        engines[n] = engine_hearing(&heard[n], &readers[n]);
    }
    const char *rounds = getenv("WARP_ROUNDS");
    for (long i = rounds ? atol(rounds) : 500; i > 0; i--) {
        if (rand_below(&t.rand, 3) == 0 || i > 400) {
            change_fences(&t, engines);
        }
        one_round(&t, engines, readers, heard);
    }
    for (unsigned n = 0; n < 2; n++) {
        events += heard[n].events;
        engine_end(engines[n], readers[n]);
        buf_deinit(&heard[n].log);
    }
    assert_true(events > 10);
    for (unsigned c = 0; c < 2; c++) {
        for (unsigned i = 0; i < IDS; i++) {
            forget(&t.known[c][i]);
        }
    }
    for (size_t i = 0; i < FENCES; i++) {
        fence_unref(t.fences[i]);
    }
    buf_deinit(&t.told);
}

// --- threads ---

enum { THREADS = 4, OBJECTS = 16, MOVES = 1500 };

struct mover {
    struct engine *engine;
    unsigned number;
    uint64_t seed;
    struct point last[OBJECTS];
};

static void *run_mover(void *arg) {
    struct mover *m = arg;
    struct rand rand;
    unsigned r;
    rand_init(&rand, m->seed);
    assert_int_equal(engine_reader_open(m->engine, &r), STATUS_OK);
    for (unsigned i = 0; i < MOVES; i++) {
        unsigned n = i < OBJECTS ? i : (unsigned)rand_below(&rand, OBJECTS);
        char id[16];
        snprintf(id, sizeof id, "%u-%u", m->number, n);
        m->last[n] = (struct point){rand_range(&rand, -20, 20), rand_range(&rand, -20, 20)};
        if (i < OBJECTS || rand_below(&rand, 2)) {
            put_at(m->engine, r, id, m->last[n].lon, m->last[n].lat);
        } else {
            move_to(m->engine, r, id, m->last[n].lon, m->last[n].lat);
        }
    }
    engine_reader_close(m->engine, r);
    return NULL;
}

static void *run_fences(void *arg) {
    struct mover *m = arg;
    struct rand rand;
    rand_init(&rand, m->seed);
    for (unsigned i = 0; i < 400; i++) {
        char id[16];
        snprintf(id, sizeof id, "x%u", (unsigned)rand_below(&rand, 20));
        if (rand_below(&rand, 3)) {
            put_fence(m->engine,
                      fence_of((struct fence_spec){.kind = FENCE_CHANNEL,
                                                   .triggers = FENCE_EXIT | FENCE_OUTSIDE},
                               id, SQUARE));
        } else {
            enum status st = engine_fence_remove(m->engine, FENCE_CHANNEL, str_of(id));
            assert_true(st == STATUS_OK || st == STATUS_NOT_FOUND);
        }
    }
    return NULL;
}

// Enter and exit of the one fence that stays take turns, and the last one is where the object is.
static void check_turns(const char *log, const struct mover *m) {
    for (unsigned n = 0; n < OBJECTS; n++) {
        char tail[24];
        bool inside = false;
        snprintf(tail, sizeof tail, " set %u-%u\n", m->number, n);
        for (const char *p = log; (p = strstr(p, tail)); p++) {
            const char *line = p;
            while (line > log && line[-1] != '\n') {
                line--;
            }
            line += strspn(line, "0123456789 ");
            if (strncmp(line, "stays ", 6) == 0) {
                assert_int_equal(strncmp(line + 6, inside ? "exit" : "enter", 4), 0);
                inside = !inside;
            }
        }
        assert_int_equal(inside, fabs(m->last[n].lon) <= 10 && fabs(m->last[n].lat) <= 10);
    }
}

static void many_threads(void **state) {
    (void)state;
    struct heard h;
    unsigned r;
    uint64_t seed = test_seed();
    struct engine *e = engine_hearing(&h, &r);
    struct mover movers[THREADS + 1];
    pthread_t threads[THREADS + 1];
    put_fence(e,
              fence_of((struct fence_spec){.triggers = FENCE_ENTER | FENCE_EXIT, .durable = true},
                       "stays", SQUARE));
    for (unsigned i = 0; i <= THREADS; i++) {
        movers[i] = (struct mover){.engine = e, .number = i, .seed = seed + i};
        void *(*run)(void *) = i < THREADS ? run_mover : run_fences;
        assert_int_equal(pthread_create(&threads[i], NULL, run, &movers[i]), 0);
    }
    for (unsigned i = 0; i <= THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    buf_append_char(&h.log, '\0');
    for (unsigned i = 0; i < THREADS; i++) {
        check_turns(h.log.data, &movers[i]);
    }
    engine_end(e, r);
    buf_deinit(&h.log);
}

// --- real tracks: the demo's fleet, jumps and standing still included, through circles and squares of the town ---

static void real_tracks(void **state) {
    (void)state;
    const char *source = getenv("WARP_SOURCE_DIR");
    const char *given = getenv("WARP_TRACKS"); // lines of id,time,lat,lon
    char command[700], line[256];
    snprintf(command, sizeof command, given ? "cat %s" : "gzip -dc %s/demo/fleet.csv.gz",
             given    ? given
             : source ? source
                      : ".");
    FILE *in = popen(command, "r");
    assert_non_null(in);
    struct twin t = {0};
    struct heard h;
    unsigned r;
    struct engine *e = engine_hearing(&h, &r);
    rand_init(&t.rand, test_seed());
    struct known known[512] = {{0}};
    char names[512][24];
    size_t count = 0, fixes = 0, fences = 0;
    while (fgets(line, sizeof line, in) && fixes < (given ? SIZE_MAX : 3000)) {
        char id[24];
        struct point p;
        if (sscanf(line, "%23[^,],%*[^,],%lf,%lf", id, &p.lat, &p.lon) != 3) {
            continue;
        }
        size_t at = 0;
        while (at < count && strcmp(names[at], id) != 0) {
            at++;
        }
        if (at == 512) {
            continue;
        }
        if (at == count) {
            strcpy(names[count++], id);
        }
        if (fences < FENCES && fixes % 50 == 0) { // around where they drive
            char area[200], name[16];
            snprintf(name, sizeof name, "f%zu", fences);
            snprintf(area, sizeof area, "{\"type\":\"Point\",\"coordinates\":[%.9g,%.9g]}", p.lon,
                     p.lat);
            struct fence_spec spec = {.kind = (enum fence_kind)rand_below(&t.rand, FENCE_KINDS),
                                      .radius_m = rand_range(&t.rand, 50, 3000)};
            spec.triggers = (unsigned)rand_below(&t.rand, FENCE_TRIGGERS_ALL) + 1;
            t.fences[fences] = fence_of(spec, name, area);
            assert_int_equal(engine_fence_put(e, t.fences[fences++], NULL), STATUS_OK);
        }
        struct known is = {.exists = true, .point = p};
        twin_change(&t, 0, id, &known[at], &is, "set");
        put_at(e, r, id, p.lon, p.lat);
        known[at] = is;
        compare(&t, &h);
        buf_clear(&t.told);
        fixes++;
    }
    pclose(in);
    assert_true(fixes > 1000 && h.events > 1000);
    for (size_t i = 0; i < fences; i++) {
        fence_unref(t.fences[i]);
    }
    buf_deinit(&t.told);
    engine_end(e, r);
    buf_deinit(&h.log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_tracks),
        cmocka_unit_test(many_threads),
        cmocka_unit_test(real_tracks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
