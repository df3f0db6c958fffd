// script_state.h - one Lua interpreter: its memory, its clock, its sandbox.
//
// Memory is counted by base/mem.h and bounded for each interpreter; time is looked at every few hundred instructions,
// after every few megabytes, and by the pattern matcher. Once late, every further instruction fails, so that
// no pcall, coroutine or metamethod holds a script beyond its time. Each run gets globals of its own: nothing that a
// script does to a table is there for the next.
// Owner: one thread at a time.

#ifndef COMMAND_SCRIPT_STATE_H
#define COMMAND_SCRIPT_STATE_H

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/reason.h"
#include "base/status.h"

struct command_call;

enum script_mode { SCRIPT_NO_CALLS, SCRIPT_READ, SCRIPT_WRITE };

struct script_state {
    lua_State *lua;
    size_t used, limit;   // bytes
    size_t since_look;    // allocated since the clock was looked at
    uint64_t deadline_ns; // of the run
    bool late;
    uint64_t flushes; // of the cache, as this interpreter's compiled scripts know it
    size_t compiled;
    // Of the run; what commands called by the script write, and take, is thrown away after each.
    struct command_call *call;
    enum script_mode mode;
    struct arena arena;
    struct buf out;
    struct script_state *next; // in the pool
};

/// `open` makes the sandbox (script_sandbox_open).
MUST_USE enum status script_state_new(size_t limit, lua_CFunction open, struct script_state **out);
void script_state_free(struct script_state *s);
/// Of any of its coroutines.
struct script_state *script_state_of(lua_State *lua);
/// Past the deadline; from then on for good, until the next run.
bool script_state_is_late(struct script_state *s);
/// Begin a run: the clock starts.
void script_state_begin(struct script_state *s, uint64_t deadline_ns);
/// Forget the run: collects garbage; false when the interpreter is better thrown away.
bool script_state_end(struct script_state *s);

#endif
