// redis_geosearch.c - GEOSEARCH, GEOSEARCHSTORE, GEORADIUS(_RO), GEORADIUSBYMEMBER(_RO).
//
// Candidates come from the index by a box that is a little too large; Redis' own cells and formula decide. Without
// ASC or DESC the order is that of the cells (Redis': of the nine parts that it looks at, then of the cells).

#include <math.h>
#include <stdlib.h>

#include "command/endpoints.h"
#include "command/key.h"
#include "command/redis_cell.h"
#include "command/redis_geo.h"
#include "command/reply.h"

#define METRES_PER_DEGREE 111000.0 // less than there are, so that boxes come out larger
#define MARGIN_DEGREES 1e-4        // a cell's middle lies that near

enum order { ORDER_CELLS, ORDER_NEAR, ORDER_FAR };

struct found {
    struct str id; // borrowed until engine_leave
    struct point point;
    uint64_t cell;
    double distance_m;
};

struct search {
    struct command_call *call;
    struct str key, store;
    bool has_center, has_shape, box, stores;
    struct point center;
    double radius_m, width_m, height_m, unit_m;
    enum order order;
    uint64_t count; // 0: all
    bool any, with_coord, with_dist, with_hash;
    struct found *items;
    size_t found, cap;
    bool failed;
};

static enum status parse_options(struct args *a, struct search *s, bool by_search);
static enum status take_length(struct args *a, const char *problem, double *out);
static enum status run(struct search *s);
static enum status reply(struct search *s);
static enum status store(struct search *s);

static enum status answer(struct search *s) {
    struct command_call *call = s->call;
    if (s->any && !s->count) {
        return reason_set(call->why, STATUS_BAD_REQUEST,
                          "the ANY argument requires COUNT argument");
    }
    if (s->count && s->order == ORDER_CELLS && !s->any) {
        s->order = ORDER_NEAR;
    }
    enum status st = key_exists(call, s->key) ? run(s) : STATUS_OK;
    if (st != STATUS_OK) {
        return st;
    }
    return s->stores ? store(s) : reply(s);
}

static enum status search_from(struct command_call *call, size_t at, bool stores) {
    struct search s = {.call = call, .stores = stores, .unit_m = 1};
    struct args a = args_begin(call, at);
    struct str name = call->args[0];
    enum status st = redis_geo_begin(call);
    if (st == STATUS_OK && stores) {
        st = args_text(&a, &s.store);
    }
    if (st == STATUS_OK) {
        st = args_text(&a, &s.key);
    }
    if (st == STATUS_OK) {
        st = parse_options(&a, &s, true);
    }
    if (st == STATUS_OK && !s.has_center) {
        st = reason_set(call->why, STATUS_BAD_REQUEST,
                        "exactly one of FROMMEMBER or FROMLONLAT can be specified for %.*s",
                        (int)(name.len < 32 ? name.len : 32), name.p);
    }
    if (st == STATUS_OK && !s.has_shape) {
        st = reason_set(call->why, STATUS_BAD_REQUEST,
                        "exactly one of BYRADIUS and BYBOX can be specified for %.*s",
                        (int)(name.len < 32 ? name.len : 32), name.p);
    }
    return st == STATUS_OK ? answer(&s) : st;
}

enum status command_geosearch(struct command_call *call) {
    return search_from(call, 1, false);
}

enum status command_geosearchstore(struct command_call *call) {
    return search_from(call, 1, true);
}

static enum status take_center(struct args *a, struct search *s) {
    struct command_call *call = a->call;
    struct str lon, lat;
    enum status st = args_text(a, &lon);
    if (st == STATUS_OK) {
        st = args_text(a, &lat);
    }
    if (st != STATUS_OK) {
        return redis_geo_syntax(call);
    }
    s->has_center = true;
    if (!str_parse_number(lon, &s->center.lon) || !str_parse_number(lat, &s->center.lat)) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "value is not a valid float");
    }
    return redis_cell_takes(s->center)
               ? STATUS_OK
               : reason_set(call->why, STATUS_INVALID, "invalid longitude,latitude pair %f,%f",
                            s->center.lon, s->center.lat);
}

