// options.h - the command line: one table per command, from which parsing and help come.
//
// "--name VALUE", "--name=VALUE", "--flag"; "--" ends options; the rest are positional arguments.
// Values are borrowed from argv. Threads: main's.

#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/reason.h"

/// Exit codes of every command.
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct option {
    const char *name;  // without dashes; NULL ends the table
    const char *value; // what to call its value in help, such as "DIR"; NULL: a flag
    const char *help;  // one sentence
};

#define OPTIONS_MAX 64
#define OPTIONS_NAME_BYTES 48
#define OPTIONS_MAX_ARGUMENTS 8

struct options {
    const struct option *table;
    const char *values[OPTIONS_MAX]; // by place in the table; NULL: not given; a flag has ""
    const char *arguments[OPTIONS_MAX_ARGUMENTS];
    size_t argument_count;
};

/// INVALID with what is wrong and, for an unknown option, the nearest known one.
MUST_USE enum status options_parse(struct options *o, const struct option *table, int argc,
                                   char **argv, struct reason *why);
/// The value of an option in the table, NULL when it was not given.
const char *options_get(const struct options *o, const char *name);
bool options_has(const struct options *o, const char *name);
/// A number within bounds, `fallback` when not given; INVALID else.
MUST_USE enum status options_number(const struct options *o, const char *name, double min,
                                    double max, double fallback, double *out, struct reason *why);
void options_help(const struct option *table, FILE *to);

#endif
