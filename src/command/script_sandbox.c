#include "command/script_sandbox.h"

#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <math.h>
#include <string.h>

#include "command/script_call.h"
#include "command/script_json.h"
#include "command/script_string.h"
#include "command/script_table.h"

#define PRISTINE "pristine" // in the registry: the globals that every run gets a copy of

static void add_base(lua_State *lua);
static void add_library(lua_State *lua, const char *name, lua_CFunction open,
                        const char *const *allowed);
static void replace(lua_State *lua, const char *table, const luaL_Reg *functions);
static int set_metatable(lua_State *lua);
static int math_pow(lua_State *lua);
static int base_xpcall(lua_State *lua);
static int coroutine_wrap(lua_State *lua);
static int resume(lua_State *lua);
static int refuse_global(lua_State *lua);

int script_sandbox_open(lua_State *lua) {
    static const char *const math[] = {
        "abs",  "acos", "asin", "atan",      "ceil", "cos",  "deg",        "exp",        "floor",
        "fmod", "log",  "max",  "min",       "modf", "rad",  "random",     "sin",        "sqrt",
        "tan",  "type", "ult",  "tointeger", "pi",   "huge", "maxinteger", "mininteger", NULL};
    static const char *const table[] = {"pack", "sort", "unpack", NULL};
    static const char *const string[] = {"byte",  "char",    "format", "len", "lower",
                                         "upper", "reverse", "sub",    NULL};
    static const char *const coroutine[] = {"create", "isyieldable", "resume", "running",
                                            "status", "yield",       NULL};
    static const luaL_Reg more_coroutine[] = {{"wrap", coroutine_wrap}, {NULL, NULL}};
    static const luaL_Reg more_math[] = {{"pow", math_pow}, {NULL, NULL}};
    lua_newtable(lua);
    add_base(lua);
    add_library(lua, "math", luaopen_math, math);
    add_library(lua, "table", luaopen_table, table);
    add_library(lua, "string", luaopen_string, string);
    add_library(lua, "coroutine", luaopen_coroutine, coroutine);
    lua_getfield(lua, -1, "table");
    lua_getfield(lua, -1, "sort");
    script_table_keep_sort(lua);
    lua_pop(lua, 1);
    replace(lua, "table", script_table_functions());
    replace(lua, "math", more_math);
    replace(lua, "coroutine", more_coroutine);
    replace(lua, "string", script_string_functions());
    replace(lua, "tile38", script_call_functions());
    replace(lua, "json", script_json_functions());
    lua_getfield(lua, -1, "table");
    lua_getfield(lua, -1, "unpack");
    lua_setfield(lua, -3, "unpack"); // Lua 5.1, which Tile38's scripts are written in, has it there
    lua_pop(lua, 1);
    // Methods of strings: the same functions, in a table that no script can reach.
    lua_pushliteral(lua, "");
    lua_getmetatable(lua, -1);
    lua_newtable(lua);
    lua_getfield(lua, -4, "string");
    for (lua_pushnil(lua); lua_next(lua, -2);) {
        lua_pushvalue(lua, -2);
        lua_insert(lua, -2);
        lua_settable(lua, -5);
    }
    lua_pop(lua, 1);
    lua_setfield(lua, -2, "__index");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 2);
    lua_setfield(lua, LUA_REGISTRYINDEX, PRISTINE);
    return 0;
}

static void add_base(lua_State *lua) {
    static const char *const allowed[] = {
        "assert", "error",  "getmetatable", "ipairs", "next",     "pairs",    "pcall", "rawequal",
        "rawget", "rawlen", "rawset",       "select", "tonumber", "tostring", "type",  "_VERSION"};
    luaL_requiref(lua, "_G", luaopen_base, 0);
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        lua_getfield(lua, -1, allowed[i]);
        lua_setfield(lua, -3, allowed[i]);
    }
    lua_getfield(lua, -1, "setmetatable");
    lua_pushcclosure(lua, set_metatable, 1);
    lua_setfield(lua, -3, "setmetatable");
    lua_pushcfunction(lua, base_xpcall);
    lua_setfield(lua, -3, "xpcall");
    lua_pop(lua, 1);
}

