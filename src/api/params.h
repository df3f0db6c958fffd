// params.h - the query string of a request, asked by name; what nobody asked for is refused or a filter.
//
//   params_parse -> params_text / _number / _count / _flag ... -> params_refuse_rest | params_filter_rest
//
// Failures name the parameter in the reason given to params_parse: BAD_REQUEST for what is not of the kind or is
// given twice, INVALID for values out of range.
// Owner: one call; everything lies in its arena.

#ifndef API_PARAMS_H
#define API_PARAMS_H

#include "engine/filter.h"
#include "proto/http.h"

#define PARAMS_MAX 100

struct param {
    struct str name, value;
    bool used;
};

struct params {
    struct param *items;
    size_t count;
    struct arena *arena;
    struct reason *why;
};

MUST_USE enum status params_parse(const struct http_request *request, struct arena *arena,
                                  struct params *out, struct reason *why);
/// STR_NONE when it is not there.
MUST_USE enum status params_text(struct params *p, const char *name, struct str *out);
/// Leaves `*out` as it is when the parameter is not there. `given` may be NULL.
MUST_USE enum status params_number(struct params *p, const char *name, double *out, bool *given);
/// 1..max; `limit_key` names the setting behind max.
MUST_USE enum status params_count(struct params *p, const char *name, uint32_t max,
                                  const char *limit_key, uint32_t *out, bool *given);
MUST_USE enum status params_flag(struct params *p, const char *name, bool *out);
/// BAD_REQUEST naming the first parameter that nobody asked for.
MUST_USE enum status params_refuse_rest(struct params *p);
/// What nobody asked for must equal a property: joined to `*filter`.
MUST_USE enum status params_filter_rest(struct params *p, struct filter **filter);

#endif
