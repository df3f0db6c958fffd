// area.c - arguments --> areas, and areas against objects.

#include "command/area.h"

#include <math.h>

#include "command/object_parse.h"
#include "command/reply.h"
#include "engine/spatial.h"
#include "geo/buffer.h"
#include "geo/circle.h"
#include "geo/circle_polygon.h"
#include "geo/clip.h"
#include "geo/geohash.h"
#include "geo/quadkey.h"
#include "geo/sector.h"

typedef enum status parse_fn(struct args *a, struct area *out);
static parse_fn parse_point, parse_circle, parse_bounds, parse_hash, parse_quadkey, parse_tile,
    parse_object, parse_sector, parse_get;

static const struct {
    const char *name;
    parse_fn *parse;
    bool rect;
} types[] = {
    {"point", parse_point, false},   {"circle", parse_circle, false},
    {"bounds", parse_bounds, true},  {"hash", parse_hash, true},
    {"tile", parse_tile, true},      {"quadkey", parse_quadkey, true},
    {"object", parse_object, false}, {"get", parse_get, false},
    {"sector", parse_sector, false}, {"mvt", parse_tile, true},
};
enum { TYPES = sizeof types / sizeof types[0] };

static size_t type_of(struct str word) {
    size_t i = 0;
    while (i < TYPES && !str_eq_nocase(word, str_of(types[i].name))) {
        i++;
    }
    return i;
}

bool area_is_type(struct str word) {
    return type_of(word) < TYPES;
}

enum status area_parse(struct args *a, unsigned flags, struct area *out) {
    struct str type = args_peek(a);
    if (type.len == 0) {
        return reply_arguments(a->call);
    }
    size_t i = type_of(type);
    bool mvt = str_eq_nocase(type, STR("mvt"));
    if (i == TYPES || (mvt && !(flags & AREA_TAKES_MVT)) ||
        ((flags & AREA_TAKES_RECT_ONLY) && !types[i].rect)) {
        return reply_invalid(a->call, type);
    }
    a->at++;
    return area_parse_rest(a, type, out);
}

enum status area_parse_rest(struct args *a, struct str type, struct area *out) {
    *out = (struct area){.kind = AREA_NOTHING};
    size_t i = type_of(type);
    return i < TYPES ? types[i].parse(a, out) : reply_invalid(a->call, type);
}

void area_release(struct area *area) {
    geometry_unref(area->geometry);
    *area = (struct area){.kind = AREA_NOTHING};
}

// --- the kinds ---

/// All must be there before any is read.
static enum status take(struct args *a, size_t count, struct str *out) {
    for (size_t i = 0; i < count; i++) {
        if (args_left(a) <= i || a->call->args[a->at + i].len == 0) {
            return reply_arguments(a->call);
        }
        out[i] = a->call->args[a->at + i];
    }
    a->at += count;
    return STATUS_OK;
}

static enum status take_numbers(struct args *a, size_t count, double *out) {
    struct str text[5];
    enum status st = take(a, count, text);
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        if (!str_parse_number(text[i], &out[i])) {
            st = reply_invalid(a->call, text[i]);
        }
    }
    return st;
}

/// The first two of `count` numbers are a position.
static enum status take_at(struct args *a, size_t count, double *out, struct point *p) {
    const struct str *text = a->call->args + a->at;
    enum status st = take_numbers(a, count, out);
    if (st != STATUS_OK) return st;
    *p = (struct point){.lon = out[1], .lat = out[0]};
    if (fabs(p->lat) > 90) return reply_invalid(a->call, text[0]);
    return fabs(p->lon) > 180 ? reply_invalid(a->call, text[1]) : STATUS_OK;
}

static void set_geometry(struct area *area, struct geometry *g) {
    *area =
        (struct area){.kind = geometry_is_empty(g) ? AREA_NOTHING : AREA_GEOMETRY, .geometry = g};
}

static enum status parse_point(struct args *a, struct area *out) {
    double v[2];
    struct point p;
    struct geometry *g;
    enum status st = take_at(a, 2, v, &p);
    if (st == STATUS_OK) st = geometry_new_point(p, &g);
    if (st == STATUS_OK) set_geometry(out, g);
    return st;
}

