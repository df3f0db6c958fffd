#include "command/command_run.h"

#include "base/mem.h"
#include "command/commands_state.h"
#include "command/reply.h"
#include "command/set.h"

enum {
    RUN_MAX = COMMAND_RUN_MAX,
    SLICE = 64,             // changes at a time
    BYTES_MAX = 256 * 1024, // of arguments, about
    PLAIN_ARGS = 6,         // SET key id POINT lat lon
    GET_ARGS_MAX = 5,       // GET key id WITHFIELDS OBJECT
    AHEAD = 8,              // GETs
};

/// Of a GET.
struct run_get {
    const struct str *args;
    size_t count;
    uint64_t mark; // of engine_approach
};

struct command_run {
    const struct command *command;
    struct str key;
    size_t count, bytes;
    bool reads;  // GETs
    bool points; // SETs of nothing else so far
    struct run_get gets[RUN_MAX];
    struct move moves[RUN_MAX];
    struct set *sets[RUN_MAX]; // NULL: only a point, in `moves`
    enum status statuses[RUN_MAX];
    struct change changes[SLICE];
    struct change_result results[SLICE];
};

/// Where the answers go.
struct telling {
    struct command_call *call;
    command_run_each_fn *each;
    void *ctx;
};

static bool take_get(struct command_run *run, const struct command_call *call);
static bool take_point(struct command_run *run, const struct command_call *call);
static bool take_set(struct command_run *run, const struct command_call *call);
static size_t answer_gets(struct command_run *run, const struct telling *t);
static bool answer_points(struct command_run *run, const struct telling *t);
static void answer_slice(struct command_run *run, const struct telling *t, size_t first,
                         size_t count);

enum status command_run_new(struct command_run **out) {
    *out = mem_zalloc(1, sizeof **out);
    return *out ? STATUS_OK : STATUS_NO_MEMORY;
}

void command_run_free(struct command_run *run) {
    mem_free(run);
}

size_t command_run_count(const struct command_run *run) {
    return run->count;
}

const struct command *command_run_command(const struct command_run *run) {
    return run->command;
}

/// Whatever would be answered otherwise than by SET itself, or seen by others, goes the long way.
static bool may_begin(struct command_run *run, const struct command_call *call) {
    size_t words;
    struct reason why;
    const struct command *c = command_find(call->commands, call->args, call->count, &words);
    struct command_call asked = *call;
    asked.why = &why;
    run->command = c;
    return c && command_answer_check(&asked, c) == STATUS_OK;
}

bool command_run_add(struct command_run *run, struct command_call *call) {
    const struct str *args = call->args;
    bool reads = str_eq_nocase(args[0], STR("get"));
    if (!(reads ? call->count >= 3 && call->count <= GET_ARGS_MAX
                : call->count >= 4 && str_eq_nocase(args[0], STR("set"))) ||
        call->client->json || run->count == RUN_MAX || run->bytes > BYTES_MAX ||
        atomic_load_explicit(&call->commands->monitors, memory_order_relaxed)) {
        return false;
    }
    if (run->count == 0) {
        if (!may_begin(run, call)) return false;
        run->key = args[1];
        run->points = !reads;
        run->reads = reads;
    }
    if (reads != run->reads || !str_eq(args[1], run->key)) {
        return false;
    }
    return reads ? take_get(run, call) : take_point(run, call) || take_set(run, call);
}

static bool take_get(struct command_run *run, const struct command_call *call) {
    struct run_get *get = &run->gets[run->count];
    struct str *args = arena_alloc(call->arena, call->count * sizeof *args);
    if (!args) {
        return false;
    }
    memcpy(args, call->args, call->count * sizeof *args);
    get->args = args;
    get->count = call->count;
    get->mark = engine_approach(commands_engine(call->commands), call->reader, run->key, args[2]);
    run->count++;
    return true;
}

static bool take_point(struct command_run *run, const struct command_call *call) {
    const struct str *args = call->args;
    struct point to;
    if (call->count != PLAIN_ARGS || !str_eq_nocase(args[3], STR("point")) ||
        !str_parse_double(args[4], &to.lat) || !str_parse_double(args[5], &to.lon) ||
        !point_valid(to)) {
        return false;
    }
    run->sets[run->count] = NULL;
    run->moves[run->count++] = (struct move){args[2], to};
    return true;
}

