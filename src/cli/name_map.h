// name_map.h - texts by name, in the order in which they were first put.
//
// Owner: one thread.

#ifndef CLI_NAME_MAP_H
#define CLI_NAME_MAP_H

#include "base/buf.h"

struct name_entry {
    char *bytes; // the name, then the text; NULL: removed
    size_t name_len, text_len;
};

/// Zeroed is an empty one.
struct name_map {
    struct name_entry *entries;
    size_t count, cap;
    uint32_t *slots; // place of an entry + 1, by hash of the name
    size_t slot_count;
    size_t live;
};

void name_map_deinit(struct name_map *m);
/// Copies both. A name that is there gets the new text and keeps its place. NO_MEMORY leaves all as it was.
MUST_USE enum status name_map_put(struct name_map *m, struct str name, struct str text);
/// The text, borrowed until the name is put or removed; STR_NONE when there is no such name.
struct str name_map_find(const struct name_map *m, struct str name);
void name_map_remove(struct name_map *m, struct str name);
void name_map_clear(struct name_map *m);
/// The next live entry at or after `*at`, which moves behind it; NULL at the end.
const struct name_entry *name_map_next(const struct name_map *m, size_t *at);

static inline struct str name_entry_name(const struct name_entry *e) {
    return (struct str){e->bytes, e->name_len};
}
static inline struct str name_entry_text(const struct name_entry *e) {
    return (struct str){e->bytes + e->name_len, e->text_len};
}

#endif
