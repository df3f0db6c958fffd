// projection.h - which properties an answer shall carry ("fields"), from a query string or a body.

#ifndef API_PROJECTION_H
#define API_PROJECTION_H

#include <yyjson.h>

#include "api/feature.h"
#include "api/params.h"

#define PROJECTION_MAX 64

/// fields=name,speed: all properties when it is not there, none when it is empty.
MUST_USE enum status projection_param(struct params *p, struct feature_fields *out);
/// ["name", "speed"]; NULL leaves `*out` as it is.
MUST_USE enum status projection_json(yyjson_val *list, struct arena *arena,
                                     struct feature_fields *out, struct reason *why);

#endif
