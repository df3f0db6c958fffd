// script_string.h - the functions of Lua's string library that can run for long, with an eye on the clock.

#ifndef COMMAND_SCRIPT_STRING_H
#define COMMAND_SCRIPT_STRING_H

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>

/// find, match, gmatch, gsub, rep.
const luaL_Reg *script_string_functions(void);

#endif