// Of a key that is not there everything is empty, whatever the member.
static enum status take_member(struct args *a, struct search *s) {
    struct str member;
    if (args_text(a, &member) != STATUS_OK) {
        return redis_geo_syntax(a->call);
    }
    s->has_center = true;
    enum status st = redis_geo_member(a->call, s->key, member, &s->center);
    if (st == STATUS_NOT_FOUND) {
        return key_exists(a->call, s->key) ? reason_set(a->call->why, STATUS_BAD_REQUEST,
                                                        "could not decode requested zset member")
                                           : STATUS_OK;
    }
    return st;
}

static enum status take_radius(struct args *a, struct search *s) {
    struct str unit;
    double radius;
    s->has_shape = true;
    if (args_left(a) < 2) {
        return redis_geo_syntax(a->call);
    }
    enum status st = take_length(a, "need numeric radius", &radius);
    if (st == STATUS_OK && radius < 0) {
        st = reason_set(a->call->why, STATUS_BAD_REQUEST, "radius cannot be negative");
    }
    if (st == STATUS_OK) {
        st = args_text(a, &unit) == STATUS_OK ? redis_geo_unit(a->call, unit, &s->unit_m)
                                              : redis_geo_syntax(a->call);
    }
    s->radius_m = st == STATUS_OK ? radius * s->unit_m : 0;
    return st;
}

static enum status take_box(struct args *a, struct search *s) {
    struct str unit;
    double width = 0, height = 0;
    s->has_shape = s->box = true;
    if (args_left(a) < 3) {
        return redis_geo_syntax(a->call);
    }
    enum status st = take_length(a, "need numeric width", &width);
    if (st == STATUS_OK) {
        st = take_length(a, "need numeric height", &height);
    }
    if (st == STATUS_OK && (width < 0 || height < 0)) {
        st = reason_set(a->call->why, STATUS_BAD_REQUEST, "height or width cannot be negative");
    }
    if (st == STATUS_OK) {
        st = args_text(a, &unit) == STATUS_OK ? redis_geo_unit(a->call, unit, &s->unit_m)
                                              : redis_geo_syntax(a->call);
    }
    s->width_m = width * s->unit_m;
    s->height_m = height * s->unit_m;
    return st;
}

static enum status take_length(struct args *a, const char *problem, double *out) {
    struct str text;
    if (args_text(a, &text) != STATUS_OK) {
        return redis_geo_syntax(a->call);
    }
    return str_parse_number(text, out)
               ? STATUS_OK
               : reason_set(a->call->why, STATUS_BAD_REQUEST, "%s", problem);
}

static enum status take_count(struct args *a, struct search *s) {
    struct str text;
    int64_t count;
    if (args_text(a, &text) != STATUS_OK) {
        return redis_geo_syntax(a->call);
    }
    if (!str_parse_i64(text, &count)) {
        return reason_set(a->call->why, STATUS_BAD_REQUEST,
                          "value is not an integer or out of range");
    }
    if (count <= 0) {
        return reason_set(a->call->why, STATUS_BAD_REQUEST, "ERR COUNT must be > 0");
    }
    s->count = (uint64_t)count;
    s->any = args_take_word(a, "any") || s->any;
    return STATUS_OK;
}

