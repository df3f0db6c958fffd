// test_command_model.c - random well-formed commands of all families: the reply, what REST would read of the same object,
// and a model of plain arrays stay equal. WARP_COMMANDS says how many (100,000), WARP_SEED which.

#include "unit/command/support.h"

#include <math.h>

#include "geo/distance.h"

enum { KEYS = 4, IDS = 64, FIELDS = 4, LINE = 1024, REPLY = 64 << 10 };

enum kind { NOTHING, POINT, BOX, STRING };

struct thing {
    enum kind kind;
    struct point min, max; // equal for a point
    char text[16];         // of a string
    double fields[FIELDS]; // 0: absent
    bool mortal;
};

struct model {
    struct thing things[KEYS][IDS];
};

struct game {
    struct desk desk;
    struct model model;
    uint64_t random;
    uint64_t commands;
    char line[LINE];
    char expected[REPLY];
    size_t expected_len;
};

// --- chance ---

static uint64_t roll(struct game *g, uint64_t sides) {
    uint64_t z = g->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % sides;
}

/// Half of them on a coarse grid, so that edges meet and points coincide.
static double degrees(struct game *g, int most) {
    int64_t fine = (int64_t)roll(g, (uint64_t)most * 2000 + 1) - most * 1000;
    return roll(g, 2) ? (double)(fine / 1000) : (double)fine / 1000;
}

static struct point place(struct game *g) {
    double lon = degrees(g, 20);
    return (struct point){lon, degrees(g, 20)};
}

// --- the reply that the model gives ---

__attribute__((format(printf, 2, 3))) static void expect(struct game *g, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(g->expected + g->expected_len, REPLY - g->expected_len, format, args);
    va_end(args);
    g->expected_len += (size_t)n;
    assert_true(g->expected_len < REPLY);
}

static void expect_bulk(struct game *g, const char *text) {
    expect(g, "$%zu\r\n%s\r\n", strlen(text), text);
}

static void expect_number(struct game *g, double v) {
    char text[128]; // more than buf_append_double asks for
    struct buf b = {.data = text, .cap = sizeof text};
    buf_append_double(&b, v);
    expect(g, "$%zu\r\n%.*s\r\n", b.len, (int)b.len, text);
}

static void say(struct game *g) {
    g->commands++;
    g->desk.client.json = false;
    struct str got = desk_say(&g->desk, g->line);
    if (strcmp(got.p, g->expected) == 0) return;
    fail_msg("after %" PRIu64 " commands: %s\ngot:      %s\nexpected: %s", g->commands, g->line,
             got.p, g->expected);
}

static void begin(struct game *g) {
    g->expected_len = 0;
    g->expected[0] = '\0';
}

static const char *id_of(unsigned id) {
    static char text[4][8];
    static unsigned at;
    char *out = text[at++ % 4];
    snprintf(out, 8, "id%02u", id);
    return out;
}

static size_t count_of(const struct game *g, unsigned key) {
    size_t n = 0;
    for (unsigned i = 0; i < IDS; i++)
        n += g->model.things[key][i].kind != NOTHING;
    return n;
}

// --- REST's view ---

static double property(struct str properties, unsigned field) {
    char name[16];
    snprintf(name, sizeof name, "\"f%u\":", field);
    const char *at = strstr(properties.p, name); // NUL behind them
    return at ? strtod(at + strlen(name), NULL) : 0;
}

static void look(struct game *g, unsigned key, unsigned id) {
    const struct thing *t = &g->model.things[key][id];
    char collection[8];
    struct object o;
    struct reason why;
    snprintf(collection, sizeof collection, "k%u", key);
    engine_enter(g->desk.engine, g->desk.reader);
    enum status st = engine_find(g->desk.engine, g->desk.reader, str_of(collection),
                                 str_of(id_of(id)), &o, &why);
    assert_int_equal(st, t->kind == NOTHING ? STATUS_NOT_FOUND : STATUS_OK);
    if (st == STATUS_OK) {
        assert_int_equal(object_form(&o) == OBJECT_STRING, t->kind == STRING);
        assert_int_equal((o.flags & OBJECT_HAS_EXPIRY) != 0, t->mortal);
        for (unsigned f = 0; f < FIELDS; f++)
            assert_true(property(object_properties(&o), f) == t->fields[f]);
        if (t->kind == STRING) {
            assert_true(str_eq(object_text(&o), str_of(t->text)));
        } else {
            struct bbox box = object_bbox(&o);
            assert_true(box.min_lon == t->min.lon && box.min_lat == t->min.lat);
            assert_true(box.max_lon == t->max.lon && box.max_lat == t->max.lat);
        }
    }
    engine_leave(g->desk.engine, g->desk.reader);
}

