#include "command/scripts.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "command/commands_state.h"
#include "command/object_write.h"
#include "command/reply.h"
#include "command/script_cache.h"
#include "command/script_json.h"
#include "command/script_sandbox.h"
#include "command/script_value.h"

#define POOL_MAX 16
#define COMPILED "compiled" // in the registry: functions by SHA-1

struct scripts {
    uint64_t time_ns;
    size_t memory_bytes;
    struct script_cache *cache;
    pthread_mutex_t alone; // held while EVAL runs
    pthread_mutex_t lock;  // guards the pool
    struct script_state *idle;
    size_t idle_count;
};

// A script on its way through an interpreter.
struct job {
    const struct scripts_run *run;
    const char *sha;
    struct str text;  // STR_NONE: must be compiled already
    uint64_t flushes; // of the cache, by now
    const struct object *object;
    bool only_compile;
    bool match;
};

// Of a WHEREEVAL: the same for every object.
struct prepared {
    char sha[SCRIPT_SHA_BYTES];
    struct str text;
    uint64_t deadline_ns;
};

static enum status find_text(struct scripts *s, const struct scripts_run *run, struct arena *arena,
                             char sha[SCRIPT_SHA_BYTES], struct str *text, struct reason *why);
static uint64_t deadline_of(const struct scripts *s, const struct command_call *call);
static enum status wait_alone(struct scripts *s, uint64_t deadline_ns, struct reason *why);
static enum status execute(struct scripts *s, struct command_call *call, struct job *job,
                           lua_CFunction body, uint64_t deadline_ns);
static struct script_state *take(struct scripts *s);
static void give_back(struct scripts *s, struct script_state *state);
static enum status say_why(struct script_state *state, int code, struct reason *why);
static int run_script(lua_State *lua);
static int run_where(lua_State *lua);
static void push_function(lua_State *lua, const struct job *job);
static void set_list(lua_State *lua, const char *name, const struct str *items, size_t count);
static void push_fields(lua_State *lua, struct script_state *s, const struct object *o);
static void push_property(lua_State *lua, struct script_state *s, const struct property *p);
static bool is_true(lua_State *lua);

enum status scripts_new(uint64_t time_ms, size_t memory_bytes, struct scripts **out) {
    struct scripts *s = mem_zalloc(1, sizeof *s);
    if (!s) return STATUS_NO_MEMORY;
    s->time_ns = (time_ms ? time_ms : SCRIPTS_TIME_MS) * 1000000;
    s->memory_bytes = memory_bytes ? memory_bytes : SCRIPTS_MEMORY_BYTES;
    pthread_mutex_init(&s->alone, NULL);
    pthread_mutex_init(&s->lock, NULL);
    if (script_cache_new(&s->cache) != STATUS_OK) {
        scripts_free(s);
        return STATUS_NO_MEMORY;
    }
    *out = s;
    return STATUS_OK;
}

