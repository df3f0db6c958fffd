// status.h - the one list of everything that can go wrong.
//
// Each line: code, HTTP status, RESP text, message for people. No other place
// in the tree invents an error; a detail (which member, which file) travels in
// a struct reason beside it.

#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#define MUST_USE __attribute__((warn_unused_result))

#define STATUS_LIST(X)                                                                             \
    X(OK, 200, "OK", "done")                                                                       \
    X(NOT_MODIFIED, 304, "OK", "Not modified")                                                     \
    X(BAD_REQUEST, 400, "ERR invalid argument", "Malformed request")                               \
    X(UNAUTHORIZED, 401, "NOAUTH authentication required", "Authentication required")              \
    X(FORBIDDEN, 403, "NOPERM not allowed", "Insufficient permissions")                            \
    X(NOT_FOUND, 404, "ERR not found", "Not found")                                                \
    X(BAD_METHOD, 405, "ERR unknown command", "Method not allowed")                                \
    X(NOT_ACCEPTABLE, 406, "ERR not acceptable", "Not acceptable")                                 \
    X(TIMEOUT, 408, "ERR timeout", "Timed out")                                                    \
    X(EXISTS, 409, "ERR id already exists", "Already exists")                                      \
    X(GONE, 410, "ERR gone", "Gone")                                                               \
    X(PRECONDITION, 412, "ERR precondition failed", "Precondition failed")                         \
    X(TOO_LARGE, 413, "ERR request too large", "Too large")                                        \
    X(URI_TOO_LONG, 414, "ERR request too large", "Request target too long")                       \
    X(MEDIA_TYPE, 415, "ERR unsupported type", "Unsupported media type")                           \
    X(INVALID, 422, "ERR invalid value", "Well-formed but invalid")                                \
    X(TOO_MANY, 429, "ERR rate limit exceeded", "Too many requests")                               \
    X(HEADERS_TOO_LARGE, 431, "ERR request too large", "Request header fields too large")          \
    X(INTERNAL, 500, "ERR internal error", "Internal error")                                       \
    X(NOT_IMPLEMENTED, 501, "ERR not supported yet", "Not implemented yet")                        \
    X(UNAVAILABLE, 503, "ERR not available", "Temporarily unavailable")                            \
    X(BUSY, 503, "ERR busy", "Busy, try again")                                                    \
    X(NO_MEMORY, 503, "OOM out of memory", "Memory limit reached")                                 \
    X(DISK_FULL, 503, "ERR disk full", "Disk full: writes are refused until there is room")        \
    X(READ_ONLY, 503, "READONLY the store is read only", "The store is read only")                 \
    X(IO, 503, "ERR input/output error", "Input/output error")                                     \
    X(CORRUPT, 503, "ERR damaged data", "Damaged data")                                            \
    X(LOCKED, 503, "ERR data directory in use", "Data directory in use by another server")         \
    X(CLOSED, 503, "ERR closed", "Closed")

enum status {
#define STATUS_ENUM(name, http, resp, text) STATUS_##name,
    STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
        STATUS_COUNT
};

/// HTTP number of a status, 200..599.
int status_http(enum status st);
/// RESP error text, without the leading '-'.
const char *status_resp(enum status st);
/// Short message for people.
const char *status_text(enum status st);
/// The name of the code, as in "NOT_FOUND".
const char *status_name(enum status st);
/// The status that says best what `err` (an errno value) means.
enum status status_from_errno(int err);

#endif
