#include "command/script_string.h"

#include <stdbool.h>
#include <string.h>

#include "command/script_pattern.h"
#include "command/script_state.h"

static int string_find(lua_State *lua);
static int string_match(lua_State *lua);
static int string_gmatch(lua_State *lua);
static int next_match(lua_State *lua);
static int string_gsub(lua_State *lua);
static int string_rep(lua_State *lua);
static int find(lua_State *lua, bool captures_only);
static bool is_plain(const char *pattern, size_t len);
static bool is_late(void *ctx);
static struct script_pattern pattern_of(lua_State *lua, int subject, int pattern, bool *anchor);
static const char *match_at(lua_State *lua, struct script_pattern *m, const char *at);
static int push_captures(lua_State *lua, const struct script_pattern *m, const char *begin,
                         const char *end);
static void push_capture(lua_State *lua, const struct script_pattern *m, int i, const char *begin,
                         const char *end);
static void add_replacement(lua_State *lua, luaL_Buffer *b, const struct script_pattern *m,
                            const char *begin, const char *end);
static void add_template(lua_State *lua, luaL_Buffer *b, const struct script_pattern *m,
                         const char *begin, const char *end);

const luaL_Reg *script_string_functions(void) {
    static const luaL_Reg functions[] = {{"find", string_find},     {"match", string_match},
                                         {"gmatch", string_gmatch}, {"gsub", string_gsub},
                                         {"rep", string_rep},       {NULL, NULL}};
    return functions;
}

static int string_find(lua_State *lua) {
    return find(lua, false);
}

static int string_match(lua_State *lua) {
    return find(lua, true);
}

static int find(lua_State *lua, bool captures_only) {
    size_t len, pattern_len;
    const char *s = luaL_checklstring(lua, 1, &len);
    const char *p = luaL_checklstring(lua, 2, &pattern_len);
    lua_Integer init = luaL_optinteger(lua, 3, 1);
    if (init < 0) init = -init > (lua_Integer)len ? 1 : (lua_Integer)len + init + 1;
    if (init == 0) init = 1;
    if (init > (lua_Integer)len + 1) {
        lua_pushnil(lua);
        return 1;
    }
    const char *at = s + init - 1;
    if (!captures_only && (lua_toboolean(lua, 4) || is_plain(p, pattern_len))) {
        const char *found = memmem(at, (size_t)(s + len - at), p, pattern_len);
        if (!found) {
            lua_pushnil(lua);
            return 1;
        }
        lua_pushinteger(lua, found - s + 1);
        lua_pushinteger(lua, found - s + (lua_Integer)pattern_len);
        return 2;
    }
    bool anchor;
    struct script_pattern m = pattern_of(lua, 1, 2, &anchor);
    for (; at <= s + len; at++) {
        const char *end = match_at(lua, &m, at);
        if (end && captures_only) return push_captures(lua, &m, at, end);
        if (end) {
            lua_pushinteger(lua, at - s + 1);
            lua_pushinteger(lua, end - s);
            return 2 + (m.count ? push_captures(lua, &m, NULL, NULL) : 0);
        }
        if (anchor) break;
    }
    lua_pushnil(lua);
    return 1;
}

static bool is_plain(const char *pattern, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (pattern[i] == '\0' || strchr("^$*+?.([%-", pattern[i])) return false;
    }
    return true;
}

static struct script_pattern pattern_of(lua_State *lua, int subject, int pattern, bool *anchor) {
    size_t len, pattern_len;
    const char *s = luaL_checklstring(lua, subject, &len);
    const char *p = luaL_checklstring(lua, pattern, &pattern_len);
    *anchor = pattern_len && *p == '^';
    return (struct script_pattern){.subject = s,
                                   .subject_end = s + len,
                                   .pattern = p + *anchor,
                                   .pattern_end = p + pattern_len,
                                   .is_late = is_late,
                                   .ctx = script_state_of(lua)};
}

static bool is_late(void *ctx) {
    return script_state_is_late(ctx);
}

static const char *match_at(lua_State *lua, struct script_pattern *m, const char *at) {
    const char *end = script_pattern_match(m, at);
    if (m->error) luaL_error(lua, "%s", m->error);
    return end;
}

// The whole match when there are no captures and `begin` is given.
static int push_captures(lua_State *lua, const struct script_pattern *m, const char *begin,
                         const char *end) {
    int n = m->count == 0 && begin ? 1 : m->count;
    luaL_checkstack(lua, n, "too many captures");
    for (int i = 0; i < n; i++) {
        push_capture(lua, m, i, begin, end);
    }
    return n;
}

static void push_capture(lua_State *lua, const struct script_pattern *m, int i, const char *begin,
                         const char *end) {
    if (i >= m->count) {
        if (i != 0) luaL_error(lua, "invalid capture index %%%d", i + 1);
        lua_pushlstring(lua, begin, (size_t)(end - begin));
    } else if (m->captures[i].len == SCRIPT_PATTERN_POSITION) {
        lua_pushinteger(lua, m->captures[i].start - m->subject + 1);
    } else if (m->captures[i].len < 0) {
        luaL_error(lua, "unfinished capture");
    } else {
        lua_pushlstring(lua, m->captures[i].start, (size_t)m->captures[i].len);
    }
}

