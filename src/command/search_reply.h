// search_reply.h - what searches answer, in both outputs.
//
//   [cursor, [[id, object, [field, value, ...], distance], ...]]
//   {"ok":true,"fields":[...],"objects":[{"id":..,"object":..,"fields":[...],"distance":..}],"count":n,"cursor":n,...}

#ifndef COMMAND_SEARCH_REPLY_H
#define COMMAND_SEARCH_REPLY_H

#include "command/search_args.h"

struct search_hit {
    const struct object *object;
    double distance_m; // written when the arguments say DISTANCE and it is not NAN
};

/// `cursor` 0: that was all.
MUST_USE enum status search_reply(struct command_call *call, const struct search_args *args,
                                  const struct search_hit *hits, size_t count, uint64_t cursor);
MUST_USE enum status search_reply_count(struct command_call *call, uint64_t count);

#endif
