// set.h - SET in three steps: parse, apply, reply.

#ifndef COMMAND_SET_H
#define COMMAND_SET_H

#include "command/object_parse.h"

struct set {
    struct change change; // CHANGE_SET
    struct object_parse object;
    struct change_member *members; // in the call's arena
    size_t member_count;
    struct str id;
    bool has_object, has_expiry, returns;
};

/// key id [FIELD name value]... [EX seconds] [NX|XX] [RETURN] and the object, in any order. On failure nothing needs release.
MUST_USE enum status set_parse(struct args *a, struct set *out);
void set_release(struct set *set);
/// Nothing but a place, so that engine_set_points may do.
bool set_is_point(const struct set *set);
/// PRECONDITION: NX or XX said no. `*now` is the new state where the engine gave one.
MUST_USE enum status set_apply(struct command_call *call, const struct set *set,
                               struct object *now);
/// What `st` means to the client: "+OK", a null for a condition, an error.
MUST_USE enum status set_reply(struct command_call *call, const struct set *set, enum status st,
                               const struct object *now);

#endif
