// cors.h - which pages of other origins may read our answers (Fetch standard, "CORS protocol").

#ifndef API_CORS_H
#define API_CORS_H

#include "proto/http.h"

/// Add what a browser looks for. `origins` as in api_options. Without an Origin header nothing is added, but Vary when the
/// answer would differ.
void cors_allow(const char *origins, const struct http_request *request, struct http_reply *reply);
/// The answer to a preflight: allow `methods`, and the headers it asks for.
void cors_preflight(const char *origins, const struct http_request *request, struct str methods,
                    struct http_reply *reply);
/// Is `origin` in the list by name? `*all`: a "*" is, too.
bool cors_lists(const char *origins, struct str origin, bool *all);

#endif
