// tile38_import.h - warpengine import --format tile38: a Tile38's append-only file, or a running one, into a server.

#ifndef CLI_TILE38_IMPORT_H
#define CLI_TILE38_IMPORT_H

#include "cli/options.h"

#define TILE38_IMPORT_OPTIONS                                                                      \
    {"source", "URL", "tile38: read a running Tile38, redis://HOST:PORT, instead of a file."},     \
        {"after", "KEY", "With --source: begin behind this key."}, {                               \
        "password-file", "FILE",                                                                   \
            "tile38: the password of the server's RESP port; else WARP_RESP_PASSWORD."             \
    }

/// Is it this that the options ask for?
bool tile38_import_is_meant(const struct options *options);
/// An exit code.
int tile38_import(const struct options *options);

#endif