/// Every collection, by the search that REST uses.
static void look_at_all(struct game *g) {
    for (unsigned key = 0; key < KEYS; key++) {
        char collection[8];
        struct hits hits = {0};
        struct reason why;
        snprintf(collection, sizeof collection, "k%u", key);
        struct query query = {.collection = str_of(collection),
                              .shape = QUERY_BBOX,
                              .box = {-180, -90, 180, 90},
                              .limit = 1000};
        engine_enter(g->desk.engine, g->desk.reader);
        enum status st =
            engine_search(g->desk.engine, g->desk.reader, &query, &g->desk.arena, &hits, &why);
        size_t there = 0;
        for (unsigned i = 0; i < IDS; i++)
            there += g->model.things[key][i].kind == POINT || g->model.things[key][i].kind == BOX;
        assert_int_equal(st == STATUS_OK ? hits.count : 0, there);
        engine_leave(g->desk.engine, g->desk.reader);
        arena_reset(&g->desk.arena);
        for (unsigned i = 0; i < IDS; i++)
            look(g, key, i);
    }
}

// --- commands on objects ---

static size_t add_fields(struct game *g, size_t at, struct thing *t, bool with_word) {
    for (uint64_t n = with_word ? roll(g, 3) : 1 + roll(g, 2); n; n--) {
        unsigned f = (unsigned)roll(g, FIELDS);
        double v = (double)roll(g, 5);
        t->fields[f] = v;
        at +=
            (size_t)snprintf(g->line + at, LINE - at, " %sf%u %g", with_word ? "FIELD " : "", f, v);
    }
    return at;
}

static void set(struct game *g, unsigned key, unsigned id) {
    struct thing *t = &g->model.things[key][id], next = *t;
    unsigned rule = (unsigned)roll(g, 8);
    bool refused = (rule == 0 && t->kind != NOTHING) || (rule == 1 && t->kind == NOTHING);
    size_t at = (size_t)snprintf(g->line, LINE, "SET k%u %s", key, id_of(id));
    at = add_fields(g, at, &next, true);
    next.mortal = roll(g, 10) == 0;
    if (next.mortal) at += (size_t)snprintf(g->line + at, LINE - at, " EX 5000");
    if (rule < 2) at += (size_t)snprintf(g->line + at, LINE - at, rule ? " XX" : " NX");
    struct point a = place(g), b = place(g);
    next.text[0] = '\0';
    unsigned form = (unsigned)roll(g, 10);
    if (form == 0) {
        next.kind = STRING;
        snprintf(next.text, sizeof next.text, "s%u", (unsigned)roll(g, 50));
        snprintf(g->line + at, LINE - at, " STRING %s", next.text);
    } else if (form < 3 && key >= KEYS / 2) {
        next.kind = BOX;
        next.min = (struct point){fmin(a.lon, b.lon), fmin(a.lat, b.lat)};
        next.max = (struct point){fmax(a.lon, b.lon) + 0.5, fmax(a.lat, b.lat) + 0.5};
        snprintf(g->line + at, LINE - at, " BOUNDS %.17g %.17g %.17g %.17g", next.min.lat,
                 next.min.lon, next.max.lat, next.max.lon);
    } else {
        next.kind = POINT;
        next.min = next.max = a;
        if (form < 6) {
            snprintf(g->line + at, LINE - at,
                     " OBJECT {\"type\":\"Point\",\"coordinates\":[%.17g,%.17g]}", a.lon, a.lat);
        } else {
            snprintf(g->line + at, LINE - at, " POINT %.17g %.17g", a.lat, a.lon);
        }
    }
    begin(g);
    expect(g, refused ? "$-1\r\n" : "+OK\r\n");
    say(g);
    if (!refused) *t = next;
    look(g, key, id);
}

