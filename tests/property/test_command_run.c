// test_command_run.c - random pipelines, once command by command and once with their SETs in runs: the same replies, the same
// objects, the same events in the same order. WARP_ROUNDS says how many (400), WARP_SEED which.

#include "../unit/engine/fence_support.h"
#include "unit/command/support.h"

#include "base/rand.h"
#include "command/command_run.h"

enum { KEYS = 3, IDS = 12, PIPELINE = 400, LINE = 300, WORDS = 24 };

/// One of the two ways.
struct side {
    struct desk desk;
    struct heard heard;
    struct command_run *run; // NULL: one by one
    size_t told;             // replies of runs so far
    size_t together;         // commands that were answered in runs of several
};

struct pipeline {
    size_t count;
    char lines[PIPELINE][LINE];
};

static void side_open(struct side *s, bool runs) {
    *s = (struct side){.run = NULL};
    struct engine_options engine = {.shard_count = 4, .events = heard_events(&s->heard)};
    assert_int_equal(engine_new(&engine, &s->desk.engine), STATUS_OK);
    assert_int_equal(engine_reader_open(s->desk.engine, &s->desk.reader), STATUS_OK);
    assert_int_equal(registry_new(&s->desk.metrics), STATUS_OK);
    struct commands_options commands = {.engine = s->desk.engine, .metrics = s->desk.metrics};
    assert_int_equal(commands_new(&commands, &s->desk.commands), STATUS_OK);
    arena_init(&s->desk.arena, 0);
    if (runs) assert_int_equal(command_run_new(&s->run), STATUS_OK);
    // Which of what a DROP takes along is told of first depends on where it lay: nobody's business.
    unsigned told = FENCE_COMMANDS_ALL & ~(unsigned)FENCE_DROP;
    put_fence(s->desk.engine,
              fence_of((struct fence_spec){.durable = true, .commands = told}, "all", SQUARE));
    put_fence(s->desk.engine, fence_of((struct fence_spec){.kind = FENCE_HOOK,
                                                           .collection = STR("k1"),
                                                           .commands = told,
                                                           .triggers = FENCE_ENTER | FENCE_EXIT},
                                       "k1", SQUARE));
}

static void side_close(struct side *s) {
    command_run_free(s->run);
    buf_deinit(&s->heard.log);
    desk_close(&s->desk);
}

// --- chance ---

static const char *number(struct rand *r, char *out) {
    int v = (int)rand_below(r, 41) - 20;
    snprintf(out, 16, rand_below(r, 3) ? "%d" : "%d.25", v);
    return out;
}

static void place(struct rand *r, char *out, size_t room) {
    char a[16], b[16];
    number(r, a);
    number(r, b);
    switch (rand_below(r, 14)) {
    case 0: snprintf(out, room, "POINT %s %s 7", a, b); break;
    case 1: snprintf(out, room, "BOUNDS -3 %s 4 30", b); break;
    case 2: snprintf(out, room, "STRING s%s", a); break;
    case 3: snprintf(out, room, "HASH 9tbnthxzr"); break;
    case 4:
        snprintf(out, room,
                 "OBJECT {\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\","
                 "\"coordinates\":[%s,%s]},\"properties\":{\"p\":%s}}",
                 a, b, a);
        break;
    case 5: snprintf(out, room, "OBJECT {\"type\":\"Point\",\"coordinates\":[%s,%s]}", a, b); break;
    case 6: snprintf(out, room, "POINT 91 %s", b); break;
    case 7: snprintf(out, room, "POINT x %s", b); break;
    default: snprintf(out, room, "POINT %s %s", a, b);
    }
}

static void options(struct rand *r, char *out, size_t room) {
    switch (rand_below(r, 12)) {
    case 0: snprintf(out, room, "NX "); break;
    case 1: snprintf(out, room, "XX "); break;
    case 2: snprintf(out, room, "EX 1000 "); break;
    case 3: snprintf(out, room, "FIELD speed %d ", (int)rand_below(r, 3)); break;
    case 4: snprintf(out, room, "FIELD a b FIELD c 1.50 "); break;
    case 5: snprintf(out, room, rand_below(r, 3) ? "RETURN " : "FIELD z 1 "); break;
    default: *out = '\0';
    }
}

