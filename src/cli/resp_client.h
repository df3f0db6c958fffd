// resp_client.h - commands to a server that speaks RESP2, many on their way at once, and its replies in their order.
//
// What is sent is gathered and written in large pieces; while the server does not read, its replies are taken in, so
// that neither side waits for the other for ever. The caller bounds how many commands are on their way.
// Owner: one thread.

#ifndef CLI_RESP_CLIENT_H
#define CLI_RESP_CLIENT_H

#include "base/buf.h"
#include "base/reason.h"

#define RESP_CLIENT_URL "redis://127.0.0.1:9851" // where a server listens by default

enum resp_client_kind {
    RESP_CLIENT_SIMPLE,  // +OK
    RESP_CLIENT_ERROR,   // -ERR ...
    RESP_CLIENT_INTEGER, // :1, the digits in `text`
    RESP_CLIENT_BULK,
    RESP_CLIENT_NULL,
    RESP_CLIENT_ARRAY, // what stands in it is passed over
};

struct resp_client_reply {
    enum resp_client_kind kind;
    struct str text; // borrowed until the next call
};

struct resp_client;

/// `url` is redis://[[USER]:PASSWORD@]HOST[:PORT]; `password` (may be NULL) goes before that of the URL. Connects and
/// authenticates. INVALID: no such URL; UNAVAILABLE: nobody answers there; UNAUTHORIZED.
MUST_USE enum status resp_client_open(const char *url, const char *password,
                                      struct resp_client **out, struct reason *why);
/// NULL is allowed.
void resp_client_close(struct resp_client *c);
/// HOST:PORT, for messages.
const char *resp_client_name(const struct resp_client *c);

MUST_USE enum status resp_client_send(struct resp_client *c, const struct str *args, size_t count,
                                      struct reason *why);
/// A command as it goes over the wire (resp_client_encode).
MUST_USE enum status resp_client_send_wire(struct resp_client *c, struct str wire,
                                           struct reason *why);
void resp_client_encode(struct buf *out, const struct str *args, size_t count);

/// The next reply, waited for. UNAVAILABLE: the connection is gone or silent for a minute; CORRUPT: not RESP.
MUST_USE enum status resp_client_receive(struct resp_client *c, struct resp_client_reply *out,
                                         struct reason *why);

#endif
