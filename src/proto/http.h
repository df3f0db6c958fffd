// http.h - HTTP/1.1 (RFC 9112): bytes --> requests, replies --> bytes. No sockets.
//
//   bytes --http_parser_feed--> struct http_request --(api)--> struct http_reply --http_reply_write--> bytes
//
// llhttp cuts the messages, strict mode; what it leaves to us (Host, limits, targets) is checked here.

#ifndef PROTO_HTTP_H
#define PROTO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/reason.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER
};
struct str http_method_name(enum http_method m);

struct http_header {
    struct str name; // as it came; compare with str_eq_nocase
    struct str value;
};

#define HTTP_MAX_HEADERS 64
#define HTTP_UNKNOWN_LENGTH UINT64_MAX

/// Everything in it lives until the answer to it has been written.
struct http_request {
    enum http_method method;
    struct str target; // as it came
    struct str
        raw_path; // of the target, still percent-encoded: split it at '/' and http_decode the parts, so that %2F stays in its part
    struct str path;  // percent-decoded, no query; valid UTF-8 without control characters
    struct str query; // raw, without '?'
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t header_count;
    uint64_t declared_bytes; // of the body as announced; HTTP_UNKNOWN_LENGTH when chunked; 0: none
    struct str body;         // de-chunked, gunzipped
    bool expects_continue;
    bool keep_alive;
    bool http10;
};

/// STR_NONE when it is not there.
struct str http_request_header(const struct http_request *r, struct str name);

/// One name=value of a query string or form: percent-decoded, '+' is a space. `*rest` starts as the whole and is
/// eaten. BAD_REQUEST for broken escapes or bytes that are not UTF-8; `*more` false at the end.
MUST_USE enum status http_query_next(struct str *rest, struct arena *arena, struct str *name,
                                     struct str *value, bool *more);
/// Percent-decode; STR_NONE when broken or out of memory.
struct str http_decode(struct str s, struct arena *arena);
/// Append `s` percent-encoded as a path segment or query value; "." and ".." as %2E and %2E%2E.
void http_encode(struct buf *out, struct str s);
/// Is media type `type` (e.g. "application/json") acceptable by this Accept header (empty: yes)?
bool http_accepts(struct str accept, struct str type);
/// Does this Accept-Encoding allow `coding` ("gzip")?
bool http_accepts_coding(struct str accept_encoding, struct str coding);

struct http_limits {
    uint32_t target_bytes; // 8 KiB: URI_TOO_LONG
    uint32_t header_bytes; // 32 KiB in all: HEADERS_TOO_LARGE
    uint64_t body_bytes;   // unless on_head says otherwise: TOO_LARGE
};

struct http_parser;

/// Spare parts of one thread's parsers: a message being read costs 2.5 KB, a silent connection none.
struct http_pool;
MUST_USE enum status http_pool_new(struct http_pool **out);
void http_pool_free(struct http_pool *pool);

struct http_parser_events {
    /// Headers are complete, body not yet read. May lower or raise `*body_limit`. Anything but OK ends the
    /// connection after the error was answered.
    enum status (*on_head)(void *ctx, const struct http_request *r, uint64_t *body_limit,
                           struct reason *why);
    /// A whole request. Return false to stop feeding (backpressure): the rest of the bytes is not taken.
    bool (*on_request)(void *ctx, struct http_request *r);
    /// The client asked "Expect: 100-continue" and may go on.
    void (*on_continue)(void *ctx);
};

/// `events`, `limits` and `pool` are borrowed. Small when idle (under 250 bytes of heap).
MUST_USE enum status http_parser_new(const struct http_parser_events *events, void *ctx,
                                     const struct http_limits *limits, struct http_pool *pool,
                                     struct http_parser **out);
void http_parser_free(struct http_parser *p);
/// Takes `*taken` of the bytes. Not OK: the status and reason to answer before closing.
MUST_USE enum status http_parser_feed(struct http_parser *p, const char *bytes, size_t len,
                                      size_t *taken, struct reason *why);
/// In the middle of a message (for time limits and clean closes)?
bool http_parser_busy(const struct http_parser *p);

#define HTTP_MAX_REPLY_HEADERS 16

struct http_reply {
    int status;              // HTTP number
    struct str content_type; // STR_NONE: no body
    struct buf body;         // owned by the reply
    struct http_header headers
        [HTTP_MAX_REPLY_HEADERS]; // names and values live in the request's arena or are static
    size_t header_count;
    uint64_t wait_lsn; // answer when this LSN is durable; 0: now
    bool close;        // close the connection after it
    bool no_compress;
};

void http_reply_init(struct http_reply *r);
void http_reply_deinit(struct http_reply *r);
/// Ignored silently above HTTP_MAX_REPLY_HEADERS (an assert in debug builds).
void http_reply_header(struct http_reply *r, struct str name, struct str value);
/// What one thread needs to write replies: the date of the second and a deflate state.
struct http_writer;
/// `gzip_level` 1..9; 0: never compress.
MUST_USE enum status http_writer_new(int gzip_level, struct http_writer **out);
void http_writer_free(struct http_writer *w);
int http_writer_gzip_level(const struct http_writer *w);
/// Now and then: sets the Date header's second.
void http_writer_tick(struct http_writer *w, int64_t unix_ms);

/// Bodies above this are not copied behind the head.
#define HTTP_INLINE_BODY_BYTES 16384
/// Bodies above this are compressed while they are sent, in chunks: no request waits for the whole of another's.
#define HTTP_STREAM_BYTES 262144

enum http_rest {
    HTTP_REST_NONE,   // `out` is all
    HTTP_REST_BODY,   // r->body (perhaps compressed by now) is to be sent after it
    HTTP_REST_STREAM, // the pieces of an http_stream of r->body are
};

/// Status line, Date, Content-Type, Content-Length, headers, body (none for HEAD, 204, 304). gzip when the request
/// allows it, the body is at least 1 KiB of a compressible type and has no strong ETag (it names the bytes of the plain form).
/// HTTP_REST_STREAM only when `may_stream`.
MUST_USE enum status http_reply_write(struct http_writer *w, struct http_reply *r,
                                      const struct http_request *request, bool may_stream,
                                      struct buf *out, enum http_rest *rest);

/// A long body on its way: gzip in chunks (RFC 9112 7.1).
struct http_stream;
/// `body` is handed over (emptied) when it succeeds.
MUST_USE enum status http_stream_new(const struct http_writer *w, struct buf *body,
                                     struct http_stream **out);
void http_stream_free(struct http_stream *s);
/// Append the next piece, of 128 KiB of body or more. `*last`: that was all.
MUST_USE enum status http_stream_next(struct http_stream *s, struct buf *out, bool *last);

#endif
