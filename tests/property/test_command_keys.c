// Random well-formed commands on keys: the answers, and the engine at the end, are those of a simple model.
// WARP_KEY_COMMANDS says how many.

#include "unit/command/support.h"

enum { KEYS = 4, IDS = 40, FIELDS = 3 };

enum form { NOTHING, POINT, STRING };

struct thing {
    enum form form;
    int lat, lon;
    char text[8];
    int fields[FIELDS];
    bool expires;
};

static struct thing model[KEYS][IDS];
static char line[256], expected[256];

static int below(int n) {
    return rand() % n;
}

static int count_of(int key) {
    int count = 0;
    for (int i = 0; i < IDS; i++) {
        count += model[key][i].form != NOTHING;
    }
    return count;
}

static void ask(struct desk *d) {
    d->client.json = false;
    struct str got = desk_say(d, line);
    if (strcmp(got.p, expected) != 0) {
        fail_msg("%s\n answered %s\n instead of %s", line, got.p, expected);
    }
}

static void set(struct desk *d, int key, int id) {
    struct thing *t = &model[key][id];
    int condition = below(6), field = below(FIELDS), value = below(3);
    bool there = t->form != NOTHING, with_field = below(2), with_expiry = below(4) == 0;
    bool refused = (condition == 0 && there) || (condition == 1 && !there);
    size_t n = (size_t)snprintf(line, sizeof line, "SET k%d i%d %s", key, id,
                                condition == 0   ? "NX "
                                : condition == 1 ? "XX "
                                                 : "");
    if (with_field) {
        n += (size_t)snprintf(line + n, sizeof line - n, "FIELD f%d %d ", field, value);
    }
    if (with_expiry) {
        n += (size_t)snprintf(line + n, sizeof line - n, "EX 1000 ");
    }
    struct thing now = *t;
    now.form = below(3) ? POINT : STRING;
    now.expires = with_expiry;
    now.lat = below(180) - 90;
    now.lon = below(360) - 180;
    snprintf(now.text, sizeof now.text, "s%d", below(100));
    if (with_field) {
        now.fields[field] = value;
    }
    if (now.form == POINT) {
        snprintf(line + n, sizeof line - n, "POINT %d %d", now.lat, now.lon);
    } else {
        snprintf(line + n, sizeof line - n, "STRING %s", now.text);
    }
    snprintf(expected, sizeof expected, refused ? "$-1\r\n" : "+OK\r\n");
    ask(d);
    if (!refused) {
        *t = now;
    }
}

static void bulk(char *out, size_t room, const char *text) {
    int len = (int)strlen(text);
    assert_true((size_t)len + 32 < room);
    snprintf(out, room, "$%d\r\n%.*s\r\n", len, len, text);
}

static void get(struct desk *d, int key, int id) {
    const struct thing *t = &model[key][id];
    char text[64];
    snprintf(line, sizeof line, "GET k%d i%d", key, id);
    snprintf(text, sizeof text, "{\"type\":\"Point\",\"coordinates\":[%d,%d]}", t->lon, t->lat);
    bulk(expected, sizeof expected, t->form == POINT ? text : t->text);
    if (t->form == NOTHING) {
        snprintf(expected, sizeof expected, "$-1\r\n");
    }
    ask(d);
}

static bool missing(int key, int id) {
    if (model[key][id].form != NOTHING) {
        return false;
    }
    snprintf(expected, sizeof expected, "-ERR %s not found\r\n", count_of(key) ? "id" : "key");
    return true;
}

static void fset(struct desk *d, int key, int id) {
    int field = below(FIELDS), value = below(3);
    struct thing *t = &model[key][id];
    snprintf(line, sizeof line, "FSET k%d i%d f%d %d", key, id, field, value);
    if (!missing(key, id)) {
        snprintf(expected, sizeof expected, ":%d\r\n", t->fields[field] != value);
        t->fields[field] = value;
    }
    ask(d);
}

