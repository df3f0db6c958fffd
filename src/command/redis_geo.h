// redis_geo.h - what the GEO commands of Redis share: members, units, searches.

#ifndef COMMAND_REDIS_GEO_H
#define COMMAND_REDIS_GEO_H

#include "command/args.h"

/// RESP only: fails with words after OUTPUT json.
MUST_USE enum status redis_geo_begin(struct command_call *call);
/// The cell's middle of a member; NOT_FOUND without it, or when it has no position.
MUST_USE enum status redis_geo_member(struct command_call *call, struct str key, struct str member,
                                      struct point *out);
/// m, km, ft, mi as metres.
MUST_USE enum status redis_geo_unit(struct command_call *call, struct str unit, double *metres);
/// "ERR syntax error".
enum status redis_geo_syntax(struct command_call *call);
/// A coordinate as Redis writes it, a bulk string.
void redis_geo_coordinate(double v, struct buf *out);
/// A distance with 4 decimals, a bulk string.
void redis_geo_distance(double v, struct buf *out);

#endif
