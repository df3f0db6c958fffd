#include "command/script_table.h"

#include <limits.h>
#include <stdbool.h>

#include "command/script_state.h"

#define LOOK_EVERY 4096 // steps
#define MOVE_MAX 10000000
#define SORT "sort" // in the registry: Lua's own

static int table_concat(lua_State *lua);
static void add_item(lua_State *lua, luaL_Buffer *b, lua_Integer at);
static int table_insert(lua_State *lua);
static int table_move(lua_State *lua);
static int table_remove(lua_State *lua);
static int table_sort(lua_State *lua);
static int sort_before(lua_State *lua);
static void look(lua_State *lua, lua_Integer step);

const luaL_Reg *script_table_functions(void) {
    static const luaL_Reg functions[] = {{"concat", table_concat}, {"insert", table_insert},
                                         {"move", table_move},     {"remove", table_remove},
                                         {"sort", table_sort},     {NULL, NULL}};
    return functions;
}

void script_table_keep_sort(lua_State *lua) {
    lua_setfield(lua, LUA_REGISTRYINDEX, SORT);
}

static int table_concat(lua_State *lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    size_t len;
    const char *between = luaL_optlstring(lua, 2, "", &len);
    lua_Integer at = luaL_optinteger(lua, 3, 1);
    lua_Integer last = lua_isnoneornil(lua, 4) ? luaL_len(lua, 1) : luaL_checkinteger(lua, 4);
    lua_settop(lua, 4);
    luaL_Buffer b;
    luaL_buffinit(lua, &b);
    for (; at < last; at++) {
        look(lua, at);
        add_item(lua, &b, at);
        luaL_addlstring(&b, between, len);
    }
    if (at == last) add_item(lua, &b, at);
    luaL_pushresult(&b);
    return 1;
}

static void add_item(lua_State *lua, luaL_Buffer *b, lua_Integer at) {
    lua_geti(lua, 1, at);
    if (!lua_isstring(lua, -1)) {
        luaL_error(lua, "invalid value (at index %I) in table for 'concat'", (LUAI_UACINT)at);
    }
    luaL_addvalue(b);
}

static int table_insert(lua_State *lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_Integer end = (lua_Integer)((lua_Unsigned)luaL_len(lua, 1) + 1);
    int given = lua_gettop(lua);
    if (given != 2 && given != 3) return luaL_error(lua, "wrong number of arguments to 'insert'");
    if (given == 3) {
        lua_Integer at = luaL_checkinteger(lua, 2);
        luaL_argcheck(lua, (lua_Unsigned)at - 1u < (lua_Unsigned)end, 2, "position out of bounds");
        for (; end > at; end--) {
            look(lua, end);
            lua_geti(lua, 1, end - 1);
            lua_seti(lua, 1, end);
        }
    }
    lua_seti(lua, 1, end);
    return 0;
}

static int table_remove(lua_State *lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_Integer size = luaL_len(lua, 1), at = luaL_optinteger(lua, 2, size);
    bool inside = at == size || (lua_Unsigned)at - 1u <= (lua_Unsigned)size;
    luaL_argcheck(lua, inside, 2, "position out of bounds");
    lua_geti(lua, 1, at);
    for (; at < size; at++) {
        look(lua, at);
        lua_geti(lua, 1, at + 1);
        lua_seti(lua, 1, at);
    }
    lua_pushnil(lua);
    lua_seti(lua, 1, at);
    return 1;
}

static int table_move(lua_State *lua) {
    lua_Integer from = luaL_checkinteger(lua, 2), last = luaL_checkinteger(lua, 3);
    lua_Integer to = luaL_checkinteger(lua, 4);
    int target = lua_isnoneornil(lua, 5) ? 1 : 5;
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checktype(lua, target, LUA_TTABLE);
    if (last >= from) {
        lua_Integer room = LUA_MAXINTEGER / 2;
        bool sane = from > -room && last < room && to > -room && to < room;
        luaL_argcheck(lua, sane && last - from < MOVE_MAX, 3, "too many elements to move");
        lua_Integer n = last - from + 1;
        bool up = to > from && to <= last && target == 1; // they overlap: from the end
        for (lua_Integer i = 0; i < n; i++) {
            lua_Integer k = up ? n - 1 - i : i;
            look(lua, i);
            lua_geti(lua, 1, from + k);
            lua_seti(lua, target, to + k);
        }
    }
    lua_pushvalue(lua, target);
    return 1;
}

// Lua's own, with a comparison that looks at the clock where the given one is not Lua code, which the clock counts.
static int table_sort(lua_State *lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    bool given = !lua_isnoneornil(lua, 2);
    if (given) luaL_checktype(lua, 2, LUA_TFUNCTION);
    lua_settop(lua, 2);
    lua_getfield(lua, LUA_REGISTRYINDEX, SORT);
    lua_pushvalue(lua, 1);
    lua_pushvalue(lua, 2);
    if (!given || lua_iscfunction(lua, 2)) {
        lua_pushinteger(lua, 0);
        lua_pushcclosure(lua, sort_before, 2);
    }
    lua_call(lua, 2, 0);
    return 0;
}

static int sort_before(lua_State *lua) {
    lua_Integer step = lua_tointeger(lua, lua_upvalueindex(2));
    look(lua, step);
    lua_pushinteger(lua, (step + 1) % LOOK_EVERY);
    lua_replace(lua, lua_upvalueindex(2));
    lua_settop(lua, 2);
    if (lua_isnil(lua, lua_upvalueindex(1))) {
        lua_pushboolean(lua, lua_compare(lua, 1, 2, LUA_OPLT));
        return 1;
    }
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, 2, 1);
    return 1;
}

static void look(lua_State *lua, lua_Integer step) {
    if (step % LOOK_EVERY == 0 && script_state_is_late(script_state_of(lua)))
        luaL_error(lua, "timeout");
}
