// test_command_search.c - random searches over random objects, asked as commands, against the predicates of geo/ asked of
// every object; filters against their definition; pages laid side by side against the whole.

#include "unit/command/search_support.h"

#include "base/rand.h"
#include "geo/distance.h"
#include "geo/relate.h"

#define OBJECTS 300
#define ROUNDS 150
#define NEAR_M 0.01 // of a circle's edge: not decided here

struct thing {
    char id[8];
    struct geometry *geometry; // of a point, too
    unsigned field;
};

struct world {
    struct desk desk;
    struct rand rand;
    double lon, lat; // things are around here
    struct thing things[OBJECTS];
};

static double near(struct rand *r, double middle) {
    // Few different numbers, so that edges and corners meet.
    return middle + (double)rand_below(r, 2) * 0.25 + (double)((int)rand_below(r, 17) - 8) * 0.5;
}
static double wrapped(double lon) {
    return lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon;
}

static void text_of_position(struct world *w, struct buf *out) {
    double lon = wrapped(near(&w->rand, w->lon)), lat = near(&w->rand, w->lat);
    buf_printf(out, "[%g,%g]", lon, lat);
}

/// A Point, a line of two points, or a triangle.
static void text_of_geometry(struct world *w, unsigned kind, struct buf *out) {
    static const char *const heads[] = {
        "Point\",\"coordinates\":", "LineString\",\"coordinates\":[",
        "Polygon\",\"coordinates\":[["};
    buf_printf(out, "{\"type\":\"%s", heads[kind]);
    size_t first = out->len;
    text_of_position(w, out);
    char begin[64];
    snprintf(begin, sizeof begin, "%.*s", (int)(out->len - first), out->data + first);
    for (unsigned i = 0; i < kind; i++) {
        buf_append_char(out, ',');
        text_of_position(w, out);
    }
    buf_printf(out, kind == 2 ? ",%s]]}" : kind ? "]}" : "}", begin);
}

static void make_world(struct world *w, uint64_t seed, double lon, double lat) {
    rand_init(&w->rand, seed);
    w->lon = lon;
    w->lat = lat;
    desk_open(&w->desk);
    for (unsigned i = 0; i < OBJECTS; i++) {
        struct thing *t = &w->things[i];
        struct buf what;
        buf_init(&what);
        unsigned kind = (unsigned)rand_below(&w->rand, 5);
        buf_printf(&what, "OBJECT ");
        text_of_geometry(w, kind < 3 ? 0 : kind - 2, &what);
        buf_append_char(&what, '\0');
        t->field = (unsigned)rand_below(&w->rand, 10);
        char fields[32];
        snprintf(fields, sizeof fields, "{\"f\":%u}", t->field);
        snprintf(t->id, sizeof t->id, "%c%u", "abc"[rand_below(&w->rand, 3)], i);
        put(&w->desk, "m", t->id, t->field ? fields : NULL, what.data);
        buf_deinit(&what);
        struct object o;
        engine_enter(w->desk.engine, w->desk.reader);
        assert_int_equal(
            engine_find(w->desk.engine, w->desk.reader, STR("m"), str_of(t->id), &o, NULL),
            STATUS_OK);
        if (o.flags & OBJECT_HAS_GEOMETRY) {
            t->geometry = geometry_ref(o.geometry);
        } else {
            assert_int_equal(geometry_new_point(o.point, &t->geometry), STATUS_OK);
        }
        engine_leave(w->desk.engine, w->desk.reader);
    }
}

static void free_world(struct world *w) {
    for (unsigned i = 0; i < OBJECTS; i++) {
        geometry_unref(w->things[i].geometry);
    }
    desk_close(&w->desk);
}

// --- one search ---

struct asked {
    const char *command;
    bool within, nearest;
    unsigned least, most; // of f
    char glob;            // ids that begin so; 0: all
    char area[512];
    struct geometry *geometry; // NULL: the circle
    struct point center;
    double radius_m;
};