static enum status parse_circle(struct args *a, struct area *out) {
    const struct str *text = a->call->args + a->at;
    double v[3];
    enum status st = take_at(a, 3, v, &out->center);
    if (st != STATUS_OK) return st;
    if (v[2] < 0) return reply_invalid(a->call, text[2]);
    out->radius_m = v[2];
    out->kind = AREA_CIRCLE;
    return STATUS_OK;
}

static enum status parse_bounds(struct args *a, struct area *out) {
    double v[4]; // south, west, north, east
    enum status st = take_numbers(a, 4, v);
    if (st != STATUS_OK) return st;
    double south = fmax(v[0], -90), north = fmin(v[2], 90), west = v[1], east = v[3];
    if (south > north) return STATUS_OK;
    if (east - west >= 360) {
        west = -180;
        east = 180;
    } else if (west > east) {
        east += 360;
    }
    double turn = 360 * floor((west + 180) / 360);
    out->box = (struct bbox){west - turn, south, east - turn, north};
    out->kind = east < west ? AREA_NOTHING : AREA_BOX;
    return STATUS_OK;
}

static enum status parse_hash(struct args *a, struct area *out) {
    struct str text;
    enum status st = take(a, 1, &text);
    if (st != STATUS_OK) return st;
    out->kind = AREA_BOX;
    return geohash_parse(text, &out->box) == STATUS_OK ? STATUS_OK : reply_invalid(a->call, text);
}

static enum status parse_quadkey(struct args *a, struct area *out) {
    struct str text;
    struct tile tile;
    enum status st = take(a, 1, &text);
    if (st != STATUS_OK) return st;
    if (quadkey_parse(text, &tile) != STATUS_OK) return reply_invalid(a->call, text);
    out->kind = AREA_BOX;
    out->box = tile_bbox(&tile);
    return STATUS_OK;
}

static enum status parse_tile(struct args *a, struct area *out) {
    struct str text[3];
    int64_t v[3];
    struct tile tile;
    enum status st = take(a, 3, text);
    for (unsigned i = 0; st == STATUS_OK && i < 3; i++) {
        if (!str_parse_i64(text[i], &v[i])) st = reply_invalid(a->call, text[i]);
    }
    if (st != STATUS_OK) return st;
    if (v[2] < 0 || v[2] > TILE_ZOOM_MAX) return reply_invalid(a->call, text[2]);
    if (tile_make(v[0], v[1], v[2], &tile) != STATUS_OK) {
        bool x = v[0] < 0 || v[0] >= (int64_t)1 << v[2];
        return reply_invalid(a->call, text[!x]);
    }
    out->kind = AREA_BOX;
    out->box = tile_bbox(&tile);
    return STATUS_OK;
}

static enum status parse_object(struct args *a, struct area *out) {
    struct str text;
    struct object_parse object;
    enum status st = take(a, 1, &text);
    if (st == STATUS_OK) st = object_parse_geojson(a->call, text, &object);
    if (st != STATUS_OK) return st;
    struct geometry *g;
    if (object.geometry) {
        g = geometry_ref(object.geometry);
    } else {
        st = geometry_new_point(object.draft.point, &g);
    }
    object_parse_release(&object);
    if (st == STATUS_OK) set_geometry(out, g);
    return st;
}

static enum status parse_sector(struct args *a, struct area *out) {
    double v[5];
    struct point p;
    struct geometry *g;
    const struct str *text = a->call->args + a->at;
    enum status st = take_at(a, 5, v, &p);
    if (st != STATUS_OK) return st;
    if (v[3] == v[4]) {
        return reason_set(a->call->why, STATUS_BAD_REQUEST,
                          "equal bearings (%.*s == %.*s), use CIRCLE instead", STR_ARGS(text[3]),
                          STR_ARGS(text[4]));
    }
    st = sector_new(p, v[2], v[3], v[4], &g, a->call->why);
    if (st == STATUS_OK) set_geometry(out, g);
    return st;
}