static void fget(struct desk *d, int key, int id) {
    int field = below(FIELDS);
    char text[8];
    snprintf(line, sizeof line, "FGET k%d i%d f%d", key, id, field);
    snprintf(text, sizeof text, "%d", model[key][id].fields[field]);
    if (!missing(key, id)) {
        bulk(expected, sizeof expected, text);
    }
    ask(d);
}

static void expiry(struct desk *d, int key, int id) {
    struct thing *t = &model[key][id];
    bool there = t->form != NOTHING;
    int which = below(3);
    snprintf(line, sizeof line, "%s k%d i%d%s",
             which == 0   ? "PERSIST"
             : which == 1 ? "EXPIRE"
                          : "TTL",
             key, id, which == 1 ? " 1000" : "");
    if (which == 2 && there && t->expires) {
        return; // the seconds that are left depend on the clock
    }
    int answer = which == 0 ? there && t->expires : which == 1 ? there : there ? -1 : -2;
    snprintf(expected, sizeof expected, ":%d\r\n", answer);
    t->expires = which == 0 ? false : which == 1 ? there : t->expires;
    ask(d);
}

static void del(struct desk *d, int key, int id) {
    snprintf(line, sizeof line, "DEL k%d i%d", key, id);
    snprintf(expected, sizeof expected, ":%d\r\n", model[key][id].form != NOTHING);
    model[key][id] = (struct thing){.form = NOTHING};
    ask(d);
}

static void whole(struct desk *d, int key, int other) {
    int count = count_of(key);
    switch (below(4)) {
    case 0: // every id that begins with i3
        snprintf(line, sizeof line, "PDEL k%d i3*", key);
        for (int i = count = 0; i < IDS; i++) {
            if (i == 3 || i / 10 == 3) {
                count += model[key][i].form != NOTHING;
                model[key][i] = (struct thing){.form = NOTHING};
            }
        }
        snprintf(expected, sizeof expected, ":%d\r\n", count);
        break;
    case 1:
        snprintf(line, sizeof line, "DROP k%d", key);
        snprintf(expected, sizeof expected, ":%d\r\n", count > 0);
        memset(model[key], 0, sizeof model[key]);
        break;
    case 2:
        snprintf(line, sizeof line, "RENAME k%d k%d", key, other);
        snprintf(expected, sizeof expected, count ? "+OK\r\n" : "-ERR key not found\r\n");
        if (count && key != other) {
            memcpy(model[other], model[key], sizeof model[key]);
            memset(model[key], 0, sizeof model[key]);
        }
        break;
    default: {
        bool moves = count && !count_of(other);
        snprintf(line, sizeof line, "RENAMENX k%d k%d", key, other);
        snprintf(expected, sizeof expected, ":%d\r\n", moves);
        if (!count) {
            snprintf(expected, sizeof expected, "-ERR key not found\r\n");
        }
        if (moves) {
            memcpy(model[other], model[key], sizeof model[key]);
            memset(model[key], 0, sizeof model[key]);
        }
    }
    }
    ask(d);
}

static void random_commands(void **state) {
    (void)state;
    const char *many = getenv("WARP_KEY_COMMANDS");
    long commands = many ? atol(many) : 30000;
    srand((unsigned)test_seed());
    struct desk d;
    desk_open(&d);
    for (long i = 0; i < commands; i++) {
        int key = below(KEYS), id = below(IDS);
        switch (below(20)) {
        case 0: whole(&d, key, below(KEYS)); break;
        case 1:
        case 2: del(&d, key, id); break;
        case 3:
        case 4:
        case 5: fset(&d, key, id); break;
        case 6:
        case 7: fget(&d, key, id); break;
        case 8:
        case 9: expiry(&d, key, id); break;
        case 10:
        case 11:
        case 12:
        case 13: get(&d, key, id); break;
        default: set(&d, key, id); break;
        }
    }
    for (int key = 0; key < KEYS; key++) {
        for (int id = 0; id < IDS; id++) {
            get(&d, key, id);
        }
        snprintf(line, sizeof line, "k%d", key);
        assert_int_equal(engine_objects(d.engine, d.reader, str_of(line)), count_of(key));
    }
    desk_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_commands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