static void fset(struct game *g, unsigned key, unsigned id) {
    struct thing *t = &g->model.things[key][id], next = *t;
    size_t at = (size_t)snprintf(g->line, LINE, "FSET k%u %s", key, id_of(id));
    add_fields(g, at, &next, false);
    begin(g);
    if (count_of(g, key) == 0) {
        expect(g, "-ERR key not found\r\n");
    } else if (t->kind == NOTHING) {
        expect(g, "-ERR id not found\r\n");
    } else {
        // Counted as they are set, one after another: a field that is named twice counts twice.
        double fields[FIELDS];
        memcpy(fields, t->fields, sizeof fields);
        unsigned changed = 0, f;
        double v;
        int used;
        for (const char *rest = g->line + at; sscanf(rest, " f%u %lf%n", &f, &v, &used) == 2;
             rest += used) {
            changed += fields[f] != v;
            fields[f] = v;
        }
        expect(g, ":%u\r\n", changed);
        *t = next;
    }
    say(g);
    look(g, key, id);
}

static void get(struct game *g, unsigned key, unsigned id) {
    const struct thing *t = &g->model.things[key][id];
    snprintf(g->line, LINE, "GET k%u %s WITHFIELDS%s", key, id_of(id),
             t->kind == POINT ? " POINT"
             : t->kind == BOX ? " BOUNDS"
                              : "");
    begin(g);
    size_t fields = 0;
    for (unsigned f = 0; f < FIELDS; f++)
        fields += t->fields[f] != 0;
    if (t->kind == NOTHING) {
        expect(g, "$-1\r\n");
    } else {
        expect(g, "*%d\r\n", fields ? 2 : 1);
        if (t->kind == STRING) expect_bulk(g, t->text);
        if (t->kind == BOX) expect(g, "*2\r\n");
        if (t->kind != STRING) {
            expect(g, "*2\r\n");
            expect_number(g, t->min.lat);
            expect_number(g, t->min.lon);
        }
        if (t->kind == BOX) {
            expect(g, "*2\r\n");
            expect_number(g, t->max.lat);
            expect_number(g, t->max.lon);
        }
        if (fields) expect(g, "*%zu\r\n", fields * 2);
        for (unsigned f = 0; f < FIELDS; f++) {
            char name[8];
            if (t->fields[f] == 0) continue;
            snprintf(name, sizeof name, "f%u", f);
            expect_bulk(g, name);
            expect_number(g, t->fields[f]);
        }
    }
    say(g);
}

static void del(struct game *g, unsigned key, unsigned id) {
    struct thing *t = &g->model.things[key][id];
    snprintf(g->line, LINE, "DEL k%u %s", key, id_of(id));
    begin(g);
    expect(g, ":%d\r\n", t->kind != NOTHING);
    say(g);
    *t = (struct thing){0};
    look(g, key, id);
}

static void pdel(struct game *g, unsigned key, unsigned id) {
    unsigned tens = id / 10, n = 0;
    snprintf(g->line, LINE, "PDEL k%u id%u*", key, tens);
    for (unsigned i = tens * 10; i < tens * 10 + 10 && i < IDS; i++) {
        n += g->model.things[key][i].kind != NOTHING;
        g->model.things[key][i] = (struct thing){0};
    }
    begin(g);
    expect(g, ":%u\r\n", n);
    say(g);
}

static void drop(struct game *g, unsigned key) {
    snprintf(g->line, LINE, "DROP k%u", key);
    begin(g);
    expect(g, ":%d\r\n", count_of(g, key) > 0);
    memset(g->model.things[key], 0, sizeof g->model.things[key]);
    say(g);
}

static void rename_key(struct game *g, unsigned key) {
    // Boxes stay in the upper half: the lower one is for the nearest.
    unsigned to = key ^ 1;
    bool nx = roll(g, 2);
    snprintf(g->line, LINE, "RENAME%s k%u k%u", nx ? "NX" : "", key, to);
    begin(g);
    bool there = count_of(g, key) > 0, taken = count_of(g, to) > 0;
    if (!there) {
        expect(g, "-ERR key not found\r\n");
    } else if (nx) {
        expect(g, ":%d\r\n", !taken);
    } else {
        expect(g, "+OK\r\n");
    }
    if (there && !(nx && taken)) {
        memcpy(g->model.things[to], g->model.things[key], sizeof g->model.things[key]);
        memset(g->model.things[key], 0, sizeof g->model.things[key]);
    }
    say(g);
}

