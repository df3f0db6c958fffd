// commands_state.h - what the files of this folder share.

#ifndef COMMAND_COMMANDS_STATE_H
#define COMMAND_COMMANDS_STATE_H

#include "command/command.h"

#define COMMANDS_TABLE 512 // places, by hash of the name: several times the number of commands

struct commands {
    struct commands_options options;
    const struct command *table[COMMANDS_TABLE];
};

#endif
