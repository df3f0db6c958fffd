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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/address.h"
#include "net/loop.h"

struct conn;

struct conn_events {
    /// Returns how many of the bytes were taken.
    size_t (*on_data)(void *owner, const char *bytes, size_t len);
    /// All that was written has left; with conn_close pending it is not called.
    void (*on_drained)(void *owner);
    /// The peer will send no more, all it sent was offered; answers can still be written. NULL: conn_close.
    void (*on_eof)(void *owner);
    /// The deadline passed; set a new one, write a last word, close. NULL: conn_abort with TIMEOUT.
    void (*on_deadline)(void *owner);
    /// The last call; the conn is freed after it returns. `st`: OK (closed by us or cleanly), CLOSED, TIMEOUT, IO.
    void (*on_close)(void *owner, enum status st);
};

/// Takes the descriptor (nonblocking), on failure too. `events` is borrowed.
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
/// How many bytes that are not taken may wait before reading stops: at least 1 MiB, which is the default.
void conn_room(struct conn *c, size_t bytes);
/// Send what is queued, then close (half-close and a short linger, so that the peer reads the answer).
void conn_close(struct conn *c);
/// Now, without sending.
void conn_abort(struct conn *c, enum status st);
/// Calls on_deadline once unless cleared or set anew before; 0 clears. Owners use it for idle, header and body time.
/// Setting it again and again is cheap: the timer itself is moved only when it comes due.
void conn_deadline(struct conn *c, uint64_t after_ms);
/// The peer's sending side is still open and so is ours, and conn_close was not called.
bool conn_is_open(const struct conn *c);
/// Numeric address of the peer, "127.0.0.1:1234" or "[::1]:1234"; empty when it is gone.
void conn_peer(const struct conn *c, char out[ADDRESS_TEXT_BYTES]);

#endif
