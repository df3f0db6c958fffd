// endpoints.h - the functions of the table (command_table.c); the file that holds one stands before it.

#ifndef COMMAND_ENDPOINTS_H
#define COMMAND_ENDPOINTS_H

#include "command/command.h"

// connection.c
command_fn command_ping, command_echo, command_quit, command_output;

#endif
