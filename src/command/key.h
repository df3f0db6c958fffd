// key.h - what the commands on keys share: an object by key and id, a change, and what they answer when it is not there.

#ifndef COMMAND_KEY_H
#define COMMAND_KEY_H

#include "command/args.h"

/// Is there such a key? Tile38 forgets one with its last object; ours stays, empty, and counts as none.
bool key_exists(struct command_call *call, struct str key);
/// NOT_FOUND: "key not found" or "id not found". Counts as a read of the object.
MUST_USE enum status key_find(struct command_call *call, struct str key, struct str id,
                              struct object *out);
/// Apply one change; NOT_FOUND and PRECONDITION come back without words, all else says why.
MUST_USE enum status key_change(struct command_call *call, const struct change *change,
                                struct change_result *result);
/// Why it is not there: "key not found" or "id not found". Returns NOT_FOUND.
enum status key_missing(struct command_call *call, struct str key);
/// The reply waits for this LSN too.
void key_wait(struct command_call *call, uint64_t lsn);
/// Now + seconds as Unix ms, kept within what can be stored. INVALID argument when it is no number.
MUST_USE enum status key_expiry(struct args *a, int64_t *expires_ms);
/// A FIELD's name and value; "z", "lat" and "lon" are refused. The value lies in the arena, empty for 0.
MUST_USE enum status key_field(struct args *a, struct change_member *out);

#endif
