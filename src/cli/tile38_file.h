// tile38_file.h - the commands of a Tile38 append-only file, one after another, each with its place in the file.
//
//   *5\r\n$3\r\nset\r\n$5\r\nfleet\r\n ...   and again; zero bytes between commands, which a lost machine leaves, are passed over
//
// Owner: one thread.

#ifndef CLI_TILE38_FILE_H
#define CLI_TILE38_FILE_H

#include "cli/input.h"

#define TILE38_FILE_ARGUMENTS 1048576         // of one command
#define TILE38_FILE_COMMAND_BYTES (64u << 20) // the server's own limit

struct tile38_command {
    const struct str *args; // borrowed until the next call
    size_t count;
    uint64_t offset; // of its first byte
};

struct tile38_file;

/// `in` is borrowed.
MUST_USE enum status tile38_file_open(struct input *in, struct tile38_file **out);
/// NULL is allowed.
void tile38_file_close(struct tile38_file *f);
/// NOT_FOUND at the end. CORRUPT: not such a file from here on, with the offset; input_peek's failures.
MUST_USE enum status tile38_file_next(struct tile38_file *f, struct tile38_command *out,
                                      struct reason *why);
/// At the end: bytes of a last command that is not whole; where it begins.
uint64_t tile38_file_torn(const struct tile38_file *f, uint64_t *offset);

#endif
