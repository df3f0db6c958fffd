#include "command/script_json.h"

#include <yyjson.h>

#include "command/script_state.h"
#include "command/script_value.h"

static int json_encode(lua_State *lua);
static void push_value(lua_State *lua, yyjson_val *val, int depth);
static int push_document(lua_State *lua);

const luaL_Reg *script_json_functions(void) {
    static const luaL_Reg functions[] = {
        {"encode", json_encode}, {"decode", script_json_decode}, {NULL, NULL}};
    return functions;
}

static int json_encode(lua_State *lua) {
    struct script_state *s = script_state_of(lua);
    luaL_checkany(lua, 1);
    buf_clear(&s->out);
    script_value_write_json(lua, 1, &s->out);
    if (s->out.failed) return luaL_error(lua, "not enough memory");
    lua_pushlstring(lua, s->out.data, s->out.len);
    return 1;
}

// yyjson's document is not Lua's memory: it is freed whatever is raised while it is walked.
int script_json_decode(lua_State *lua) {
    size_t len;
    const char *text = luaL_checklstring(lua, 1, &len);
    if (len > script_state_of(lua)->limit / 16) return luaL_error(lua, "not enough memory");
    yyjson_read_err error;
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)text, len, 0, NULL, &error);
    if (!doc) return luaL_error(lua, "%s at %d", error.msg, (int)error.pos);
    lua_pushcfunction(lua, push_document);
    lua_pushlightuserdata(lua, doc);
    int st = lua_pcall(lua, 1, 1, 0);
    yyjson_doc_free(doc);
    return st == LUA_OK ? 1 : lua_error(lua);
}

static int push_document(lua_State *lua) {
    push_value(lua, yyjson_doc_get_root(lua_touserdata(lua, 1)), 0);
    return 1;
}

static void push_value(lua_State *lua, yyjson_val *val, int depth) {
    if (depth >= SCRIPT_VALUE_DEPTH) luaL_error(lua, "JSON nested too deeply");
    if (!lua_checkstack(lua, 4)) luaL_error(lua, "not enough memory"); // the depth is bounded
    size_t i, n;
    yyjson_val *key, *item;
    switch (yyjson_get_type(val)) {
    case YYJSON_TYPE_BOOL: lua_pushboolean(lua, yyjson_get_bool(val)); return;
    case YYJSON_TYPE_NUM:
        if (yyjson_is_sint(val) || (yyjson_is_uint(val) && yyjson_get_uint(val) <= INT64_MAX)) {
            lua_pushinteger(lua, yyjson_get_sint(val));
        } else {
            lua_pushnumber(lua, yyjson_get_num(val));
        }
        return;
    case YYJSON_TYPE_STR: lua_pushlstring(lua, yyjson_get_str(val), yyjson_get_len(val)); return;
    case YYJSON_TYPE_ARR:
        lua_newtable(lua);
        yyjson_arr_foreach(val, i, n, item) {
            push_value(lua, item, depth + 1);
            lua_rawseti(lua, -2, (lua_Integer)i + 1);
        }
        return;
    case YYJSON_TYPE_OBJ:
        lua_newtable(lua);
        yyjson_obj_foreach(val, i, n, key, item) {
            lua_pushlstring(lua, yyjson_get_str(key), yyjson_get_len(key));
            push_value(lua, item, depth + 1);
            lua_rawset(lua, -3);
        }
        return;
    default: lua_pushnil(lua);
    }
}
