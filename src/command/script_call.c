#include "command/script_call.h"

#include <math.h>
#include <openssl/sha.h>

#include "command/command.h"
#include "command/script_state.h"
#include "command/script_value.h"
#include "geo/distance.h"

#define ARGUMENTS_MAX 10000

static int call(lua_State *lua);
static int pcall(lua_State *lua);
static void run(lua_State *lua);
static const char *refusal(struct script_state *s, const struct str *args, size_t count);
static void execute(struct script_state *s, const struct str *args, size_t count);
static struct str *take_arguments(lua_State *lua, struct script_state *s, size_t *count);
static int error_reply(lua_State *lua);
static int status_reply(lua_State *lua);
static int sha1hex(lua_State *lua);
static int distance_to(lua_State *lua);
static double turned(double lon);

const luaL_Reg *script_call_functions(void) {
    static const luaL_Reg functions[] = {{"call", call},
                                         {"pcall", pcall},
                                         {"error_reply", error_reply},
                                         {"status_reply", status_reply},
                                         {"sha1hex", sha1hex},
                                         {"distance_to", distance_to},
                                         {NULL, NULL}};
    return functions;
}

// A failing command ends the script, unless that catches it.
static int call(lua_State *lua) {
    run(lua);
    if (!lua_istable(lua, -1)) return 1;
    lua_getfield(lua, -1, "err");
    if (lua_isstring(lua, -1)) return luaL_error(lua, "ERR %s", lua_tostring(lua, -1));
    lua_pop(lua, 1);
    return 1;
}

static int pcall(lua_State *lua) {
    run(lua);
    return 1;
}

// Leaves the reply on the stack; what went wrong is {err = text}, without "ERR ".
static void run(lua_State *lua) {
    struct script_state *s = script_state_of(lua);
    arena_reset(&s->arena);
    buf_clear(&s->out);
    size_t count;
    struct str *args = take_arguments(lua, s, &count);
    const char *no = refusal(s, args, count);
    if (no) {
        lua_createtable(lua, 0, 1);
        lua_pushstring(lua, no);
        lua_setfield(lua, -2, "err");
        return;
    }
    execute(s, args, count);
    if (s->out.failed) luaL_error(lua, "not enough memory");
    if (s->out.len >= 5 && memcmp(s->out.data, "-ERR ", 5) == 0) {
        struct str text = {s->out.data + 5, s->out.len - 7};
        lua_createtable(lua, 0, 1);
        lua_pushlstring(lua, text.p, text.len);
        lua_setfield(lua, -2, "err");
        return;
    }
    struct str reply = buf_str(&s->out);
    script_value_push_reply(lua, &reply);
}

// Up to the first that is missing.
static struct str *take_arguments(lua_State *lua, struct script_state *s, size_t *count) {
    int n = lua_gettop(lua);
    if (n < 1 || n > ARGUMENTS_MAX) luaL_error(lua, "ERR wrong number of arguments");
    struct str *args = arena_alloc(&s->arena, (size_t)n * sizeof *args);
    if (!args) luaL_error(lua, "not enough memory");
    size_t at = 0;
    for (int i = 1; i <= n && !lua_isnil(lua, i); i++) {
        if (lua_type(lua, i) == LUA_TNUMBER && !lua_isinteger(lua, i)) {
            double v = lua_tonumber(lua, i);
            if (v == floor(v) && fabs(v) < 1e15) { // 33, not 33.0
                lua_pushinteger(lua, (lua_Integer)v);
                lua_replace(lua, i);
            }
        }
        size_t len;
        const char *text = luaL_checklstring(lua, i, &len);
        args[at++] = (struct str){text, len};
    }
    *count = at;
    return args;
}

static const char *refusal(struct script_state *s, const struct str *args, size_t count) {
    size_t words;
    if (!s->call || s->mode == SCRIPT_NO_CALLS) return "command not supported in scripts";
    const struct command *c = command_find(s->call->commands, args, count, &words);
    if (!c || !(c->flags & COMMAND_SCRIPT)) return "command not supported in scripts";
    if ((c->flags & COMMAND_WRITE) && s->mode != SCRIPT_WRITE) return "read only";
    if (script_state_is_late(s)) return "timeout";
    return NULL;
}

// As the client that runs the script, but answered in RESP. What is written must be durable before the script's
// own answer goes out.
static void execute(struct script_state *s, const struct str *args, size_t count) {
    struct command_client client = *s->call->client;
    client.json = false;
    client.subscriber = NULL;
    struct command_call inner = {.commands = s->call->commands,
                                 .client = &client,
                                 .args = args,
                                 .count = count,
                                 .out = &s->out,
                                 .arena = &s->arena,
                                 .reader = s->call->reader,
                                 .deadline_ns = s->deadline_ns};
    command_answer_bare(&inner);
    if (inner.wait_lsn > s->call->wait_lsn) s->call->wait_lsn = inner.wait_lsn;
}

static int error_reply(lua_State *lua) {
    luaL_checkstring(lua, 1);
    lua_createtable(lua, 0, 1);
    lua_pushvalue(lua, 1);
    lua_setfield(lua, -2, "err");
    return 1;
}

static int status_reply(lua_State *lua) {
    luaL_checkstring(lua, 1);
    lua_createtable(lua, 0, 1);
    lua_pushvalue(lua, 1);
    lua_setfield(lua, -2, "ok");
    return 1;
}

static int sha1hex(lua_State *lua) {
    size_t len;
    const char *text = luaL_checklstring(lua, 1, &len);
    char hex[SCRIPT_SHA_BYTES];
    script_call_sha1((struct str){text, len}, hex);
    lua_pushstring(lua, hex);
    return 1;
}

void script_call_sha1(struct str text, char out[SCRIPT_SHA_BYTES]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SHA_DIGEST_LENGTH];
    SHA1((const unsigned char *)text.p, text.len, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[2 * sizeof hash] = '\0';
}

// Latitudes first, as in all commands.
static int distance_to(lua_State *lua) {
    struct point a = {turned(luaL_checknumber(lua, 2)), luaL_checknumber(lua, 1)};
    struct point b = {turned(luaL_checknumber(lua, 4)), luaL_checknumber(lua, 3)};
    lua_pushnumber(lua, distance_haversine_m(a, b));
    return 1;
}

// Scripts may give any number; distances expect few turns of the earth.
static double turned(double lon) {
    return fabs(lon) <= 180 ? lon : remainder(lon, 360);
}
