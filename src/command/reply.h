// reply.h - the pieces that commands answer with, in both outputs.
//
// A command either writes RESP with proto/resp.h, or JSON members between reply_json_begin and reply_json_end:
//   {"ok":true,"ids":["a","b"],"count":2,"cursor":0,"elapsed":"12.3µs"}

#ifndef COMMAND_REPLY_H
#define COMMAND_REPLY_H

#include "command/command.h"
#include "proto/resp.h"

static inline bool reply_is_json(const struct command_call *call) {
    return call->client->json;
}
/// `{"ok":true`: members follow, each with its comma in front.
struct buf *reply_json_begin(struct command_call *call);
/// `,"elapsed":"..."}`.
enum status reply_json_end(struct command_call *call);

/// "+OK", or {"ok":true,"elapsed":...}. Returns OK, as all of these do.
enum status reply_ok(struct command_call *call);
/// ":v", or the JSON of reply_ok: for commands that count in RESP only.
enum status reply_count(struct command_call *call, int64_t v);
/// A null bulk in RESP; in JSON an error of this text ("key not found").
enum status reply_missing(struct command_call *call, const char *text);
/// Fails with Tile38's text for what cannot be read: "invalid argument 'x'".
enum status reply_invalid(struct command_call *call, struct str argument);
/// "wrong number of arguments for 'set' command"; in JSON "invalid number of arguments".
enum status reply_arguments(struct command_call *call);

/// The time since `begin_ns` as Tile38 writes it: 950ns, 12.345µs, 1.5ms, 2s.
void reply_elapsed(struct buf *out, uint64_t begin_ns);

#endif