static bool take_set(struct command_run *run, const struct command_call *call) {
    struct reason why;
    struct command_call parsing = *call;
    parsing.why = &why;
    struct args a = args_begin(&parsing, 1);
    struct set *set = arena_alloc(call->arena, sizeof *set);
    if (!set || set_parse(&a, set) != STATUS_OK) {
        return false;
    }
    if (set->returns) {
        set_release(set);
        return false;
    }
    for (size_t i = 0; i < call->count; i++) {
        run->bytes += call->args[i].len;
    }
    run->sets[run->count++] = set;
    run->points = false;
    return true;
}

static void answer_sets(struct command_run *run, const struct telling *t) {
    if (!run->points || !answer_points(run, t)) {
        for (size_t i = 0; i < run->count; i += SLICE) {
            size_t left = run->count - i;
            answer_slice(run, t, i, left < SLICE ? left : SLICE);
        }
    }
    for (size_t i = 0; i < run->count; i++) {
        if (run->sets[i]) set_release(run->sets[i]);
    }
}

size_t command_run_answer(struct command_run *run, struct command_call *call,
                          command_run_each_fn *each, void *ctx) {
    struct telling t = {call, each, ctx};
    size_t answered = run->count;
    if (run->reads) {
        answered = answer_gets(run, &t);
    } else {
        answer_sets(run, &t);
    }
    run->count = run->bytes = 0;
    return answered;
}

static void approach_get(const struct command_run *run, const struct command_call *call, size_t i) {
    if (i < run->count) {
        engine_approach_row(commands_engine(call->commands), call->reader, run->key,
                            run->gets[i].mark);
    }
}

static size_t answer_gets(struct command_run *run, const struct telling *t) {
    for (size_t i = 0; i < AHEAD; i++) {
        approach_get(run, t->call, i);
    }
    for (size_t i = 0; i < run->count; i++) {
        struct command_call call = *t->call;
        size_t begin = call.out->len;
        approach_get(run, &call, i + AHEAD);
        call.args = run->gets[i].args;
        call.count = run->gets[i].count;
        command_answer_bare(&call);
        if (!t->each(t->ctx, begin, call.wait_lsn)) return i + 1;
    }
    return run->count;
}

static void tell(const struct telling *t, enum status st, const struct reason *why, uint64_t lsn) {
    struct command_call *call = t->call;
    size_t begin = call->out->len;
    if (st == STATUS_OK) {
        reply_ok(call);
    } else {
        struct reason said = *why;
        command_answer_refuse(call, st, &said);
    }
    t->each(t->ctx, begin, lsn);
}

static bool answer_points(struct command_run *run, const struct telling *t) {
    struct command_call *call = t->call;
    struct reason why = {0};
    uint64_t lsn;
    bool done;
    enum status st = engine_set_points(commands_engine(call->commands), call->reader, run->key,
                                       run->moves, run->count, run->statuses, &done, &lsn, &why);
    if (st != STATUS_OK || !done) {
        return false;
    }
    for (size_t i = 0; i < run->count; i++) {
        tell(t, run->statuses[i], &why, run->statuses[i] == STATUS_OK ? lsn : 0);
    }
    return true;
}

static void change_of(const struct command_run *run, size_t i, struct change *out) {
    if (run->sets[i]) {
        *out = run->sets[i]->change;
        return;
    }
    const struct move *m = &run->moves[i];
    *out = (struct change){
        .kind = CHANGE_SET, .collection = run->key, .draft = {.id = m->id, .point = m->to}};
}

static void tell_result(struct command_run *run, const struct telling *t, size_t i,
                        const struct change_result *result, uint64_t lsn) {
    static const struct reason none;
    enum status st = result->status;
    size_t begin = t->call->out->len;
    if (st == STATUS_PRECONDITION) {
        (void)!set_reply(t->call, run->sets[i], st, NULL);
        t->each(t->ctx, begin, 0);
    } else {
        tell(t, st, st == STATUS_OK || st == STATUS_NOT_FOUND ? &none : &result->why,
             st == STATUS_OK ? lsn : 0);
    }
}

/// Of several that cannot be done together each is tried alone: some of them may pass.
static void answer_slice(struct command_run *run, const struct telling *t, size_t first,
                         size_t count) {
    struct command_call *call = t->call;
    struct reason why = {0};
    uint64_t lsn;
    for (size_t i = 0; i < count; i++) {
        change_of(run, first + i, &run->changes[i]);
    }
    enum status st = engine_apply(commands_engine(call->commands), call->reader, run->changes,
                                  count, run->results, &lsn, &why);
    if (st != STATUS_OK && count == 1) {
        tell(t, st, &why, 0);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (st == STATUS_OK) {
            tell_result(run, t, first + i, &run->results[i], lsn);
        } else {
            answer_slice(run, t, first + i, 1);
        }
    }
}