static void ask_area(struct world *w, struct asked *a) {
    struct rand *r = &w->rand;
    double lon = near(r, w->lon), lat = fmin(near(r, w->lat), 86),
           width = (double)rand_below(r, 8) * 0.5, height = (double)rand_below(r, 8) * 0.5;
    uint64_t kind = a->nearest ? 1 : rand_below(r, 3);
    a->geometry = NULL;
    if (kind == 0) {
        double west = wrapped(lon), east = wrapped(lon + width);
        struct bbox box = bbox_from_wsen(west, lat, east, lat + height);
        snprintf(a->area, sizeof a->area, "BOUNDS %g %g %g %g", lat, west, lat + height, east);
        assert_int_equal(geometry_new_bbox(&box, &a->geometry), STATUS_OK);
    } else if (kind == 1) {
        a->center = (struct point){.lon = wrapped(lon), .lat = lat};
        a->radius_m = 1000 + rand_range(r, 0, 400000);
        snprintf(a->area, sizeof a->area, "%s %g %g %.17g", a->nearest ? "POINT" : "CIRCLE", lat,
                 wrapped(lon), a->radius_m);
    } else {
        struct buf text;
        buf_init(&text);
        text_of_geometry(w, 2, &text);
        buf_append_char(&text, '\0');
        snprintf(a->area, sizeof a->area, "OBJECT %s", text.data);
        struct object_parse parsed;
        struct reason why;
        struct command_call call = {
            .commands = w->desk.commands, .arena = &w->desk.arena, .why = &why};
        struct str json = {text.data, text.len - 1};
        if (object_parse_geojson(&call, json, &parsed) != STATUS_OK) {
            fail_msg("%s: %s", text.data, why.text);
        }
        a->geometry = geometry_ref(parsed.geometry);
        object_parse_release(&parsed);
        buf_deinit(&text);
    }
}

/// The farthest that was found of it, by looking closely.
static double farthest_m(struct point from, const struct geometry *g) {
    double most = 0;
    size_t count;
    const struct point *p = geometry_part(g, 0, &count, NULL);
    for (size_t i = 0; i < count; i++) {
        struct point a = p[i ? i - 1 : 0], b = p[i];
        for (unsigned k = 0; k <= 400; k++) {
            double t = k / 400.0;
            struct point q = {.lon = a.lon + t * (b.lon - a.lon),
                              .lat = a.lat + t * (b.lat - a.lat)};
            most = fmax(most, distance_haversine_m(from, q));
        }
    }
    return most;
}

enum verdict { NO, YES, EITHER };

static enum verdict stands_there(const struct asked *a, const struct thing *t) {
    if (a->geometry) {
        return a->within ? relate_within(t->geometry, a->geometry)
                         : relate_intersects(t->geometry, a->geometry);
    }
    double m = a->within ? farthest_m(a->center, t->geometry)
                         : distance_to_geometry_m(EARTH_SPHERE, a->center, t->geometry);
    double slack = a->within ? 2 : NEAR_M; // the farthest may lie between two places looked at
    return fabs(m - a->radius_m) < slack ? EITHER : m < a->radius_m;
}

static bool passes(const struct asked *a, const struct thing *t) {
    return t->field >= a->least && t->field <= a->most && (!a->glob || t->id[0] == a->glob);
}

static size_t say(struct world *w, const struct asked *a, const char *options, const char *output,
                  char *out, size_t cap) {
    struct str args[64];
    static char line[1024];
    char glob[3] = {a->glob, '*'};
    size_t n = 0, len = (size_t)snprintf(line, sizeof line, "%s m %s%s %s %s%s", a->command,
                                         a->glob ? "MATCH " : "", a->glob ? glob : "", options,
                                         output, "");
    len += (size_t)snprintf(line + len, sizeof line - len, " %s", a->area);
    for (char *at = strtok(line, " "); at; at = strtok(NULL, " ")) {
        args[n++] = str_of(at);
    }
    struct buf text;
    buf_init(&text);
    const char *at = desk_ask(&w->desk, args, n).p;
    shorten(&at, &text);
    assert_true(text.len < cap);
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    buf_deinit(&text);
    return text.len;
}

static char whole[65536], page[65536], joined[65536];

