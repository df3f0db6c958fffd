// search_args.h - what every search understands: collection, limit, cursor, fields, sort, earth, explain, filters.
//
// From the query string, and for POST from the body, which wins where both say something.
// Owner: one call; search_args_deinit gives back geometries and the body's document.

#ifndef API_SEARCH_ARGS_H
#define API_SEARCH_ARGS_H

#include "api/api_state.h"
#include "api/json.h"
#include "api/projection.h"

struct search_args {
    struct query query;
    struct feature_fields fields;
    struct filter *filter;
    struct geometry *area; // of the body's polygon
    struct params params;
    struct json json;
    bool named; // the collection was named, so it must exist
    bool explain;
};

/// The shared parameters of the query string; the endpoint then asks for its own in `a->params`.
MUST_USE enum status search_args_params(struct api *api, struct call *call, struct search_args *a);
/// What is left of the query string are equality filters. After the endpoint has asked for its own.
MUST_USE enum status search_args_filters(struct search_args *a);

enum search_body { SEARCH_BODY_POLYGON, SEARCH_BODY_COMPLEX };
/// The body of a POST: {"polygon", "relation", ...} or {"filter", "sort", ...}.
MUST_USE enum status search_args_body(struct api *api, struct call *call, enum search_body kind,
                                      struct search_args *a);
/// Zeroed is allowed.
void search_args_deinit(struct search_args *a);

#endif
