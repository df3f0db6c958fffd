// script_call.h - the table `tile38` of scripts: call, pcall, error_reply, status_reply, sha1hex, distance_to.

#ifndef COMMAND_SCRIPT_CALL_H
#define COMMAND_SCRIPT_CALL_H

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>

#include "base/str.h"

#define SCRIPT_SHA_BYTES 41

const luaL_Reg *script_call_functions(void);
/// 40 hex digits and a NUL.
void script_call_sha1(struct str text, char out[SCRIPT_SHA_BYTES]);

#endif