// Upvalues: subject, pattern, where to go on, where the last match ended.
static int string_gmatch(lua_State *lua) {
    luaL_checkstring(lua, 1);
    luaL_checkstring(lua, 2);
    lua_settop(lua, 2);
    lua_pushinteger(lua, 0);
    lua_pushinteger(lua, -1);
    lua_pushcclosure(lua, next_match, 4);
    return 1;
}

static int next_match(lua_State *lua) {
    bool anchor;
    struct script_pattern m = pattern_of(lua, lua_upvalueindex(1), lua_upvalueindex(2), &anchor);
    m.pattern -= anchor; // here '^' is a character like others
    const char *last = m.subject + lua_tointeger(lua, lua_upvalueindex(4));
    for (const char *at = m.subject + lua_tointeger(lua, lua_upvalueindex(3)); at <= m.subject_end;
         at++) {
        const char *end = match_at(lua, &m, at);
        if (!end || end == last) continue;
        lua_pushinteger(lua, end - m.subject);
        lua_copy(lua, -1, lua_upvalueindex(3));
        lua_replace(lua, lua_upvalueindex(4));
        return push_captures(lua, &m, at, end);
    }
    return 0;
}

static int string_gsub(lua_State *lua) {
    bool anchor;
    struct script_pattern m = pattern_of(lua, 1, 2, &anchor);
    int type = lua_type(lua, 3);
    luaL_argexpected(lua,
                     type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION ||
                         type == LUA_TTABLE,
                     3, "string/function/table");
    lua_Integer most = luaL_optinteger(lua, 4, LUA_MAXINTEGER), n = 0;
    const char *at = m.subject, *last = NULL;
    luaL_Buffer b;
    luaL_buffinit(lua, &b);
    while (n < most) {
        const char *end = match_at(lua, &m, at);
        if (end && end != last) {
            n++;
            add_replacement(lua, &b, &m, at, end);
            at = last = end;
        } else if (at < m.subject_end) {
            luaL_addchar(&b, *at++);
        } else {
            break;
        }
        if (anchor) break;
    }
    luaL_addlstring(&b, at, (size_t)(m.subject_end - at));
    luaL_pushresult(&b);
    lua_pushinteger(lua, n);
    return 2;
}

static void add_replacement(lua_State *lua, luaL_Buffer *b, const struct script_pattern *m,
                            const char *begin, const char *end) {
    switch (lua_type(lua, 3)) {
    case LUA_TFUNCTION: {
        lua_pushvalue(lua, 3);
        int n = push_captures(lua, m, begin, end);
        lua_call(lua, n, 1);
        break;
    }
    case LUA_TTABLE:
        push_capture(lua, m, 0, begin, end);
        lua_gettable(lua, 3);
        break;
    default: add_template(lua, b, m, begin, end); return;
    }
    if (!lua_toboolean(lua, -1)) {
        lua_pop(lua, 1);
        luaL_addlstring(b, begin, (size_t)(end - begin));
    } else if (lua_isstring(lua, -1)) {
        luaL_addvalue(b);
    } else {
        luaL_error(lua, "invalid replacement value (a %s)", luaL_typename(lua, -1));
    }
}

static void add_template(lua_State *lua, luaL_Buffer *b, const struct script_pattern *m,
                         const char *begin, const char *end) {
    size_t len;
    const char *text = lua_tolstring(lua, 3, &len);
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '%') {
            luaL_addchar(b, text[i]);
            continue;
        }
        char c = ++i < len ? text[i] : '\0';
        if (c == '%') {
            luaL_addchar(b, c);
        } else if (c == '0') {
            luaL_addlstring(b, begin, (size_t)(end - begin));
        } else if (c >= '1' && c <= '9') {
            push_capture(lua, m, c - '1', begin, end);
            luaL_tolstring(lua, -1, NULL);
            lua_remove(lua, -2);
            luaL_addvalue(b);
        } else {
            luaL_error(lua, "invalid use of '%%' in replacement string");
        }
    }
}

static int string_rep(lua_State *lua) {
    size_t len, between_len;
    const char *s = luaL_checklstring(lua, 1, &len);
    lua_Integer n = luaL_checkinteger(lua, 2);
    const char *between = luaL_optlstring(lua, 3, "", &between_len);
    if (n <= 0 || len + between_len == 0) {
        lua_pushliteral(lua, "");
        return 1;
    }
    if ((size_t)n > script_state_of(lua)->limit / (len + between_len)) {
        return luaL_error(lua, "resulting string too large");
    }
    size_t total = (size_t)n * len + (size_t)(n - 1) * between_len;
    luaL_Buffer b;
    char *to = luaL_buffinitsize(lua, &b, total);
    for (lua_Integer i = 0; i < n; i++) {
        memcpy(to, s, len);
        to += len;
        if (i + 1 == n) break;
        memcpy(to, between, between_len);
        to += between_len;
    }
    luaL_pushresultsize(&b, total);
    return 1;
}