static void lives(struct game *g, unsigned key, unsigned id) {
    struct thing *t = &g->model.things[key][id];
    bool expire = roll(g, 2);
    snprintf(g->line, LINE, expire ? "EXPIRE k%u %s 5000" : "PERSIST k%u %s", key, id_of(id));
    begin(g);
    expect(g, ":%d\r\n", t->kind != NOTHING && (expire || t->mortal));
    say(g);
    if (t->kind != NOTHING) t->mortal = expire;
    look(g, key, id);
}

static void keys(struct game *g) {
    unsigned n = 0;
    for (unsigned k = 0; k < KEYS; k++)
        n += count_of(g, k) > 0;
    snprintf(g->line, LINE, "KEYS *");
    begin(g);
    expect(g, "*%u\r\n", n);
    for (unsigned k = 0; k < KEYS; k++) {
        if (count_of(g, k)) expect(g, "$2\r\nk%u\r\n", k);
    }
    say(g);
}

// --- searches ---

struct condition {
    bool asked;
    unsigned field;
    double min, max;
    bool open_min, open_max;
    int tens; // MATCH id3*; negative: none
};

static size_t add_condition(struct game *g, size_t at, struct condition *c) {
    *c = (struct condition){.tens = -1};
    if (roll(g, 3) == 0) {
        c->tens = (int)roll(g, IDS / 10 + 1);
        at += (size_t)snprintf(g->line + at, LINE - at, " MATCH id%d*", c->tens);
    }
    if (roll(g, 3)) return at;
    c->asked = true;
    c->field = (unsigned)roll(g, FIELDS);
    c->min = (double)roll(g, 4);
    c->max = c->min + (double)roll(g, 3);
    c->open_min = roll(g, 3) == 0;
    c->open_max = roll(g, 3) == 0;
    return at + (size_t)snprintf(g->line + at, LINE - at, " WHERE f%u %s%g %s%g", c->field,
                                 c->open_min ? "(" : "", c->min, c->open_max ? "(" : "", c->max);
}

static bool meets(const struct condition *c, const struct thing *t, unsigned id) {
    if (t->kind == NOTHING) return false;
    if (c->tens >= 0 && id / 10 != (unsigned)c->tens) return false;
    if (!c->asked) return true;
    double v = t->fields[c->field];
    return (c->open_min ? v > c->min : v >= c->min) && (c->open_max ? v < c->max : v <= c->max);
}

static void expect_ids(struct game *g, const unsigned *ids, size_t count, uint64_t cursor) {
    begin(g);
    expect(g, "*2\r\n:%" PRIu64 "\r\n*%zu\r\n", cursor, count);
    for (size_t i = 0; i < count; i++)
        expect_bulk(g, id_of(ids[i]));
}

static void scan(struct game *g, unsigned key) {
    struct condition c;
    unsigned ids[IDS];
    size_t n = 0, at = (size_t)snprintf(g->line, LINE, "SCAN k%u", key);
    bool pages = roll(g, 2), falling = roll(g, 2), counts = !pages && roll(g, 3) == 0;
    uint64_t cursor = 0, limit = 100;
    c = (struct condition){.tens = -1};
    if (pages) { // a cursor counts what was looked at: with conditions that is not what was given
        cursor = roll(g, IDS);
        limit = 1 + roll(g, IDS);
        at += (size_t)snprintf(g->line + at, LINE - at, " CURSOR %" PRIu64 " LIMIT %" PRIu64,
                               cursor, limit);
    } else {
        at = add_condition(g, at, &c);
    }
    if (falling) at += (size_t)snprintf(g->line + at, LINE - at, " DESC");
    snprintf(g->line + at, LINE - at, counts ? " COUNT" : " IDS");
    uint64_t passed = 0;
    for (unsigned i = 0; i < IDS; i++) {
        unsigned id = falling ? IDS - 1 - i : i;
        if (!meets(&c, &g->model.things[key][id], id)) continue;
        if (passed++ >= cursor && n < limit) ids[n++] = id;
    }
    if (counts) {
        begin(g);
        expect(g, ":%zu\r\n", n);
    } else {
        expect_ids(g, ids, n, n == limit ? cursor + n : 0);
    }
    say(g);
}

