#include "command/tile_command.h"

#include "engine/tile_search.h"
#include "proto/http.h"

#define SPARSE_MAX 8

static bool take_last(struct str *path, int64_t *out);
static uint32_t limit_of(struct str query);

bool tile_command_is(struct str raw_path) {
    struct str end = STR(".mvt");
    size_t slashes = 0;
    for (size_t i = 0; i < raw_path.len; i++) {
        slashes += raw_path.p[i] == '/';
    }
    return slashes == 4 && raw_path.p[0] == '/' && raw_path.len > end.len &&
           str_eq(str_sub(raw_path, raw_path.len - end.len, end.len), end);
}

enum status tile_command_write(struct command_call *call, struct str raw_path, struct str query,
                               struct buf *out) {
    struct tile_search search = {.layer = STR("tile38"), .limit = limit_of(query)};
    struct str path = str_sub(raw_path, 1, raw_path.len - 1 - 4); // without '/' and ".mvt"
    int64_t x, y, z;
    bool thinned;
    if (!take_last(&path, &y) || !take_last(&path, &x) || !take_last(&path, &z) ||
        tile_make(x, y, z, &search.tile) != STATUS_OK) {
        return reason_set(call->why, STATUS_INVALID, "invalid argument '%.*s'",
                          raw_path.len > 64 ? 64 : (int)raw_path.len, raw_path.p);
    }
    search.collection = http_decode(path, call->arena);
    if (!search.collection.p) return STATUS_NO_MEMORY;
    enum status st = tile_search_write(commands_engine(call->commands), call->reader, &search,
                                       call->arena, out, &thinned, call->why);
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static bool take_last(struct str *path, int64_t *out) {
    size_t at = path->len;
    while (at > 0 && path->p[at - 1] != '/') {
        at--;
    }
    if (at == 0) return false;
    bool ok = str_parse_i64(str_sub(*path, at, path->len - at), out);
    path->len = at - 1;
    return ok;
}

// Tile38's SPARSE n gives at most 4^n objects, evenly spread: so does this many of ours.
static uint32_t limit_of(struct str query) {
    struct str part;
    uint64_t n, limit = TILE_SEARCH_LIMIT;
    while (query.len && str_split(&query, '&', &part)) {
        if (str_starts(part, STR("limit=")) && str_parse_u64(str_sub(part, 6, part.len - 6), &n) &&
            n > 0) {
            limit = n < limit ? n : limit;
        }
        if (str_starts(part, STR("sparse=")) && str_parse_u64(str_sub(part, 7, part.len - 7), &n) &&
            n > 0 && n <= SPARSE_MAX) {
            return (uint32_t)1 << (2 * n);
        }
    }
    return (uint32_t)limit;
}