static void some_line(struct rand *r, bool plain, char *out) {
    char key[16], id[16], with[64], where[160];
    snprintf(key, sizeof key, "k%d", rand_below(r, 6) ? 1 : (int)rand_below(r, KEYS));
    snprintf(id, sizeof id, "%c%d", rand_below(r, 60) ? 'i' : '\001', (int)rand_below(r, IDS));
    if (rand_below(r, 4) == 0) {
        static const char *const forms[] = {"", " WITHFIELDS", " POINT", " HASH 0", " what"};
        snprintf(out, LINE, "GET %s %s%s", key, id, forms[rand_below(r, 5)]);
        return;
    }
    if (rand_below(r, plain ? 40 : 10)) {
        options(r, with, sizeof with);
        place(r, where, sizeof where);
        if (plain && rand_below(r, 20)) {
            *with = '\0';
            snprintf(where, sizeof where, "POINT %d %d", (int)rand_below(r, 40) - 20, 5);
        }
        snprintf(out, LINE, "%s %s %s %s%s", rand_below(r, 3) ? "SET" : "set", key, id, with,
                 where);
        return;
    }
    switch (rand_below(r, 7)) {
    case 0: snprintf(out, LINE, "DROP %s", key); break;
    case 1: snprintf(out, LINE, "GET %s %s WITHFIELDS", key, id); break;
    case 2: snprintf(out, LINE, "FSET %s %s speed 3", key, id); break;
    case 3: snprintf(out, LINE, "EXPIRE %s %s 900", key, id); break;
    case 4: snprintf(out, LINE, "PERSIST %s %s", key, id); break;
    case 5: snprintf(out, LINE, "SET %s %s", key, id); break;
    default: snprintf(out, LINE, "DEL %s %s", key, id);
    }
}

static void some_pipeline(struct rand *r, struct pipeline *p) {
    bool plain = rand_below(r, 2);
    p->count = 1 + (size_t)rand_below(r, rand_below(r, 8) ? 40 : PIPELINE);
    for (size_t i = 0; i < p->count; i++) {
        some_line(r, plain, p->lines[i]);
    }
}

// --- both ways ---

static size_t split(const char *line, struct str words[WORDS]) {
    size_t n = 0;
    for (struct str rest = str_of(line); n < WORDS && str_split(&rest, ' ', &words[n]);) {
        n++;
    }
    return n;
}

static bool on_each(void *ctx, size_t begin, uint64_t lsn) {
    struct side *s = ctx;
    assert_true(begin < s->desk.out.len);
    assert_int_equal(lsn, 0); // there is no store
    s->told++;
    return true;
}

static void end_run(struct side *s, struct command_call *call) {
    size_t count = command_run_count(s->run);
    if (count == 0) return;
    s->told = 0;
    s->together += count > 1 ? count : 0;
    assert_int_equal(command_run_answer(s->run, call, on_each, s), count);
    assert_int_equal(s->told, count);
    assert_int_equal(command_run_count(s->run), 0);
    arena_reset(&s->desk.arena);
}

static void play(struct side *s, const struct pipeline *p) {
    struct desk *d = &s->desk;
    struct str words[WORDS];
    struct command_call call = {.commands = d->commands,
                                .client = &d->client,
                                .args = words,
                                .out = &d->out,
                                .arena = &d->arena,
                                .reader = d->reader};
    buf_clear(&d->out);
    engine_enter(d->engine, d->reader);
    for (size_t i = 0; i < p->count; i++) {
        call.count = split(p->lines[i], words);
        if (s->run && command_run_add(s->run, &call)) continue;
        if (s->run) end_run(s, &call);
        struct command_call alone = call;
        command_answer_bare(&alone);
        arena_reset(&d->arena);
    }
    if (s->run) end_run(s, &call);
    engine_leave(d->engine, d->reader);
    buf_append_char(&d->out, '\0');
    assert_false(d->out.failed);
}

static void same_objects(struct side *one, struct side *two) {
    for (int k = 0; k < KEYS; k++) {
        for (int i = 0; i < IDS; i++) {
            char key[16], id[16];
            snprintf(key, sizeof key, "k%d", k);
            snprintf(id, sizeof id, "i%d", i);
            struct object a, b;
            enum status sa =
                engine_find(one->desk.engine, one->desk.reader, str_of(key), str_of(id), &a, NULL);
            enum status sb =
                engine_find(two->desk.engine, two->desk.reader, str_of(key), str_of(id), &b, NULL);
            assert_int_equal(sa, sb);
            if (sa != STATUS_OK) continue;
            assert_int_equal(a.flags, b.flags);
            assert_int_equal(a.version, b.version);
            assert_true(str_eq(object_properties(&a), object_properties(&b)));
            assert_true(str_eq(object_text(&a), object_text(&b)));
            struct bbox box = object_bbox(&a), other = object_bbox(&b);
            assert_memory_equal(&box, &other, sizeof box);
        }
    }
}

