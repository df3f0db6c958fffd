// script_table.h - the table functions of scripts that Lua runs over any range without a look at the clock: a __len
// or a C function as __index makes ranges that cost no memory.

#ifndef COMMAND_SCRIPT_TABLE_H
#define COMMAND_SCRIPT_TABLE_H

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>

/// concat, insert, move, remove and sort, as in Lua's manual. sort takes Lua's own `table.sort` from the registry, where
/// script_table_keep_sort put it.
const luaL_Reg *script_table_functions(void);
/// Takes Lua's own table.sort from the top of the stack.
void script_table_keep_sort(lua_State *lua);

#endif