static enum status take_option(struct args *a, struct search *s, bool by_search) {
    if (args_take_word(a, "asc")) {
        s->order = ORDER_NEAR;
    } else if (args_take_word(a, "desc")) {
        s->order = ORDER_FAR;
    } else if (args_take_word(a, "any")) {
        s->any = true;
    } else if (args_take_word(a, "count")) {
        return take_count(a, s);
    } else if (!s->stores && args_take_word(a, "withcoord")) {
        s->with_coord = true;
    } else if (!s->stores && args_take_word(a, "withdist")) {
        s->with_dist = true;
    } else if (!s->stores && args_take_word(a, "withhash")) {
        s->with_hash = true;
    } else if (by_search && !s->has_center && args_take_word(a, "fromlonlat")) {
        return take_center(a, s);
    } else if (by_search && !s->has_center && args_take_word(a, "frommember")) {
        return take_member(a, s);
    } else if (by_search && !s->has_shape && args_take_word(a, "byradius")) {
        return take_radius(a, s);
    } else if (by_search && !s->has_shape && args_take_word(a, "bybox")) {
        return take_box(a, s);
    } else if (s->stores && args_take_word(a, "storedist")) {
        return reason_set(a->call->why, STATUS_NOT_IMPLEMENTED,
                          "not supported: STOREDIST: objects have positions, not scores");
    } else {
        return redis_geo_syntax(a->call);
    }
    return STATUS_OK;
}

static enum status parse_options(struct args *a, struct search *s, bool by_search) {
    enum status st = STATUS_OK;
    while (st == STATUS_OK && args_left(a)) {
        st = take_option(a, s, by_search);
    }
    return st;
}

static enum status radius_from(struct command_call *call, bool by_member) {
    struct search s = {.call = call, .unit_m = 1};
    struct args a = args_begin(call, 1);
    enum status st = redis_geo_begin(call);
    if (st == STATUS_OK) {
        st = args_text(&a, &s.key);
    }
    if (st == STATUS_OK) {
        st = by_member ? take_member(&a, &s) : take_center(&a, &s);
    }
    if (st == STATUS_OK) {
        st = take_radius(&a, &s);
    }
    if (st == STATUS_OK) {
        st = parse_options(&a, &s, false);
    }
    return st == STATUS_OK ? answer(&s) : st;
}

enum status command_georadius(struct command_call *call) {
    return radius_from(call, false);
}

enum status command_georadiusbymember(struct command_call *call) {
    return radius_from(call, true);
}

// --- looking ---

static bool is_inside(const struct search *s, struct point p, double *distance_m) {
    *distance_m = redis_cell_distance_m(s->center, p);
    if (!s->box) {
        return *distance_m <= s->radius_m;
    }
    struct point beside = {s->center.lon, p.lat};
    return redis_cell_distance_m(s->center, beside) <= s->height_m / 2 &&
           redis_cell_distance_m(p, beside) <= s->width_m / 2;
}

static bool make_room(struct search *s) {
    if (s->found < s->cap) {
        return true;
    }
    size_t cap = s->cap ? s->cap * 2 : 64;
    struct found *items = arena_alloc(s->call->arena, cap * sizeof *items);
    if (!items) {
        s->failed = true;
        return false;
    }
    if (s->found) {
        memcpy(items, s->items, s->found * sizeof *items);
    }
    s->items = items;
    s->cap = cap;
    return true;
}

static enum query_verdict look(void *ctx, const struct object *o) {
    struct search *s = ctx;
    uint64_t cell = redis_cell_of(object_center(o));
    struct point p = redis_cell_point(cell);
    double distance_m;
    if (!is_inside(s, p, &distance_m)) {
        return QUERY_LEAVE;
    }
    if (!make_room(s)) {
        return QUERY_STOP;
    }
    s->items[s->found++] = (struct found){object_id(o), p, cell, distance_m};
    return s->any && s->found == s->count ? QUERY_STOP : QUERY_LEAVE;
}

static int compare(const struct found *x, const struct found *y) {
    return x->cell != y->cell ? (x->cell > y->cell) - (x->cell < y->cell)
                              : str_compare(x->id, y->id);
}
static int compare_cells(const void *a, const void *b) {
    return compare(a, b);
}
static int compare_near(const void *a, const void *b) {
    const struct found *x = a, *y = b;
    int order = (x->distance_m > y->distance_m) - (x->distance_m < y->distance_m);
    return order ? order : compare(x, y);
}
static int compare_far(const void *a, const void *b) {
    const struct found *x = a, *y = b;
    int order = (x->distance_m < y->distance_m) - (x->distance_m > y->distance_m);
    return order ? order : compare(x, y);
}

