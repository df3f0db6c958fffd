// websocket.h - RFC 6455: frames --> messages, messages --> frames. No sockets.
//
// Both roles: a server takes masked frames only, a client unmasked ones. Fragments are put together, control frames
// come out between them; text is checked as it comes, so that a message fails at its first bad byte. No extensions.
//
// Owner: one thread. A codec between two messages owns no heap.

#ifndef PROTO_WEBSOCKET_H
#define PROTO_WEBSOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum websocket_opcode {
    WEBSOCKET_CONTINUATION = 0,
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10,
};

/// Close codes that we say.
enum websocket_code {
    WEBSOCKET_NORMAL = 1000,
    WEBSOCKET_GOING_AWAY = 1001,
    WEBSOCKET_PROTOCOL = 1002,
    WEBSOCKET_NO_CODE = 1005, // never sent: a close without one
    WEBSOCKET_NOT_UTF8 = 1007,
    WEBSOCKET_POLICY = 1008,
    WEBSOCKET_TOO_LARGE = 1009,
    WEBSOCKET_INTERNAL = 1011,
    WEBSOCKET_RESTART = 1012,
};

/// How far a text has been found well-formed.
struct websocket_utf8 {
    uint8_t left;      // continuation bytes that must follow
    uint8_t low, high; // what the next of them may be
};

/// All zero but for limit and role to begin with.
struct websocket {
    uint64_t limit_bytes; // of a message; 0: 1 MiB
    bool is_client;       // frames that come are not masked
    // The frame being read:
    uint8_t head[14];
    uint8_t head_len;
    uint8_t opcode;
    bool fin, in_payload;
    uint64_t left;
    uint64_t masked; // payload bytes unmasked so far
    // The message being put together:
    uint8_t message_opcode; // 0: none
    struct buf message;
    struct websocket_utf8 utf8;
    uint8_t control[125];
    uint8_t control_len;
    bool done;   // `message` was given out and is emptied next
    bool closed; // a close has come: nothing after it counts
};

void websocket_deinit(struct websocket *w);

enum websocket_step {
    WEBSOCKET_MORE,    // all was taken
    WEBSOCKET_MESSAGE, // text or binary
    WEBSOCKET_CONTROL, // ping, pong or close
    WEBSOCKET_FAILED,  // say goodbye with `code` and close
};
struct websocket_event {
    enum websocket_opcode opcode;
    struct str payload; // until the next call; of a close its reason
    unsigned code; // of a close, WEBSOCKET_NO_CODE when it has none; of a failure what to answer
};
/// The next thing in `bytes`, of which `*taken` are used up.
enum websocket_step websocket_next(struct websocket *w, const char *bytes, size_t len,
                                   size_t *taken, struct websocket_event *event);

/// Unmasked, in one frame.
void websocket_write(struct buf *out, enum websocket_opcode opcode, struct str payload);
#define WEBSOCKET_HEAD_BYTES 10
/// The head alone; returns its length.
size_t websocket_head(enum websocket_opcode opcode, uint64_t len, char out[WEBSOCKET_HEAD_BYTES]);
/// As a client does.
void websocket_write_masked(struct buf *out, enum websocket_opcode opcode, struct str payload,
                            const uint8_t mask[4]);
void websocket_write_close(struct buf *out, unsigned code, struct str reason);

#define WEBSOCKET_ACCEPT_BYTES 28
/// Sec-WebSocket-Accept of a Sec-WebSocket-Key. False: it is no key (16 bytes in base64).
bool websocket_accept(struct str key, char out[WEBSOCKET_ACCEPT_BYTES]);

/// Go on checking; false: it is not UTF-8. At the end of a text `left` must be 0.
bool websocket_utf8_check(struct websocket_utf8 *state, const char *bytes, size_t len);

#endif
