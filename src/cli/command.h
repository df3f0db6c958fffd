// command.h - the commands of the binary; main.c has the table of them.

#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"
#include "server/config.h"

struct command {
    const char *name;
    const char *usage;   // what follows the name
    const char *summary; // one line
    const struct option *options;
    bool takes_config; // --config FILE and a flag for each configuration key as well
    int (*run)(const struct options *options); // an exit code
};

extern const struct command command_serve;
extern const struct command command_import;
extern const struct command command_export;
extern const struct command command_replay;
extern const struct command command_backup;
extern const struct command command_check;
extern const struct command command_bench;

/// Defaults, file, environment and flags put together and checked, for a command that takes_config. On failure says
/// why on standard error and gives CLI_USAGE or CLI_FAILED; CLI_DONE: `config` is the caller's to deinit.
int command_config(const struct options *options, struct config *config);

/// "warpengine: TEXT" on standard error; gives `code` back.
int command_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
