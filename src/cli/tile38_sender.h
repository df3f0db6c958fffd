// tile38_sender.h - commands to the server that takes them over: pipelined, each reply counted and told.
//
// Owner: one thread.

#ifndef CLI_TILE38_SENDER_H
#define CLI_TILE38_SENDER_H

#include "cli/resp_client.h"

#define TILE38_SENDER_NAMES 32 // different commands

struct tile38_count {
    char name[16]; // lower case
    uint64_t done;
    uint64_t idle; // "key not found", "id not found": without effect, as at Tile38's own start
    uint64_t refused;
};

struct tile38_sender {
    struct resp_client *client; // borrowed
    /// A command that the server refused: how it began, where it came from, what the server said.
    void (*on_refused)(void *ctx, const char *brief, uint64_t offset, struct str text);
    void *ctx;
    struct tile38_count counts[TILE38_SENDER_NAMES];
    size_t count_count;
    struct tile38_waiting *waiting; // a ring
    size_t first, in_ring;
    size_t bytes; // on their way
};

MUST_USE enum status tile38_sender_init(struct tile38_sender *s, struct resp_client *client);
void tile38_sender_deinit(struct tile38_sender *s);
/// `wire` holds `sent` commands (0: nothing happens) that the arguments stand for.
MUST_USE enum status tile38_sender_put(struct tile38_sender *s, const struct str *args,
                                       size_t count, uint64_t offset, struct str wire, size_t sent,
                                       struct reason *why);
/// Wait for every reply.
MUST_USE enum status tile38_sender_flush(struct tile38_sender *s, struct reason *why);
/// Sums over all commands.
struct tile38_count tile38_sender_total(const struct tile38_sender *s);
/// "SET fleet truck POINT ..." cut to `size` bytes with the NUL, control characters and what is not UTF-8 as dots.
void tile38_sender_brief(const struct str *args, size_t count, char *out, size_t size);

#endif
