// conn.h - one connected socket: bytes in, bytes out, with limits.
//
// The owner gets bytes by `on_data` and says how many it took; the rest stays buffered and reading
// pauses while the buffer is full. Writes are kept and sent once at the end of the turn (one writev for
// a whole pipeline). A silent connection costs its struct and no buffers.
// TLS, when it comes, sits between the socket and these functions.
//
// Owner thread: its loop's.

#ifndef NET_CONN_H
#define NET_CONN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/loop.h"

struct conn;

struct conn_events {
    /// Returns how many of the bytes were taken.
    size_t (*on_data)(void *owner, const char *bytes, size_t len);
    /// All that was written has left; with conn_close pending it is not called.
    void (*on_drained)(void *owner);
    /// The last call; the conn is freed after it returns. `st`: OK (closed by us or cleanly), CLOSED, TIMEOUT, IO.
    void (*on_close)(void *owner, enum status st);
};

/// Takes the descriptor. `events` is borrowed.
MUST_USE enum status conn_new(struct loop *l, int fd, const struct conn_events *events, void *owner,
                              struct conn **out);
/// Append to what goes out; NO_MEMORY closes the connection.
void conn_write(struct conn *c, const void *bytes, size_t len);
/// The buffer itself is handed over (emptied), for large answers.
void conn_write_take(struct conn *c, struct buf *bytes);
/// Bytes that wait to be sent.
size_t conn_queued(const struct conn *c);
/// Stop or go on reading (backpressure). Going on offers buffered bytes to on_data again.
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);
/// Send what is queued, then close (half-close and a short linger, so that the peer reads the answer).
void conn_close(struct conn *c);
/// Now, without sending.
void conn_abort(struct conn *c, enum status st);
/// Close with TIMEOUT unless cleared or set anew before; 0 clears. Owners use it for idle, header and body time.
void conn_deadline(struct conn *c, uint64_t after_ms);
/// Numeric address of the peer, "127.0.0.1:1234" or "[::1]:1234".
const char *conn_peer(const struct conn *c);

#endif
