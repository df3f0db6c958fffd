// cursor.h - where a search stopped, as URL-safe text a client gives back.
//
// It names a place in an order, not a row number, so it stays true while objects come and go.
// The checksum is against damage, not against makers: a made-up one only names another place.

#ifndef ENGINE_CURSOR_H
#define ENGINE_CURSOR_H

#include "base/reason.h"
#include "engine/search_top.h"

#define CURSOR_TEXT_MAX 512

struct cursor {
    uint64_t incarnation; // of the collection
    uint32_t order;       // fingerprint of the order it is a place in
    struct search_key key;
};

/// The text, in the arena. NO_MEMORY.
MUST_USE enum status cursor_write(const struct cursor *c, struct arena *arena, struct str *out);
/// BAD_REQUEST for what cursor_write did not write; NO_MEMORY. A text in the key lies in the arena.
MUST_USE enum status cursor_parse(struct str text, struct arena *arena, struct cursor *out,
                                  struct reason *why);

#endif
