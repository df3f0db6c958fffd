// webhook.h - many POSTs at a time from one thread, over connections that are kept and used again.
//
// Only http and https, no proxy, no redirects followed; where a connection goes is looked at once the name is an
// address (webhook_guard). The body of an answer is thrown away.
//
// Owner: one thread; webhook_wake from any. `done` is called from webhook_run.

#ifndef REALTIME_WEBHOOK_H
#define REALTIME_WEBHOOK_H

#include "realtime/webhook_guard.h"

struct webhook_client;

struct webhook_result {
    unsigned status; // HTTP; 0: no answer
    uint32_t retry_after_s;
    uint64_t ns;    // it took
    char text[120]; // why there was no answer
};

struct webhook_options {
    struct webhook_guard guard;
    uint32_t timeout_ms;  // of the whole exchange; 0: 15,000
    uint32_t connections; // most at a time; 0: 1,024
    void (*done)(void *ctx, void *job, const struct webhook_result *result);
    void *ctx;
};

/// Borrowed until `done`: url ends with a NUL.
struct webhook_request {
    const char *url;
    struct str id;
    int64_t timestamp_s;
    struct str signature; // empty: none
    struct str body;
};

MUST_USE enum status webhook_client_new(const struct webhook_options *options,
                                        struct webhook_client **out);
/// Breaks off what is under way, without `done`. NULL is allowed.
void webhook_client_free(struct webhook_client *c);
/// NO_MEMORY: `done` will not be called.
MUST_USE enum status webhook_post(struct webhook_client *c, const struct webhook_request *request,
                                  void *job);
/// Send and receive; waits at most `wait_ms` for something to happen.
void webhook_run(struct webhook_client *c, int wait_ms);
void webhook_wake(struct webhook_client *c);
unsigned webhook_busy(const struct webhook_client *c);

#endif
