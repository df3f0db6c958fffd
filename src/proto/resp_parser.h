// resp_parser.h - commands out of bytes, as resp.h shows their three forms. No copies: arguments are slices of the bytes.
//
// The caller keeps the bytes of a command that is not whole yet and offers them again, from its first byte, with what
// has come since; the parser goes on where it stopped. Nothing is allocated for a command but the room for its
// arguments, which all parsers of a thread share: a parser between two commands owns nothing.
//
// Owner: one thread. Limits: every length is checked before it is believed.

#ifndef PROTO_RESP_PARSER_H
#define PROTO_RESP_PARSER_H

#include "base/buf.h"
#include "base/reason.h"

enum resp_form { RESP_ARRAY, RESP_INLINE, RESP_NATIVE };

struct resp_limits {
    uint64_t bytes; // of a whole command; 0: 64 MiB
    uint32_t args;  // 0: 1,048,576
};

#define RESP_INLINE_BYTES 65536 // of an inline command, and of a line with a length

/// Where arguments are gathered; one a thread.
struct resp_room {
    struct str *args;
    size_t cap;
    struct buf text; // of inline arguments, whose quotes are undone
};
void resp_room_deinit(struct resp_room *room);

struct resp_command {
    const struct str *args; // until the parser is asked again
    size_t count;           // at least 1
    enum resp_form form;
};

/// All zero to begin with.
struct resp_parser {
    struct resp_room own; // of an array that is not whole
    uintptr_t base;       // where the bytes lay that its arguments point into
    size_t at;            // what has been looked at
    size_t count;         // arguments so far
    size_t expected;      // arguments of the array; 0: its head has not been read
    uint64_t bulk;        // length of the next, and 1; 0: its head has not been read
    uint64_t need;        // bytes of this command that must be there to go on, at least
};
void resp_parser_deinit(struct resp_parser *p);

enum resp_step {
    RESP_COMMAND, // `out` is filled; `*taken` bytes belong to it and to empty lines before it
    RESP_MORE,    // `*taken` bytes of empty lines can go; keep the rest
    RESP_FAILED,  // `why` is what to answer before closing: "Protocol error: ..."; NO_MEMORY too
};
/// The first command of `bytes`.
enum resp_step resp_parser_next(struct resp_parser *p, struct resp_room *room,
                                const struct resp_limits *limits, const char *bytes, size_t len,
                                size_t *taken, struct resp_command *out, struct reason *why);

/// The arguments of a native line, HTTP path or WebSocket text: split at spaces; one that begins with '{' goes on to the
/// end, so does a "quoted" one after SET ... STRING. Slices of `line`. False: too many, or no memory.
bool resp_split_line(struct resp_room *room, const struct resp_limits *limits, struct str line,
                     size_t *count);

#endif