static void compare(struct side *one, struct side *two) {
    assert_string_equal(one->desk.out.data, two->desk.out.data);
    buf_append_char(&one->heard.log, '\0');
    buf_append_char(&two->heard.log, '\0');
    assert_string_equal(one->heard.log.data, two->heard.log.data);
    buf_clear(&one->heard.log);
    buf_clear(&two->heard.log);
    engine_enter(one->desk.engine, one->desk.reader);
    engine_enter(two->desk.engine, two->desk.reader);
    same_objects(one, two);
    engine_leave(one->desk.engine, one->desk.reader);
    engine_leave(two->desk.engine, two->desk.reader);
}

static void test_same(void **state) {
    (void)state;
    struct side one, many;
    struct pipeline *p = mem_alloc(sizeof *p);
    const char *rounds = getenv("WARP_ROUNDS");
    struct rand r;
    rand_init(&r, test_seed());
    side_open(&one, false);
    side_open(&many, true);
    for (long left = rounds ? strtol(rounds, NULL, 10) : 400; left > 0; left--) {
        some_pipeline(&r, p);
        play(&one, p);
        play(&many, p);
        compare(&one, &many);
    }
    assert_true(one.heard.events > 0 && many.together > 1000);
    side_close(&one);
    side_close(&many);
    mem_free(p);
}

/// What must be answered by itself.
static void test_apart(void **state) {
    (void)state;
    struct side s;
    struct str words[WORDS];
    side_open(&s, true);
    struct desk *d = &s.desk;
    struct command_call call = {
        .commands = d->commands, .client = &d->client, .args = words, .arena = &d->arena};
    static const char *const apart[] = {"GET a",
                                        "SET a b",
                                        "SET a b POINT 91 0",
                                        "SET a b RETURN POINT 1 2",
                                        "SET a b NX XX POINT 1 2",
                                        "SETHOOK a b POINT 1 2"};
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++) {
        call.count = split(apart[i], words);
        assert_false(command_run_add(s.run, &call));
    }
    call.count = split("SET a b POINT 1 2", words);
    d->client.json = true;
    assert_false(command_run_add(s.run, &call));
    d->client.json = false;
    d->client.subscribed = true;
    assert_false(command_run_add(s.run, &call));
    d->client.subscribed = false;
    assert_int_equal(commands_password(d->commands, STR("secret")), STATUS_OK);
    assert_false(command_run_add(s.run, &call));
    assert_int_equal(commands_password(d->commands, STR("")), STATUS_OK);
    assert_true(command_run_add(s.run, &call));
    words[0] = STR("GET");
    assert_false(command_run_add(s.run, &call));
    words[0] = STR("SET");
    words[1] = STR("other");
    assert_false(command_run_add(s.run, &call));
    assert_int_equal(command_run_count(s.run), 1);
    side_close(&s);
}

static bool on_two(void *ctx, size_t begin, uint64_t lsn) {
    (void)begin;
    (void)lsn;
    return ++*(size_t *)ctx < 2;
}

/// GETs can be stopped; what has been changed has been.
static void test_stop(void **state) {
    (void)state;
    struct side s;
    struct str words[WORDS];
    side_open(&s, true);
    struct desk *d = &s.desk;
    struct command_call call = {.commands = d->commands,
                                .client = &d->client,
                                .args = words,
                                .out = &d->out,
                                .arena = &d->arena,
                                .reader = d->reader};
    engine_enter(d->engine, d->reader);
    static const char *const lines[] = {"SET a b POINT 1 2", "GET a b POINT"};
    for (size_t which = 0; which < 2; which++) {
        size_t told = 0;
        call.count = split(lines[which], words);
        buf_clear(&d->out);
        for (size_t i = 0; i < 5; i++) {
            assert_true(command_run_add(s.run, &call));
        }
        assert_int_equal(command_run_answer(s.run, &call, on_two, &told), which ? 2 : 5);
        assert_int_equal(told, which ? 2 : 5);
        assert_int_equal(command_run_count(s.run), 0);
        buf_append_char(&d->out, '\0');
        assert_string_equal(d->out.data,
                            which ? "*2\r\n$1\r\n1\r\n$1\r\n2\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n"
                                  : "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n");
    }
    engine_leave(d->engine, d->reader);
    side_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same), cmocka_unit_test(test_apart),
                                       cmocka_unit_test(test_stop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
