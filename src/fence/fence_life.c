// fence_life.c - making fences, and what lies in them.

#include "fence/fence.h"

#include <assert.h>

#include "base/mem.h"
#include "fence/fence_form.h"
#include "geo/relate.h"

#define HALF_WAY_ROUND_M (3.14159265358979323846 * DISTANCE_EARTH_RADIUS_M)
#define ROUNDING 1e-12 // of hav, far more than its errors

static enum status check(const struct fence_spec *spec, struct reason *why);
static enum status check_area(const struct fence_spec *spec, struct reason *why);
static bool has_area(const struct geometry *g);
static void take_texts(struct fence *f);
static void measure(struct fence *f);
static bool is_within_reach(const struct fence *f, const struct geometry *g);
static bool any_vertex_near(const struct geometry *of, const struct geometry *to, double metres);
static bool all_vertices_in(const struct fence *f, const struct geometry *g);

static const struct {
    enum fence_trigger trigger;
    const char *name;
} names[] = {
    {FENCE_ENTER, "enter"}, {FENCE_EXIT, "exit"},       {FENCE_INSIDE, "inside"},
    {FENCE_CROSS, "cross"}, {FENCE_OUTSIDE, "outside"}, {FENCE_NEAR, "nearby"},
    {FENCE_DWELL, "dwell"}, {FENCE_FARAWAY, "faraway"},
};

enum status fence_new(const struct fence_spec *spec, struct fence **out, struct reason *why) {
    enum status st = check(spec, why);
    if (st != STATUS_OK) return st;
    size_t texts = spec->id.len + spec->collection.len + spec->roam_collection.len +
                   spec->roam_id.len + spec->set_collection.len;
    struct fence *f = mem_zalloc(1, sizeof *f + texts);
    if (!f) return STATUS_NO_MEMORY;
    f->spec = *spec;
    atomic_init(&f->references, 1);
    atomic_init(&f->listeners, spec->silent ? 0 : 1);
    for (unsigned i = 0; i < FENCE_LISTS; i++) {
        f->list_at[i] = FENCE_NOWHERE;
    }
    take_texts(f);
    f->box = BBOX_EMPTY;
    if (spec->shape == FENCE_AREA) {
        f->spec.geometry = geometry_ref(spec->geometry);
        geometry_prepare(spec->geometry);
        measure(f);
    } else {
        f->spec.geometry = NULL;
    }
    *out = f;
    return STATUS_OK;
}

struct fence *fence_ref(const struct fence *f) {
    struct fence *own = (struct fence *)(uintptr_t)f;
    atomic_fetch_add_explicit(&own->references, 1, memory_order_relaxed);
    return own;
}

void fence_unref(struct fence *f) {
    if (!f || atomic_fetch_sub_explicit(&f->references, 1, memory_order_acq_rel) > 1) return;
    if (f->spec.free_ctx) f->spec.free_ctx(f->spec.ctx);
    geometry_unref((struct geometry *)(uintptr_t)f->spec.geometry);
    mem_free(f);
}

static void unref_retired(struct epoch_node *node) {
    fence_unref((struct fence *)node);
}

void fence_retire(struct fence *f, struct epoch *epoch) {
    f->retired.free_fn = unref_retired;
    epoch_retire_node(epoch, &f->retired);
}

const struct fence_spec *fence_spec(const struct fence *f) {
    return &f->spec;
}

const struct bbox *fence_bbox(const struct fence *f) {
    return &f->box;
}

void fence_listen(const struct fence *f, int by) {
    struct fence *own = (struct fence *)(uintptr_t)f;
    int32_t before = atomic_fetch_add(&own->listeners, by);
    assert(before + by >= 0);
    (void)before;
}

bool fence_is_heard(const struct fence *f) {
    return atomic_load_explicit(&f->listeners, memory_order_relaxed) > 0;
}

// The arithmetic of searches (engine/search_test.h): both say the same of every point.
bool fence_holds_point(const struct fence *f, struct point p) {
    if (f->is_plain) return relate_intersects_point(f->spec.geometry, p);
    if (!f->is_circle) {
        return distance_to_geometry_m(EARTH_SPHERE, p, f->spec.geometry) <= f->spec.radius_m;
    }
    double hav = distance_hav(&f->centre, p);
    return hav <= f->cutoff_hav && distance_hav_to_m(hav) <= f->spec.radius_m;
}

bool fence_holds_geometry(const struct fence *f, const struct geometry *g) {
    if (geometry_is_empty(g)) return false;
    if (f->spec.relation == FENCE_WITHIN) {
        return f->is_plain ? relate_within(g, f->spec.geometry) : all_vertices_in(f, g);
    }
    return f->is_plain ? relate_intersects(g, f->spec.geometry) : is_within_reach(f, g);
}

bool fence_is_crossed(const struct fence *f, const struct geometry *way) {
    return f->is_plain ? relate_intersects(way, f->spec.geometry) : is_within_reach(f, way);
}

double fence_distance_m(const struct fence *f, struct point p) {
    double metres = distance_to_geometry_m(EARTH_SPHERE, p, f->spec.geometry) - f->spec.radius_m;
    return metres > 0 ? metres : 0;
}

