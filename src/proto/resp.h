// resp.h - RESP2, the protocol of Redis, as Tile38 speaks it: bytes --> commands, replies --> bytes. No sockets.
//
//   *2\r\n$3\r\nGET\r\n...   a command as Redis' clients send it
//   GET fleet truck\r\n      inline, as typed by hand; 'single' and "double" quotes
//   $15 GET fleet truck\r\n  Tile38's own framing: the length, a space, the line, answered alike

#ifndef PROTO_RESP_H
#define PROTO_RESP_H

#include "base/buf.h"
#include "base/reason.h"

// --- replies ---

/// "+OK": no line end may stand in `s` (they become spaces).
void resp_simple(struct buf *out, struct str s);
/// "-ERR ...": the whole text, with its code; line ends become spaces.
void resp_error(struct buf *out, struct str s);
void resp_integer(struct buf *out, int64_t v);
void resp_bulk(struct buf *out, struct str s);
void resp_null(struct buf *out);
/// The head of an array: its items follow.
void resp_array(struct buf *out, size_t count);
/// A number as a bulk string, the shortest text that reads back as the same double.
void resp_bulk_double(struct buf *out, double v);

#endif
