// script_json.h - json.encode and json.decode of scripts.

#ifndef COMMAND_SCRIPT_JSON_H
#define COMMAND_SCRIPT_JSON_H

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>

const luaL_Reg *script_json_functions(void);
/// A lua_CFunction: a text becomes a value.
int script_json_decode(lua_State *lua);

#endif
