// api_state.h - what an api is made of, for the files of this folder.

#ifndef API_API_STATE_H
#define API_API_STATE_H

#include "api/api.h"
#include "api/gauges.h"

struct api {
    struct api_options options; // const after api_new
    struct geometry_limits rest, import;
    struct buf openapi; // the document, made once
    struct gauges *gauges;
    uint64_t start_ns;
};

/// Answers one route: fills call->reply, or gives a status and says why in call->why. What it leaves
/// in the reply is thrown away when the status is not OK. An answer without a type gets the one
/// that was agreed upon for the route.
typedef enum status api_endpoint_fn(struct api *api, struct call *call);

#endif
