// progress.h - a line on the terminal that tells how far long work is; nothing in a pipe.
//
// Owner: one thread.

#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what; // "imported"
    bool shown;       // standard error is a terminal
    uint64_t began_ns, next_ns;
};

void progress_start(struct progress *p, const char *what);
/// `part` 0..1, or negative: unknown. Draws a few times a second at most.
void progress_show(struct progress *p, uint64_t count, double part);
/// Takes the line away.
void progress_end(struct progress *p);
double progress_seconds(const struct progress *p);

#endif