static enum status parse_get(struct args *a, struct area *out) {
    struct command_call *call = a->call;
    struct str text[2];
    struct object o;
    struct geometry *g;
    enum status st = take(a, 2, text);
    if (st != STATUS_OK) return st;
    struct engine *e = commands_engine(call->commands);
    st = engine_find(e, call->reader, text[0], text[1], &o, NULL);
    if (st == STATUS_NOT_FOUND) {
        uint64_t count;
        bool key = engine_count_objects(e, call->reader, text[0], &count);
        return reason_set(call->why, st, key ? "id not found" : "key not found");
    }
    if (st != STATUS_OK || object_is_empty(&o)) return st;
    if (o.flags & OBJECT_HAS_GEOMETRY) {
        g = geometry_ref(o.geometry);
    } else {
        st = geometry_new_point(o.point, &g);
    }
    if (st == STATUS_OK) set_geometry(out, g);
    return st;
}

// --- against objects ---

static bool in_circle(const struct area *area, const struct object *o) {
    return distance_haversine_m(area->center, o->point) <= area->radius_m;
}

bool area_intersects(const struct area *area, const struct object *o) {
    switch (area->kind) {
    case AREA_NOTHING: break;
    case AREA_BOX: return spatial_intersects_bbox(o, &area->box);
    case AREA_CIRCLE:
        return o->flags & OBJECT_HAS_GEOMETRY
                   ? distance_to_geometry_m(EARTH_SPHERE, area->center, o->geometry) <=
                         area->radius_m
                   : in_circle(area, o);
    case AREA_GEOMETRY: return spatial_intersects(o, area->geometry);
    }
    return false;
}

bool area_within(const struct area *area, const struct object *o) {
    switch (area->kind) {
    case AREA_NOTHING: break;
    case AREA_BOX: return spatial_within_bbox(o, &area->box);
    case AREA_CIRCLE:
        return o->flags & OBJECT_HAS_GEOMETRY
                   ? circle_contains(area->center, area->radius_m, o->geometry)
                   : in_circle(area, o);
    case AREA_GEOMETRY: return spatial_within(o, area->geometry);
    }
    return false;
}

// --- as boxes and geometries ---

struct bbox area_bbox(const struct area *area) {
    switch (area->kind) {
    case AREA_NOTHING: break;
    case AREA_BOX: return area->box;
    case AREA_CIRCLE: return distance_circle_bbox(area->center, fmin(area->radius_m, 2.1e7));
    case AREA_GEOMETRY: return *geometry_bbox(area->geometry);
    }
    return BBOX_EMPTY;
}

enum status area_geometry(const struct area *area, struct geometry **out) {
    *out = NULL;
    switch (area->kind) {
    case AREA_NOTHING: break;
    case AREA_BOX: return geometry_new_bbox(&area->box, out);
    case AREA_CIRCLE:
        if (area->radius_m == 0) return geometry_new_point(area->center, out);
        if (area->radius_m > CIRCLE_POLYGON_RADIUS_MAX_M) {
            return geometry_new_bbox(&BBOX_WORLD, out);
        }
        return circle_polygon_new(area->center, area->radius_m, CIRCLE_POLYGON_STEPS, out, NULL);
    case AREA_GEOMETRY: *out = geometry_ref(area->geometry); break;
    }
    return STATUS_OK;
}

/// Takes the reference over.
static void replace(struct area *area, struct geometry *g) {
    area_release(area);
    set_geometry(area, g);
}

enum status area_clip(struct area *area, const struct bbox *box, struct reason *why) {
    struct geometry *whole, *cut;
    enum status st = area_geometry(area, &whole);
    if (st != STATUS_OK || !whole) return st;
    st = clip_bbox(whole, box, &cut, why);
    geometry_unref(whole);
    if (st == STATUS_OK) replace(area, cut);
    return st;
}

enum status area_buffer(struct area *area, double metres, struct reason *why) {
    struct geometry *whole, *wide;
    if (area->kind == AREA_CIRCLE) {
        area->radius_m += metres;
        return STATUS_OK;
    }
    if (area->kind == AREA_GEOMETRY && geometry_type(area->geometry) == GEOMETRY_POINT) {
        struct point center = geometry_points(area->geometry)[0];
        area_release(area);
        *area = (struct area){.kind = AREA_CIRCLE, .center = center, .radius_m = metres};
        return STATUS_OK;
    }
    enum status st = area_geometry(area, &whole);
    if (st != STATUS_OK || !whole) return st;
    st = buffer_new(whole, metres, &wide, why);
    geometry_unref(whole);
    if (st == STATUS_OK) replace(area, wide);
    return st;
}
