// script_sandbox.h - what a script finds: which of Lua's functions, and what Tile38 adds.
//
// Gone are io, os, package, debug, load and its kin, string.dump, collectgarbage, finalizers. string.find, match, gmatch,
// gsub are ours (script_pattern.h). Globals may be read; new ones are refused, as by Tile38.

#ifndef COMMAND_SCRIPT_SANDBOX_H
#define COMMAND_SCRIPT_SANDBOX_H

#include <lua5.4/lua.h>

/// Opens the libraries and keeps what is allowed in the registry. A lua_CFunction, once for each interpreter.
int script_sandbox_open(lua_State *lua);
/// Pushes a fresh table of globals. May raise.
void script_sandbox_push(lua_State *lua);

#endif