static void search(struct game *g, unsigned key) {
    unsigned ids[IDS];
    size_t n = 0;
    bool falling = roll(g, 2);
    snprintf(g->line, LINE, "SEARCH k%u%s IDS", key, falling ? " DESC" : "");
    for (unsigned i = 0; i < IDS; i++) {
        const struct thing *t = &g->model.things[key][i];
        if (t->kind != STRING) continue;
        size_t at = n++;
        for (; at > 0; at--) { // by text, then by id
            if (strcmp(g->model.things[key][ids[at - 1]].text, t->text) <= 0) break;
            ids[at] = ids[at - 1];
        }
        ids[at] = i;
    }
    for (size_t i = 0; falling && i < n / 2; i++) {
        unsigned other = ids[i];
        ids[i] = ids[n - 1 - i];
        ids[n - 1 - i] = other;
    }
    expect_ids(g, ids, n, 0);
    say(g);
}

/// The ids of a reply [cursor, [ids]], as they come.
static size_t ids_of(struct str reply, unsigned *ids) {
    size_t n = 0;
    for (const char *at = reply.p; (at = strstr(at, "\r\nid")); at += 4) {
        assert_true(n < IDS);
        ids[n++] = (unsigned)strtoul(at + 4, NULL, 10);
    }
    return n;
}

static int by_number(const void *a, const void *b) {
    return (int)*(const unsigned *)a - (int)*(const unsigned *)b;
}

static void area(struct game *g, unsigned key) {
    struct condition c;
    unsigned ids[IDS], got_ids[IDS];
    bool within = roll(g, 2), counts = roll(g, 3) == 0, as_object = roll(g, 3) == 0;
    struct point a = place(g), b = place(g);
    struct point min = {fmin(a.lon, b.lon), fmin(a.lat, b.lat)};
    struct point max = {fmax(a.lon, b.lon) + 0.5, fmax(a.lat, b.lat) + 0.5};
    size_t at = (size_t)snprintf(g->line, LINE, "%s k%u", within ? "WITHIN" : "INTERSECTS", key);
    at = add_condition(g, at, &c);
    at += (size_t)snprintf(g->line + at, LINE - at, counts ? " COUNT" : " IDS");
    if (as_object) {
        snprintf(
            g->line + at, LINE - at,
            " OBJECT {\"type\":\"Polygon\",\"coordinates\":[[[%.17g,%.17g],[%.17g,%.17g],[%.17g,"
            "%.17g],[%.17g,%.17g],[%.17g,%.17g]]]}",
            min.lon, min.lat, max.lon, min.lat, max.lon, max.lat, min.lon, max.lat, min.lon,
            min.lat);
    } else {
        snprintf(g->line + at, LINE - at, " BOUNDS %.17g %.17g %.17g %.17g", min.lat, min.lon,
                 max.lat, max.lon);
    }
    size_t n = 0;
    for (unsigned i = 0; i < IDS; i++) {
        const struct thing *t = &g->model.things[key][i];
        if (!meets(&c, t, i) || t->kind == STRING) continue;
        bool contained = t->min.lon >= min.lon && t->min.lat >= min.lat && t->max.lon <= max.lon &&
                         t->max.lat <= max.lat;
        bool meets_it = t->min.lon <= max.lon && t->min.lat <= max.lat && t->max.lon >= min.lon &&
                        t->max.lat >= min.lat;
        if (within ? contained : meets_it) ids[n++] = i;
    }
    if (counts) {
        begin(g);
        expect(g, ":%zu\r\n", n);
        say(g);
        return;
    }
    g->commands++;
    struct str got = desk_say(&g->desk, g->line);
    size_t count = ids_of(got, got_ids);
    qsort(got_ids, count, sizeof *got_ids, by_number); // these searches promise no order
    bool same = count == n && memcmp(ids, got_ids, n * sizeof *ids) == 0;
    if (!same)
        fail_msg("after %" PRIu64 " commands: %s: %zu expected, got %s", g->commands, g->line, n,
                 got.p);
}

