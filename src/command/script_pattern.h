// script_pattern.h - Lua's patterns (reference manual 6.4.1), matched with a budget.
//
// Lua's own matcher cannot be stopped: ("a"):rep(1e6):find(".-.-.-b") would hold a thread for days. This one asks
// every few thousand steps whether it should go on.
// Owner: one thread, one search.

#ifndef COMMAND_SCRIPT_PATTERN_H
#define COMMAND_SCRIPT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#define SCRIPT_PATTERN_CAPTURES 32
#define SCRIPT_PATTERN_POSITION (-2) // length of a capture "()"

struct script_pattern {
    const char *subject, *subject_end;
    const char *pattern, *pattern_end;
    bool (*is_late)(void *ctx);
    void *ctx;
    // results
    struct {
        const char *start;
        ptrdiff_t len;
    } captures[SCRIPT_PATTERN_CAPTURES];
    int count;
    const char *error; // static text: a malformed pattern, or "timeout"
    // while matching
    unsigned steps;
    int depth;
};

/// The end of the match that begins at `at`, or NULL: none, or `error` is set. A '^' at the pattern's front is the
/// caller's.
const char *script_pattern_match(struct script_pattern *m, const char *at);

#endif
