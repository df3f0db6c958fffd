// problem.h - errors as RFC 9457 problem+json, with the specification's `error` member.

#ifndef PROTO_PROBLEM_H
#define PROTO_PROBLEM_H

#include "base/reason.h"
#include "proto/http.h"

/// Make `reply` the answer for a failure: {type,title,status,detail,error[,pointer]}; `why` may be NULL.
/// Replaces what the reply held.
void problem_write(struct http_reply *reply, enum status st, const struct reason *why);

#endif
