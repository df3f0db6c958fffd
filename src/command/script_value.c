#include "command/script_value.h"

#include <lua5.4/lauxlib.h>
#include <math.h>

#include "command/script_state.h"
#include "proto/resp.h"

static struct str take_line(struct str *reply);
static void push_pair(lua_State *lua, const char *name, struct str text);
static void push_array(lua_State *lua, struct str *reply, int64_t count);
static void write_resp(lua_State *lua, int index, struct buf *out, int depth);
static void write_resp_table(lua_State *lua, int index, struct buf *out, int depth);
static bool write_special(lua_State *lua, int index, struct buf *out);
static void write_json(lua_State *lua, int index, struct buf *out, int depth);
static void write_json_table(lua_State *lua, int index, struct buf *out, int depth);
static void write_json_string(lua_State *lua, int index, struct buf *out);
static void check(lua_State *lua, const struct buf *out, int depth);
static struct str text_at(lua_State *lua, int index);

void script_value_push_reply(lua_State *lua, struct str *reply) {
    if (!lua_checkstack(lua, 6)) luaL_error(lua, "not enough memory"); // the depth is bounded
    struct str line = take_line(reply);
    char kind = line.len ? line.p[0] : '$';
    struct str rest = line.len ? str_sub(line, 1, line.len - 1) : STR_NONE;
    int64_t n = -1;
    switch (kind) {
    case ':':
        if (!str_parse_i64(rest, &n)) n = 0;
        lua_pushinteger(lua, n);
        return;
    case '+': push_pair(lua, "ok", rest); return;
    case '-': push_pair(lua, "err", rest); return;
    default: break;
    }
    if (!str_parse_i64(rest, &n) || n < 0) {
        lua_pushboolean(lua, 0);
    } else if (kind == '*') {
        push_array(lua, reply, n);
    } else {
        size_t len = (size_t)n <= reply->len ? (size_t)n : reply->len;
        lua_pushlstring(lua, reply->p, len);
        size_t past = len + 2 <= reply->len ? len + 2 : reply->len;
        *reply = str_sub(*reply, past, reply->len - past);
    }
}

static struct str take_line(struct str *reply) {
    size_t end = str_find(*reply, '\n');
    struct str line = {reply->p, end && end < reply->len ? end - 1 : end};
    size_t past = end < reply->len ? end + 1 : end;
    *reply = str_sub(*reply, past, reply->len - past);
    return line;
}

static void push_pair(lua_State *lua, const char *name, struct str text) {
    lua_createtable(lua, 0, 1);
    lua_pushlstring(lua, text.p, text.len);
    lua_setfield(lua, -2, name);
}

static void push_array(lua_State *lua, struct str *reply, int64_t count) {
    lua_createtable(lua, count < 65536 ? (int)count : 65536, 0);
    for (int64_t i = 1; i <= count && reply->len; i++) {
        script_value_push_reply(lua, reply);
        lua_rawseti(lua, -2, i);
    }
}

void script_value_write_resp(lua_State *lua, int index, struct buf *out) {
    write_resp(lua, lua_absindex(lua, index), out, 0);
}

static void write_resp(lua_State *lua, int index, struct buf *out, int depth) {
    switch (lua_type(lua, index)) {
    case LUA_TNIL: resp_null(out); return;
    case LUA_TBOOLEAN:
        if (lua_toboolean(lua, index)) {
            resp_integer(out, 1);
        } else {
            resp_null(out);
        }
        return;
    case LUA_TNUMBER: {
        double v = lua_tonumber(lua, index);
        if (lua_isinteger(lua, index)) {
            resp_integer(out, lua_tointeger(lua, index));
        } else if (fabs(v) < 9.2e18) {
            resp_integer(out, (int64_t)floor(v));
        } else { // too large, or none
            resp_bulk(out, isnan(v) ? STR("NaN") : v > 0 ? STR("+Inf") : STR("-Inf"));
        }
        return;
    }
    case LUA_TSTRING: resp_bulk(out, text_at(lua, index)); return;
    case LUA_TTABLE: write_resp_table(lua, index, out, depth); return;
    default: {
        char text[64];
        struct buf b = {.data = text, .cap = sizeof text};
        buf_append_str(&b, STR("Unsupported lua type: "));
        buf_append_str(&b, str_of(luaL_typename(lua, index)));
        resp_error(out, buf_str(&b));
    }
    }
}

static void write_resp_table(lua_State *lua, int index, struct buf *out, int depth) {
    check(lua, out, depth);
    size_t length = lua_rawlen(lua, index);
    if (length == 0 && write_special(lua, index, out)) return;
    size_t count = 0;
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1)) {
        count++;
    }
    resp_array(out, length ? length : count);
    for (size_t i = 1; i <= length; i++) { // in order; what else is in a list is left out
        lua_rawgeti(lua, index, (lua_Integer)i);
        write_resp(lua, lua_gettop(lua), out, depth + 1);
        lua_pop(lua, 1);
    }
    if (length) return;
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1)) {
        int value = lua_gettop(lua);
        resp_array(out, 2);
        write_resp(lua, value - 1, out, depth + 1);
        write_resp(lua, value, out, depth + 1);
    }
}

