// script_value.h - values between Lua, RESP and JSON, as Tile38 converts them.
//
//   RESP        Lua                          Lua              RESP             JSON
//   integer     number                       nil              null             null
//   bulk        string                       true / false     1 / null         true / false
//   null        false                        number           integer, cut     number
//   +simple     {ok = text}                  string           bulk             string
//   -error      {err = text}                 list             array            array
//   array       list                         {ok=} {err=}     +simple, -error  object
//                                            other table      array of pairs   object

#ifndef COMMAND_SCRIPT_VALUE_H
#define COMMAND_SCRIPT_VALUE_H

#include <lua5.4/lua.h>

#include "base/buf.h"

#define SCRIPT_VALUE_DEPTH 64

/// Pushes the reply that begins at `*reply`, and moves that behind it. Raises when memory runs out.
void script_value_push_reply(lua_State *lua, struct str *reply);
/// The value at `index`. These raise for tables nested deeper than SCRIPT_VALUE_DEPTH.
void script_value_write_resp(lua_State *lua, int index, struct buf *out);
void script_value_write_json(lua_State *lua, int index, struct buf *out);

#endif