const char *fence_trigger_name(enum fence_trigger trigger) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].trigger == trigger) return names[i].name;
    }
    return "";
}

unsigned fence_trigger_parse(struct str name) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_eq(name, str_of(names[i].name))) return names[i].trigger;
    }
    return 0;
}

static enum status check(const struct fence_spec *spec, struct reason *why) {
    if (spec->id.len < 1 || spec->id.len > FENCE_ID_MAX) {
        return reason_set(why, STATUS_INVALID, "a fence's id has 1 to %d bytes", FENCE_ID_MAX);
    }
    if (!(spec->radius_m >= 0 && spec->radius_m < INFINITY)) {
        return reason_set(why, STATUS_INVALID, "the radius is a number of metres, 0 or more");
    }
    if (!spec->triggers) return reason_set(why, STATUS_INVALID, "a fence has triggers");
    if (spec->shape == FENCE_AREA) return check_area(spec, why);
    if (spec->shape == FENCE_ROAM && !(spec->radius_m > 0)) {
        return reason_set(why, STATUS_INVALID, "a roaming fence has a radius above 0");
    }
    if (spec->shape == FENCE_SET && !spec->set_collection.len) {
        return reason_set(why, STATUS_INVALID, "a fence set names the collection of its areas");
    }
    return STATUS_OK;
}

// RESP takes whatever Tile38 takes as an area.
static enum status check_area(const struct fence_spec *spec, struct reason *why) {
    if (!spec->geometry || geometry_is_empty(spec->geometry)) {
        return reason_set(why, STATUS_INVALID, "a fence has an area");
    }
    if (spec->kind == FENCE_GEOFENCE && !(spec->radius_m > 0) && !has_area(spec->geometry)) {
        return reason_set(why, STATUS_INVALID,
                          "a fence is an area, or a point or line with a radius above 0");
    }
    return STATUS_OK;
}

static bool has_area(const struct geometry *g) {
    enum geometry_type type = geometry_type(g);
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        if (has_area(geometry_member(g, i))) return true;
    }
    return type == GEOMETRY_POLYGON || type == GEOMETRY_MULTIPOLYGON;
}

static void take_texts(struct fence *f) {
    struct str *const texts[] = {&f->spec.id, &f->spec.collection, &f->spec.roam_collection,
                                 &f->spec.roam_id, &f->spec.set_collection};
    char *at = f->texts;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i]->len) memcpy(at, texts[i]->p, texts[i]->len);
        texts[i]->p = at;
        at += texts[i]->len;
    }
}

static void measure(struct fence *f) {
    const struct geometry *g = f->spec.geometry;
    double radius_m = f->spec.radius_m;
    f->is_plain = !(radius_m > 0);
    f->is_circle = !f->is_plain && geometry_type(g) == GEOMETRY_POINT;
    if (f->is_circle) {
        size_t count;
        struct point p = *geometry_part(g, 0, &count, NULL);
        f->centre = distance_from(p);
        f->cutoff_hav =
            radius_m < HALF_WAY_ROUND_M ? distance_m_to_hav(radius_m) * (1.0 + ROUNDING) : INFINITY;
        f->box = distance_circle_bbox(p, fmin(radius_m, HALF_WAY_ROUND_M));
    } else {
        f->box = f->is_plain
                     ? *geometry_bbox(g)
                     : distance_widen_bbox(geometry_bbox(g), fmin(radius_m, HALF_WAY_ROUND_M));
    }
}

static struct point turned_back(struct point p) {
    return (struct point){remainder(p.lon, 360.0), p.lat};
}

static bool is_within_reach(const struct fence *f, const struct geometry *g) {
    if (f->is_circle) {
        return distance_to_geometry_m(EARTH_SPHERE, f->centre.p, g) <= f->spec.radius_m;
    }
    return relate_intersects(g, f->spec.geometry) ||
           any_vertex_near(g, f->spec.geometry, f->spec.radius_m) ||
           any_vertex_near(f->spec.geometry, g, f->spec.radius_m);
}

// Two lines that do not meet are nearest at an end of an edge of one of them.
static bool any_vertex_near(const struct geometry *of, const struct geometry *to, double metres) {
    for (size_t i = 0; i < geometry_member_count(of); i++) {
        if (any_vertex_near(geometry_member(of, i), to, metres)) return true;
    }
    for (size_t part = 0; part < geometry_part_count(of); part++) {
        size_t count;
        const struct point *points = geometry_part(of, part, &count, NULL);
        for (size_t i = 0; i < count; i++) {
            struct point p = turned_back(points[i]);
            if (distance_to_geometry_m(EARTH_SPHERE, p, to) <= metres) return true;
        }
    }
    return false;
}

static bool all_vertices_in(const struct fence *f, const struct geometry *g) {
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        if (!all_vertices_in(f, geometry_member(g, i))) return false;
    }
    for (size_t part = 0; part < geometry_part_count(g); part++) {
        size_t count;
        const struct point *points = geometry_part(g, part, &count, NULL);
        for (size_t i = 0; i < count; i++) {
            if (!fence_holds_point(f, turned_back(points[i]))) return false;
        }
    }
    return true;
}
