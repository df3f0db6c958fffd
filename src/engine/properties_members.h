// properties_members.h - single members of properties replaced whole, by copying text.

#ifndef ENGINE_PROPERTIES_MEMBERS_H
#define ENGINE_PROPERTIES_MEMBERS_H

#include "engine/engine.h"
#include "engine/properties.h"

/// `properties` with these members in place of those of the same names, appended; the last of a name wins, one with an empty
/// value only takes away. O(properties * count).
void properties_replace(struct str properties, const struct change_member *members, size_t count,
                        struct buf *out);
/// All of `over`, and what else is in `properties`.
void properties_overlay(struct str properties, struct str over, struct buf *out);

#endif