void scripts_free(struct scripts *s) {
    if (!s) return;
    while (s->idle) {
        struct script_state *state = s->idle;
        s->idle = state->next;
        script_state_free(state);
    }
    script_cache_free(s->cache);
    pthread_mutex_destroy(&s->alone);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

enum status scripts_eval(struct scripts *s, struct command_call *call,
                         const struct scripts_run *run) {
    char sha[SCRIPT_SHA_BYTES];
    struct job job = {.run = run, .sha = sha};
    enum status st = find_text(s, run, call->arena, sha, &job.text, call->why);
    if (st != STATUS_OK) return st;
    uint64_t deadline_ns = deadline_of(s, call);
    if (run->alone) st = wait_alone(s, deadline_ns, call->why);
    if (st != STATUS_OK) return st;
    st = execute(s, call, &job, run_script, deadline_ns);
    if (run->alone) pthread_mutex_unlock(&s->alone);
    if (st == STATUS_OK && !run->is_sha) {
        enum status kept = script_cache_put(s->cache, sha, job.text);
        (void)kept; // it ran; EVALSHA will say when it is not there
    }
    return st;
}

static enum status find_text(struct scripts *s, const struct scripts_run *run, struct arena *arena,
                             char sha[SCRIPT_SHA_BYTES], struct str *text, struct reason *why) {
    if (!run->is_sha) {
        script_call_sha1(run->text, sha);
        *text = run->text;
        return STATUS_OK;
    }
    enum status st = STATUS_NOT_FOUND;
    if (run->text.len == SCRIPT_SHA_BYTES - 1) {
        memcpy(sha, run->text.p, run->text.len);
        sha[run->text.len] = '\0';
        st = script_cache_get(s->cache, sha, arena, text);
    }
    return st == STATUS_NOT_FOUND ? reason_set(why, st, "sha not found") : st;
}

static uint64_t deadline_of(const struct scripts *s, const struct command_call *call) {
    uint64_t own = clock_mono_ns() + s->time_ns;
    return call->deadline_ns && call->deadline_ns < own ? call->deadline_ns : own;
}

static enum status wait_alone(struct scripts *s, uint64_t deadline_ns, struct reason *why) {
    struct timespec at = {(time_t)(deadline_ns / 1000000000), (long)(deadline_ns % 1000000000)};
    if (pthread_mutex_clocklock(&s->alone, CLOCK_MONOTONIC, &at) == 0) return STATUS_OK;
    return reason_set(why, STATUS_TIMEOUT, "timeout");
}

static enum status execute(struct scripts *s, struct command_call *call, struct job *job,
                           lua_CFunction body, uint64_t deadline_ns) {
    struct script_state *state = take(s);
    if (!state) return STATUS_NO_MEMORY;
    script_state_begin(state, deadline_ns);
    state->call = call;
    state->mode = job->run->mode;
    job->flushes = script_cache_flushes(s->cache);
    lua_pushcfunction(state->lua, body);
    lua_pushlightuserdata(state->lua, job);
    int code = lua_pcall(state->lua, 1, 0, 0);
    enum status st = code == LUA_OK ? STATUS_OK : say_why(state, code, call->why);
    give_back(s, state);
    return st;
}

static struct script_state *take(struct scripts *s) {
    pthread_mutex_lock(&s->lock);
    struct script_state *state = s->idle;
    if (state) {
        s->idle = state->next;
        s->idle_count--;
    }
    pthread_mutex_unlock(&s->lock);
    if (!state && script_state_new(s->memory_bytes, script_sandbox_open, &state) != STATUS_OK)
        return NULL;
    return state;
}

static void give_back(struct scripts *s, struct script_state *state) {
    bool keep = script_state_end(state);
    pthread_mutex_lock(&s->lock);
    keep = keep && s->idle_count < POOL_MAX;
    if (keep) {
        state->next = s->idle;
        s->idle = state;
        s->idle_count++;
    }
    pthread_mutex_unlock(&s->lock);
    if (!keep) script_state_free(state);
}

static enum status say_why(struct script_state *state, int code, struct reason *why) {
    if (state->late) return reason_set(why, STATUS_TIMEOUT, "timeout");
    if (code == LUA_ERRMEM) return reason_set(why, STATUS_BAD_REQUEST, "not enough memory");
    const char *text = NULL;
    int type = lua_type(state->lua, -1);
    if (type == LUA_TSTRING) text = lua_tostring(state->lua, -1);
    return reason_set(why, STATUS_BAD_REQUEST, "%s", text ? text : "the script raised no text");
}

// --- inside an interpreter: what fails is raised ---

static int run_script(lua_State *lua) {
    struct job *job = lua_touserdata(lua, 1);
    struct script_state *s = script_state_of(lua);
    struct command_call *call = s->call;
    push_function(lua, job);
    if (job->only_compile) return 0;
    script_sandbox_push(lua);
    set_list(lua, "KEYS", job->run->keys, job->run->key_count);
    set_list(lua, "ARGV", job->run->args, job->run->arg_count);
    lua_pushliteral(lua, "EVAL_CMD");
    lua_pushstring(lua, job->run->command);
    lua_rawset(lua, -3);
    if (call->deadline_ns) {
        int64_t left_ns = (int64_t)(call->deadline_ns - clock_mono_ns());
        lua_pushliteral(lua, "DEADLINE"); // Unix seconds
        lua_pushnumber(lua, (double)clock_wall_ms() / 1e3 + (double)left_ns / 1e9);
        lua_rawset(lua, -3);
    }
    lua_setupvalue(lua, -2, 1);
    lua_call(lua, 0, 1);
    if (!reply_is_json(call)) {
        script_value_write_resp(lua, -1, call->out);
        return 0;
    }
    buf_append_str(reply_json_begin(call), STR(",\"result\":"));
    script_value_write_json(lua, -1, call->out);
    (void)reply_json_end(call);
    return 0;
}

// Text only: what was compiled elsewhere could be anything.
static void push_function(lua_State *lua, const struct job *job) {
    struct script_state *s = script_state_of(lua);
    if (s->flushes != job->flushes) {
        lua_pushnil(lua);
        lua_setfield(lua, LUA_REGISTRYINDEX, COMPILED);
        s->flushes = job->flushes;
        s->compiled = 0;
    }
    luaL_getsubtable(lua, LUA_REGISTRYINDEX, COMPILED);
    if (lua_getfield(lua, -1, job->sha) != LUA_TFUNCTION) {
        lua_pop(lua, 1);
        char name[SCRIPT_SHA_BYTES + 4];
        snprintf(name, sizeof name, "=f_%s", job->sha);
        if (luaL_loadbufferx(lua, job->text.p, job->text.len, name, "t") != LUA_OK) lua_error(lua);
        lua_pushvalue(lua, -1);
        lua_setfield(lua, -3, job->sha);
        s->compiled++;
    }
    lua_replace(lua, -2);
}

static void set_list(lua_State *lua, const char *name, const struct str *items, size_t count) {
    lua_pushstring(lua, name);
    lua_createtable(lua, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushlstring(lua, items[i].p, items[i].len);
        lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
    lua_rawset(lua, -3);
}

// --- SCRIPT ---

enum status scripts_load(struct scripts *s, struct command_call *call, struct str text, char *sha) {
    script_call_sha1(text, sha);
    struct scripts_run run = {.text = text};
    struct job job = {.run = &run, .sha = sha, .text = text, .only_compile = true};
    enum status st = execute(s, call, &job, run_script, deadline_of(s, call));
    if (st == STATUS_OK) st = script_cache_put(s->cache, sha, text);
    return st == STATUS_TOO_LARGE ? reason_set(call->why, st, "the script is too large") : st;
}

bool scripts_exists(struct scripts *s, struct str sha) {
    char key[SCRIPT_SHA_BYTES];
    if (sha.len != SCRIPT_SHA_BYTES - 1) return false;
    memcpy(key, sha.p, sha.len);
    key[sha.len] = '\0';
    return script_cache_get(s->cache, key, NULL, NULL) == STATUS_OK;
}

void scripts_flush(struct scripts *s) {
    script_cache_flush(s->cache);
}

// --- WHEREEVAL ---

enum status scripts_where(struct command_call *call, struct where_script *script,
                          const struct object *o, bool *match) {
    struct scripts *s = call->commands->scripts;
    struct scripts_run run = {.text = script->text,
                              .is_sha = script->is_sha,
                              .mode = SCRIPT_NO_CALLS,
                              .args = script->args,
                              .arg_count = script->arg_count};
    struct prepared *p = script->state;
    if (!p) {
        p = arena_alloc(call->arena, sizeof *p);
        if (!p) return STATUS_NO_MEMORY;
        enum status st = find_text(s, &run, call->arena, p->sha, &p->text, call->why);
        if (st != STATUS_OK) return st;
        p->deadline_ns = deadline_of(s, call);
        script->state = p;
    }
    struct job job = {
        .run = &run, .sha = p->sha, .text = p->text, .object = o, .only_compile = o == NULL};
    enum status st = execute(s, call, &job, o ? run_where : run_script,
                             o ? p->deadline_ns : deadline_of(s, call));
    if (st == STATUS_OK) *match = job.match;
    return st;
}

static int run_where(lua_State *lua) {
    struct job *job = lua_touserdata(lua, 1);
    push_function(lua, job);
    script_sandbox_push(lua);
    set_list(lua, "ARGV", job->run->args, job->run->arg_count);
    lua_pushliteral(lua, "FIELDS");
    push_fields(lua, script_state_of(lua), job->object);
    lua_rawset(lua, -3);
    struct str id = object_id(job->object), properties = object_properties(job->object);
    lua_pushliteral(lua, "ID");
    lua_pushlstring(lua, id.p, id.len);
    lua_rawset(lua, -3);
    if (memmem(job->text.p, job->text.len, "PROPERTIES", 10)) {
        lua_pushliteral(lua, "PROPERTIES");
        lua_pushcfunction(lua, script_json_decode);
        lua_pushlstring(lua, properties.p, properties.len);
        lua_call(lua, 1, 1);
        lua_rawset(lua, -3);
    }
    lua_setupvalue(lua, -2, 1);
    lua_call(lua, 0, 1);
    job->match = is_true(lua);
    return 0;
}

static void push_fields(lua_State *lua, struct script_state *s, const struct object *o) {
    const struct object_field *fields;
    size_t count;
    if (object_write_fields_of(o, &s->arena, &fields, &count) != STATUS_OK) {
        luaL_error(lua, "not enough memory");
    }
    lua_createtable(lua, 0, (int)count);
    for (size_t i = 0; i < count; i++) {
        lua_pushlstring(lua, fields[i].name.p, fields[i].name.len);
        push_property(lua, s, &fields[i].value);
        lua_rawset(lua, -3);
    }
}

static void push_property(lua_State *lua, struct script_state *s, const struct property *p) {
    struct str text = p->text;
    switch (p->kind) {
    case PROPERTY_NULL: lua_pushnil(lua); return;
    case PROPERTY_BOOL: lua_pushboolean(lua, p->boolean); return;
    case PROPERTY_NUMBER: lua_pushnumber(lua, p->number); return;
    case PROPERTY_STRING:
        buf_clear(&s->out);
        text = property_string(p, &s->out);
        break;
    default: break; // arrays and objects as JSON
    }
    lua_pushlstring(lua, text.p, text.len);
}

static bool is_true(lua_State *lua) {
    size_t len;
    switch (lua_type(lua, -1)) {
    case LUA_TBOOLEAN: return lua_toboolean(lua, -1);
    case LUA_TNUMBER: return lua_tonumber(lua, -1) != 0;
    case LUA_TSTRING: return lua_tolstring(lua, -1, &len) && len > 0;
    case LUA_TTABLE: lua_pushnil(lua); return lua_next(lua, -2) != 0;
    default: return false;
    }
}
