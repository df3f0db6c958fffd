// guard.h - without authentication a server on this machine is still within reach of every web page that its user opens:
// by a request from another origin (CSRF), and by a name that is made to resolve to 127.0.0.1 (DNS rebinding). Both are refused.

#ifndef API_GUARD_H
#define API_GUARD_H

#include "api/route.h"

/// FORBIDDEN when options->protected and the request was not meant for this machine, or comes from a page that may not
/// change anything. GET, HEAD and OPTIONS change nothing; of the rest only routes that read are open to "*". `route` may be NULL.
MUST_USE enum status guard_check(const struct api_options *options,
                                 const struct http_request *request, const struct route *route,
                                 struct reason *why);

#endif