static void add_library(lua_State *lua, const char *name, lua_CFunction open,
                        const char *const *allowed) {
    luaL_requiref(lua, name, open, 0);
    lua_newtable(lua);
    for (; *allowed; allowed++) {
        lua_getfield(lua, -2, *allowed);
        lua_setfield(lua, -2, *allowed);
    }
    lua_setfield(lua, -3, name);
    lua_pop(lua, 1);
}

static void replace(lua_State *lua, const char *table, const luaL_Reg *functions) {
    luaL_getsubtable(lua, -1, table);
    luaL_setfuncs(lua, functions, 0);
    lua_pop(lua, 1);
}

// A finalizer would run when nobody counts its time.
static int set_metatable(lua_State *lua) {
    if (lua_istable(lua, 2)) {
        lua_pushliteral(lua, "__gc");
        if (lua_rawget(lua, 2) != LUA_TNIL) return luaL_error(lua, "__gc is not allowed");
        lua_pop(lua, 1);
    }
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, lua_gettop(lua) - 1, 1);
    return 1;
}

// Lua calls the handler before it unwinds: of an error that the clock raised, with the clock switched off. Here it
// is called afterwards.
static int base_xpcall(lua_State *lua) {
    luaL_checktype(lua, 2, LUA_TFUNCTION);
    lua_pushvalue(lua, 2);
    lua_rotate(lua, 1, 1); // handler, function, handler, arguments
    lua_remove(lua, 3);
    int st = lua_pcall(lua, lua_gettop(lua) - 2, LUA_MULTRET, 0);
    if (st == LUA_OK) {
        lua_pushboolean(lua, 1);
        lua_replace(lua, 1);
        return lua_gettop(lua);
    }
    lua_call(lua, 1, LUA_MULTRET);
    lua_pushboolean(lua, 0);
    lua_insert(lua, 1);
    return lua_gettop(lua);
}

// Lua's own closes a coroutine that fails, and its variables with it, again with the clock switched off.
static int coroutine_wrap(lua_State *lua) {
    luaL_checktype(lua, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(lua);
    lua_pushvalue(lua, 1);
    lua_xmove(lua, co, 1);
    lua_pushcclosure(lua, resume, 1);
    return 1;
}

static int resume(lua_State *lua) {
    lua_State *co = lua_tothread(lua, lua_upvalueindex(1));
    int n = lua_gettop(lua);
    if (!lua_checkstack(co, n)) return luaL_error(lua, "too many arguments to resume");
    if (lua_status(co) == LUA_OK && lua_gettop(co) == 0) {
        return luaL_error(lua, "cannot resume dead coroutine");
    }
    lua_xmove(lua, co, n);
    int st = lua_resume(co, lua, n, &n);
    if (st != LUA_OK && st != LUA_YIELD) {
        lua_xmove(co, lua, 1);
        return lua_error(lua);
    }
    if (!lua_checkstack(lua, n)) return luaL_error(lua, "too many results to resume");
    lua_xmove(co, lua, n);
    return n;
}

static int math_pow(lua_State *lua) {
    lua_pushnumber(lua, pow(luaL_checknumber(lua, 1), luaL_checknumber(lua, 2)));
    return 1;
}

void script_sandbox_push(lua_State *lua) {
    lua_newtable(lua);
    lua_getfield(lua, LUA_REGISTRYINDEX, PRISTINE);
    for (lua_pushnil(lua); lua_next(lua, -2);) {
        if (lua_istable(lua, -1)) { // a library: one level more
            lua_newtable(lua);
            for (lua_pushnil(lua); lua_next(lua, -3);) {
                lua_pushvalue(lua, -2);
                lua_insert(lua, -2);
                lua_rawset(lua, -4);
            }
            lua_replace(lua, -2);
        }
        lua_pushvalue(lua, -2);
        lua_insert(lua, -2);
        lua_rawset(lua, -5);
    }
    lua_pop(lua, 1);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, -2, "_G");
    lua_createtable(lua, 0, 2);
    lua_pushcfunction(lua, refuse_global);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
}

static int refuse_global(lua_State *lua) {
    return luaL_error(lua, "attempt to create global variable '%s'", luaL_tolstring(lua, 2, NULL));
}