struct near {
    unsigned id;
    double distance_m;
};

static int by_distance(const void *a, const void *b) {
    const struct near *x = a, *y = b;
    if (x->distance_m != y->distance_m) return x->distance_m < y->distance_m ? -1 : 1;
    return (int)x->id - (int)y->id;
}

/// Each at the distance that its place in the order has, none twice. Between equal distances any order is right, and some
/// are equal but for rounding (3 north 4 east, 4 north 3 east).
static bool are_nearest(struct str got, const struct near *all, size_t n, size_t given) {
    unsigned ids[IDS];
    uint64_t seen = 0;
    if (ids_of(got, ids) != given) return false;
    for (size_t i = 0; i < given; i++) {
        size_t at = 0;
        while (at < n && all[at].id != ids[i])
            at++;
        if (at == n || fabs(all[at].distance_m - all[i].distance_m) > 1e-6) return false;
        if (seen & (uint64_t)1 << ids[i]) return false;
        seen |= (uint64_t)1 << ids[i];
    }
    return true;
}

/// Of keys that hold points only.
static void nearby(struct game *g, unsigned key) {
    struct condition c;
    struct near all[IDS];
    size_t n = 0, at = (size_t)snprintf(g->line, LINE, "NEARBY k%u", key);
    uint64_t limit = 1 + roll(g, IDS);
    at = add_condition(g, at, &c);
    struct point from = place(g);
    double radius_m = roll(g, 2) ? (double)(1 + roll(g, 3000)) * 1000 : 0;
    at += (size_t)snprintf(g->line + at, LINE - at, " LIMIT %" PRIu64 " IDS POINT %.17g %.17g",
                           limit, from.lat, from.lon);
    if (radius_m > 0) snprintf(g->line + at, LINE - at, " %.17g", radius_m);
    for (unsigned i = 0; i < IDS; i++) {
        const struct thing *t = &g->model.things[key][i];
        if (t->kind != POINT || !meets(&c, t, i)) continue;
        double d = distance_haversine_m(from, t->min);
        if (radius_m > 0 && fabs(d - radius_m) < 1e-6)
            return; // a hair's breadth either way is right
        if (radius_m == 0 || d <= radius_m) all[n++] = (struct near){i, d};
    }
    qsort(all, n, sizeof *all, by_distance);
    size_t given = n < limit ? n : (size_t)limit;
    g->commands++;
    struct str got = desk_say(&g->desk, g->line);
    if (!are_nearest(got, all, n, given)) {
        fail_msg("after %" PRIu64 " commands: %s: %zu expected\ngot: %s", g->commands, g->line,
                 given, got.p);
    }
}

// --- the game ---

static void play_one(struct game *g) {
    unsigned key = (unsigned)roll(g, KEYS), id = (unsigned)roll(g, IDS);
    unsigned what = (unsigned)roll(g, 1000);
    if (what < 380) {
        set(g, key, id);
    } else if (what < 480) {
        fset(g, key, id);
    } else if (what < 560) {
        get(g, key, id);
    } else if (what < 620) {
        del(g, key, id);
    } else if (what < 630) {
        pdel(g, key, id);
    } else if (what < 632) {
        drop(g, key);
    } else if (what < 636) {
        rename_key(g, key);
    } else if (what < 680) {
        lives(g, key, id);
    } else if (what < 700) {
        keys(g);
    } else if (what < 780) {
        scan(g, key);
    } else if (what < 810) {
        search(g, key);
    } else if (what < 910) {
        area(g, key);
    } else {
        nearby(g, key % (KEYS / 2));
    }
}

static void commands_and_model_agree(void **state) {
    (void)state;
    struct game *g = calloc(1, sizeof *g);
    assert_non_null(g);
    const char *text = getenv("WARP_COMMANDS");
    uint64_t most = text ? strtoull(text, NULL, 10) : 100000;
    g->random = test_seed();
    desk_open(&g->desk);
    while (g->commands < most) {
        play_one(g);
        if (roll(g, 1000) == 0) look_at_all(g);
    }
    look_at_all(g);
    desk_close(&g->desk);
    free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(commands_and_model_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
