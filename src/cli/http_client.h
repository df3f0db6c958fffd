// http_client.h - requests to a server, over one connection that stays open.
//
// Owner: one thread at a time. The first client is made while the process has one thread.

#ifndef CLI_HTTP_CLIENT_H
#define CLI_HTTP_CLIENT_H

#include "cli/answer.h"

#define HTTP_CLIENT_URL "http://127.0.0.1:4000" // where a server listens by default

struct http_client;

/// INVALID: not an http or https URL. A slash at its end does not matter.
MUST_USE enum status http_client_new(const char *url, struct http_client **out, struct reason *why);
/// NULL is allowed.
void http_client_free(struct http_client *c);

/// OK for any 2xx. UNAVAILABLE: nobody answers there (try again later) or a 503. Other answers: the status of that number;
/// the reason carries the server's own words (problem+json).
MUST_USE enum status http_client_call(struct http_client *c, const struct target_call *call,
                                      struct reason *why);
/// The HTTP number of the last answer; 0: nobody answered.
long http_client_code(const struct http_client *c);

#endif