static struct bbox box_around(const struct search *s) {
    double up_m = s->box ? s->height_m / 2 : s->radius_m;
    double beside_m = s->box ? s->width_m / 2 : s->radius_m;
    double up = up_m / METRES_PER_DEGREE + MARGIN_DEGREES;
    double south = fmax(s->center.lat - up, -90), north = fmin(s->center.lat + up, 90);
    double narrowest = cos(fmax(fabs(south), fabs(north)) * M_PI / 180);
    double beside = beside_m / (METRES_PER_DEGREE * narrowest) + MARGIN_DEGREES;
    if (!(beside < 170)) { // around a pole, or half the earth
        return (struct bbox){-180, south, 180, north};
    }
    double west = s->center.lon - beside, east = s->center.lon + beside;
    west += west < -180 ? 360 : 0;
    east -= east > 180 ? 360 : 0;
    return bbox_from_wsen(west, south, east, north);
}

// Everything is taken by `look`, nothing by the search itself.
static enum status run(struct search *s) {
    struct command_call *call = s->call;
    struct query query = {.collection = s->key,
                          .shape = QUERY_BBOX,
                          .box = box_around(s),
                          .limit = 1,
                          .numbered = true,
                          .accept = look,
                          .accept_ctx = s};
    struct hits hits;
    enum status st = engine_search(commands_engine(call->commands), call->reader, &query,
                                   call->arena, &hits, call->why);
    if (st == STATUS_OK && s->failed) {
        st = STATUS_NO_MEMORY;
    }
    if (st == STATUS_OK && s->found) {
        static int (*const orders[])(const void *, const void *) = {compare_cells, compare_near,
                                                                    compare_far};
        qsort(s->items, s->found, sizeof *s->items, orders[s->order]);
    }
    if (s->count && s->found > s->count) {
        s->found = s->count;
    }
    return st;
}

static enum status reply(struct search *s) {
    struct buf *out = s->call->out;
    size_t parts = 1u + s->with_dist + s->with_hash + s->with_coord;
    resp_array(out, s->found);
    for (size_t i = 0; i < s->found; i++) {
        const struct found *f = &s->items[i];
        if (parts > 1) {
            resp_array(out, parts);
        }
        resp_bulk(out, f->id);
        if (s->with_dist) {
            redis_geo_distance(f->distance_m / s->unit_m, out);
        }
        if (s->with_hash) {
            resp_integer(out, (int64_t)f->cell);
        }
        if (s->with_coord) {
            resp_array(out, 2);
            redis_geo_coordinate(f->point.lon, out);
            redis_geo_coordinate(f->point.lat, out);
        }
    }
    return STATUS_OK;
}

// What was under the name goes first.
static enum status store(struct search *s) {
    struct command_call *call = s->call;
    struct engine *e = commands_engine(call->commands);
    uint64_t lsn;
    struct change *changes = arena_zalloc(call->arena, s->found + 1, sizeof *changes);
    struct change_result *results = arena_zalloc(call->arena, s->found + 1, sizeof *results);
    if (!changes || !results) {
        return STATUS_NO_MEMORY;
    }
    enum status st = engine_drop(e, call->reader, s->store, &lsn, call->why);
    key_wait(call, lsn);
    if (st != STATUS_OK && st != STATUS_NOT_FOUND) {
        return st;
    }
    for (size_t i = 0; i < s->found; i++) {
        changes[i] = (struct change){.kind = CHANGE_PUT,
                                     .collection = s->store,
                                     .draft = {.id = s->items[i].id, .point = s->items[i].point}};
    }
    st = engine_apply(e, call->reader, changes, s->found, results, &lsn, call->why);
    key_wait(call, lsn);
    for (size_t i = 0; i < s->found && st == STATUS_OK; i++) {
        if (results[i].status != STATUS_OK) {
            *call->why = results[i].why;
            st = results[i].status;
        }
    }
    if (st == STATUS_OK) {
        resp_integer(call->out, (int64_t)s->found);
    }
    return st;
}