// {ok = text} and {err = text}, with nothing besides.
static bool write_special(lua_State *lua, int index, struct buf *out) {
    lua_pushnil(lua);
    if (!lua_next(lua, index)) return false;
    bool named = lua_type(lua, -2) == LUA_TSTRING && lua_isstring(lua, -1);
    struct str name = named ? text_at(lua, -2) : STR_NONE;
    bool ok = str_eq(name, STR("ok")), err = str_eq(name, STR("err"));
    int top = lua_gettop(lua);
    lua_pushvalue(lua, top - 1);
    bool alone = lua_next(lua, index) == 0;
    if (alone && ok) resp_simple(out, text_at(lua, top));
    if (alone && err) resp_error(out, text_at(lua, top));
    lua_settop(lua, top - 2);
    return alone && (ok || err);
}

static struct str text_at(lua_State *lua, int index) {
    size_t len;
    const char *text = lua_tolstring(lua, index, &len);
    return (struct str){text, len};
}

// A table that holds another twice, and so on, is small to keep and endless to write.
static void check(lua_State *lua, const struct buf *out, int depth) {
    struct script_state *s = script_state_of(lua);
    if (depth >= SCRIPT_VALUE_DEPTH) luaL_error(lua, "table nested too deeply");
    if (out->failed || out->len > s->limit) luaL_error(lua, "not enough memory");
    if (script_state_is_late(s)) luaL_error(lua, "timeout");
    if (!lua_checkstack(lua, 8)) luaL_error(lua, "not enough memory"); // the depth is bounded
}

void script_value_write_json(lua_State *lua, int index, struct buf *out) {
    write_json(lua, lua_absindex(lua, index), out, 0);
}

static void write_json(lua_State *lua, int index, struct buf *out, int depth) {
    switch (lua_type(lua, index)) {
    case LUA_TNIL: buf_append_str(out, STR("null")); return;
    case LUA_TBOOLEAN:
        buf_append_str(out, lua_toboolean(lua, index) ? STR("true") : STR("false"));
        return;
    case LUA_TNUMBER:
        if (lua_isinteger(lua, index)) {
            buf_append_i64(out, lua_tointeger(lua, index));
        } else {
            buf_append_double(out, lua_tonumber(lua, index));
        }
        return;
    case LUA_TSTRING: write_json_string(lua, index, out); return;
    case LUA_TTABLE: write_json_table(lua, index, out, depth); return;
    default: luaL_error(lua, "cannot encode a %s as JSON", luaL_typename(lua, index));
    }
}

static void write_json_table(lua_State *lua, int index, struct buf *out, int depth) {
    check(lua, out, depth);
    size_t length = lua_rawlen(lua, index);
    buf_append_char(out, length ? '[' : '{');
    for (size_t i = 1; i <= length; i++) {
        if (i > 1) buf_append_char(out, ',');
        lua_rawgeti(lua, index, (lua_Integer)i);
        write_json(lua, lua_gettop(lua), out, depth + 1);
        lua_pop(lua, 1);
    }
    bool first = true;
    lua_pushnil(lua);
    while (!length && lua_next(lua, index)) {
        if (!first) buf_append_char(out, ',');
        first = false;
        int value = lua_gettop(lua);
        lua_pushvalue(lua, value - 1); // a copy: lua_next must find the key as it was
        if (!lua_isstring(lua, -1)) luaL_error(lua, "keys of JSON are strings or numbers");
        write_json_string(lua, -1, out);
        buf_append_char(out, ':');
        write_json(lua, value, out, depth + 1);
        lua_settop(lua, value - 1);
    }
    buf_append_char(out, length ? ']' : '}');
}

// Lua's strings are bytes: what is no UTF-8 becomes U+FFFD, byte by byte.
static void write_json_string(lua_State *lua, int index, struct buf *out) {
    struct str text = text_at(lua, index);
    if (str_is_utf8(text)) {
        buf_append_json(out, text);
        return;
    }
    struct buf clean;
    buf_init(&clean);
    for (size_t i = 0; i < text.len;) {
        size_t len = 1;
        while (len <= 4 && i + len <= text.len && !str_is_utf8(str_sub(text, i, len))) {
            len++;
        }
        bool good = len <= 4 && i + len <= text.len;
        buf_append_str(&clean, good ? str_sub(text, i, len) : STR("\xef\xbf\xbd"));
        i += good ? len : 1;
    }
    buf_append_json(out, buf_str(&clean));
    out->failed |= clean.failed;
    buf_deinit(&clean);
}
