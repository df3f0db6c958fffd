// tile38_plan.h - what becomes of a command of an append-only file: sent, held back, left out.
//
// - Lives in such a file are seconds from when the command was written, a moment nobody noted. It was not after the
//   file's last change: so much is taken off each life, and what has died by then is deleted instead.
// - Fences are held until the objects are there: loading tells nobody anything, as at Tile38's own start.
// - FLUSHDB drops what this file has made so far, and nothing else that the server holds.
//
// Owner: one thread.

#ifndef CLI_TILE38_PLAN_H
#define CLI_TILE38_PLAN_H

#include "cli/name_map.h"
#include "cli/tile38_file.h"

struct tile38_plan {
    struct str collection;  // this one only; empty: all
    double age_s;           // of the file
    struct name_map keys;   // that the file has made
    struct name_map fences; // SETHOOK and SETCHAN as they go over the wire, by name
    struct buf wire;        // of the last command
    uint64_t expired;       // lives that had ended
};

enum tile38_verdict {
    TILE38_SEND,   // plan->wire: one command, or for FLUSHDB any number
    TILE38_HOLD,   // a fence, for later
    TILE38_SKIP,   // not of this collection, or it changes no object
    TILE38_REFUSE, // nothing that such a file holds; `why`
};

void tile38_plan_init(struct tile38_plan *p);
void tile38_plan_deinit(struct tile38_plan *p);
/// `*sent`: commands in plan->wire. NO_MEMORY.
MUST_USE enum status tile38_plan_take(struct tile38_plan *p, const struct tile38_command *command,
                                      enum tile38_verdict *verdict, size_t *sent,
                                      struct reason *why);
/// "SETHOOK" or "SETCHAN".
struct str tile38_plan_fence_word(const struct name_entry *fence);

#endif
