#include "command/endpoints.h"

#define R COMMAND_READ | COMMAND_SCRIPT
#define W COMMAND_WRITE | COMMAND_SCRIPT

// One line a command: name, function, flags, arguments at least and at most (0: any), help.
static const struct command table[] = {
    // connection
    {"ping", command_ping, COMMAND_OPEN | COMMAND_SCRIPT | COMMAND_PUBSUB, 1, 2, "PING [message]"},
    {"echo", command_echo, COMMAND_OPEN, 2, 2, "ECHO message"},
    {"quit", command_quit, COMMAND_OPEN | COMMAND_PUBSUB, 1, 1, "QUIT"},
    {"output", command_output, COMMAND_OPEN, 1, 2, "OUTPUT [json|resp]"},
};

const struct command *command_table(size_t *count) {
    *count = sizeof table / sizeof table[0];
    return table;
}
