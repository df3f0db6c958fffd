// fence_groups.h - the "group" of fence messages: one name from an object's entering a fence until it enters again.
//
// Like Tile38's they do not outlive the process. At most a million pairs of fence and object are known: beyond that an
// old one is forgotten, and its next message has a new name.
//
// Threads: any.

#ifndef COMMAND_FENCE_GROUPS_H
#define COMMAND_FENCE_GROUPS_H

#include <stdbool.h>

#include "base/status.h"
#include "base/str.h"

#define FENCE_GROUPS_TEXT 24 // hexadecimal digits

struct fence_groups;

MUST_USE enum status fence_groups_new(struct fence_groups **out);
void fence_groups_free(struct fence_groups *g);
/// The group of this pair; `anew`: another than before.
void fence_groups_get(struct fence_groups *g, struct str fence, struct str collection,
                      struct str id, bool anew, char out[FENCE_GROUPS_TEXT]);
void fence_groups_forget(struct fence_groups *g, struct str fence, struct str collection,
                         struct str id);

#endif
