// gzip.h - bodies in gzip (RFC 1952), both ways, bounded.
//
// Owner: one thread each.

#ifndef PROTO_GZIP_H
#define PROTO_GZIP_H

#include "base/buf.h"

/// A deflate state that is used again and again; 264 KiB once used.
struct gzip;

/// `level` 1..9.
MUST_USE enum status gzip_new(int level, struct gzip **out);
void gzip_free(struct gzip *g);
/// `in` as one gzip member, appended.
MUST_USE enum status gzip_deflate(struct gzip *g, struct str in, struct buf *out);
/// The same piece by piece: `first` begins anew, `last` ends the member. What is appended may be nothing before the last.
MUST_USE enum status gzip_deflate_piece(struct gzip *g, struct str in, bool first, bool last,
                                        struct buf *out);
/// All members of `in`, appended. BAD_REQUEST when it is not gzip or ends early; TOO_LARGE above `limit_bytes` of output.
MUST_USE enum status gzip_inflate(struct str in, uint64_t limit_bytes, struct buf *out);

#endif
