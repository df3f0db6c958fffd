#include "command/script_state.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define HOOK_EVERY 500 // instructions
#define LOOK_BYTES (4u << 20)
#define KEEP_BYTES (4u << 20) // an idle interpreter may hold
#define COMPILED_MAX 256

static void *allocate(void *ctx, void *old, size_t old_size, size_t size);
static void on_count(lua_State *lua, lua_Debug *at);

enum status script_state_new(size_t limit, lua_CFunction open, struct script_state **out) {
    struct script_state *s = mem_zalloc(1, sizeof *s);
    if (!s) return STATUS_NO_MEMORY;
    s->limit = limit;
    arena_init(&s->arena, 0);
    buf_init(&s->out);
    s->lua = lua_newstate(allocate, s);
    if (s->lua) {
        *(struct script_state **)lua_getextraspace(s->lua) = s; // coroutines inherit it
        lua_pushcfunction(s->lua, open);
    }
    if (!s->lua || lua_pcall(s->lua, 0, 0, 0) != LUA_OK) {
        script_state_free(s);
        return STATUS_NO_MEMORY;
    }
    *out = s;
    return STATUS_OK;
}

void script_state_free(struct script_state *s) {
    if (!s) return;
    if (s->lua) lua_close(s->lua);
    arena_deinit(&s->arena);
    buf_deinit(&s->out);
    mem_free(s);
}

struct script_state *script_state_of(lua_State *lua) {
    return *(struct script_state **)lua_getextraspace(lua);
}

// Lua frees with any size and shrinks without failing.
static void *allocate(void *ctx, void *old, size_t old_size, size_t size) {
    struct script_state *s = ctx;
    if (!old) old_size = 0;
    if (size == 0) {
        mem_free(old);
        s->used -= old_size;
        return NULL;
    }
    if (size > old_size && s->used - old_size + size > s->limit) return NULL;
    void *more = mem_realloc(old, size);
    if (!more) return size <= old_size ? old : NULL;
    s->used += size - old_size;
    if (size > old_size) s->since_look += size - old_size;
    if (s->since_look > LOOK_BYTES) {
        s->since_look = 0;
        if (script_state_is_late(s)) lua_sethook(s->lua, on_count, LUA_MASKCOUNT, 1);
    }
    return more;
}

bool script_state_is_late(struct script_state *s) {
    if (!s->late && s->deadline_ns) s->late = clock_mono_ns() > s->deadline_ns;
    return s->late;
}

static void on_count(lua_State *lua, lua_Debug *at) {
    (void)at;
    if (!script_state_is_late(script_state_of(lua))) return;
    lua_sethook(lua, on_count, LUA_MASKCOUNT, 1);
    luaL_error(lua, "timeout");
}

void script_state_begin(struct script_state *s, uint64_t deadline_ns) {
    s->deadline_ns = deadline_ns;
    s->late = false;
    s->since_look = 0;
    lua_settop(s->lua, 0);
    lua_sethook(s->lua, on_count, LUA_MASKCOUNT, HOOK_EVERY);
}

bool script_state_end(struct script_state *s) {
    bool keep = !s->late && s->compiled < COMPILED_MAX;
    lua_sethook(s->lua, NULL, 0, 0); // no finalizers of scripts run in here: there are none
    lua_settop(s->lua, 0);
    if (s->used > KEEP_BYTES) lua_gc(s->lua, LUA_GCCOLLECT);
    keep = keep && s->used <= KEEP_BYTES;
    arena_reset(&s->arena);
    buf_clear(&s->out);
    if (s->out.cap > KEEP_BYTES) {
        buf_deinit(&s->out);
        buf_init(&s->out);
    }
    s->call = NULL;
    s->deadline_ns = 0;
    return keep;
}