static void check_pages(struct world *w, const struct asked *a, const char *filter,
                        const char *ids) {
    unsigned limit = 1 + (unsigned)rand_below(&w->rand, 20);
    char options[128];
    unsigned long cursor = 0;
    size_t len = 0;
    joined[0] = '\0';
    do {
        snprintf(options, sizeof options, "%s CURSOR %lu LIMIT %u", filter, cursor, limit);
        say(w, a, options, "IDS", page, sizeof page);
        char *list = strchr(page + 1, '[');
        cursor = strtoul(page + 1, NULL, 10);
        char *end = strchr(list, ']');
        *end = '\0';
        if (list[1]) {
            len += (size_t)snprintf(joined + len, sizeof joined - len, "%s%s", len ? " " : "",
                                    list + 1);
        }
    } while (cursor);
    assert_string_equal(joined, ids);
}

static void check_search(struct world *w, const struct asked *a) {
    char filter[64], count_text[32];
    snprintf(filter, sizeof filter, "WHERE f %u %u", a->least, a->most);
    if (a->least == 0 && a->most == 9) {
        filter[0] = '\0';
    }
    char options[80];
    snprintf(options, sizeof options, "%s LIMIT 1000", filter);
    say(w, a, options, "IDS", whole, sizeof whole);
    assert_memory_equal(whole, "[0 [", 4);
    char *ids = whole + 4, *at = ids;
    ids[strlen(ids) - 2] = '\0';
    size_t count = 0;
    double before_m = 0;
    bool given[OBJECTS] = {0};
    char copy[sizeof whole];
    strcpy(copy, ids);
    unsigned last = 0;
    for (at = strtok(copy, " "); at; at = strtok(NULL, " "), count++) {
        unsigned i = (unsigned)strtoul(at + 1, NULL, 10);
        const struct thing *t = &w->things[i];
        assert_string_equal(at, t->id);
        assert_false(given[i]);
        given[i] = true;
        assert_true(passes(a, t) && stands_there(a, t) != NO);
        double m = a->nearest ? distance_to_geometry_m(EARTH_SPHERE, a->center, t->geometry) : 0;
        assert_true(a->nearest ? m >= before_m - NEAR_M : i >= last);
        before_m = m;
        last = i;
    }
    for (unsigned i = 0; i < OBJECTS; i++) {
        const struct thing *t = &w->things[i];
        if (!given[i] && passes(a, t) && stands_there(a, t) == YES) {
            fail_msg("%s is missing", t->id);
        }
    }
    check_pages(w, a, filter, ids);
    say(w, a, filter, "COUNT", page, sizeof page);
    snprintf(count_text, sizeof count_text, "%zu", count);
    assert_string_equal(page, count_text);
    // An expression says the same as the range.
    if (count < 100) {
        char expression[80], narrow[160];
        snprintf(expression, sizeof expression, "this.f>=%u&&!(f>%u)", a->least, a->most);
        snprintf(narrow, sizeof narrow, "WHERE %s LIMIT 1000", expression);
        say(w, a, narrow, "IDS", page, sizeof page);
        page[strlen(page) - 2] = '\0';
        assert_string_equal(page + 4, ids);
    }
}

static void run(double lon, double lat) {
    static struct world w;
    make_world(&w, test_seed(), lon, lat);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct rand *r = &w.rand;
        uint64_t kind = rand_below(r, 5);
        struct asked a = {.command = kind < 2   ? "WITHIN"
                                     : kind < 4 ? "INTERSECTS"
                                                : "NEARBY",
                          .within = kind < 2,
                          .nearest = kind == 4,
                          .most = 9};
        if (rand_below(r, 2)) {
            a.least = (unsigned)rand_below(r, 10);
            a.most = a.least + (unsigned)rand_below(r, 10 - a.least);
        }
        if (rand_below(r, 3) == 0) {
            a.glob = "abcd"[rand_below(r, 4)];
        }
        ask_area(&w, &a);
        check_search(&w, &a);
        geometry_unref(a.geometry);
        arena_reset(&w.desk.arena);
    }
    free_world(&w);
}

static void somewhere(void **state) {
    (void)state;
    run(10, 45);
}
static void over_the_antimeridian(void **state) {
    (void)state;
    run(180, -20);
}
static void far_north(void **state) {
    (void)state;
    run(-100, 84);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(somewhere),
                                       cmocka_unit_test(over_the_antimeridian),
                                       cmocka_unit_test(far_north)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
