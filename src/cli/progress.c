#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { BAR_WIDTH = 30, EVERY_NS = 200000000 };

void progress_start(struct progress *p, const char *what) {
    uint64_t now = clock_mono_ns();
    *p = (struct progress){what, isatty(STDERR_FILENO) == 1, now, now + EVERY_NS};
}

void progress_show(struct progress *p, uint64_t count, double part) {
    uint64_t now;
    if (!p->shown || (now = clock_mono_ns()) < p->next_ns) return;
    p->next_ns = now + EVERY_NS;
    double rate = (double)count / progress_seconds(p);
    fputs("\r\x1b[K", stderr);
    if (part >= 0) {
        char bar[BAR_WIDTH + 1];
        for (int i = 0; i < BAR_WIDTH; i++)
            bar[i] = i < (int)(part * BAR_WIDTH) ? '#' : '.';
        bar[BAR_WIDTH] = '\0';
        fprintf(stderr, "[%s] %3.0f %%  ", bar, part * 100);
    }
    fprintf(stderr, "%" PRIu64 " %s, %.0f/s", count, p->what, rate);
    fflush(stderr);
}

void progress_end(struct progress *p) {
    if (!p->shown) return;
    fputs("\r\x1b[K", stderr);
    fflush(stderr);
    p->shown = false;
}

double progress_seconds(const struct progress *p) {
    double s = (double)(clock_mono_ns() - p->began_ns) / 1e9;
    return s > 1e-9 ? s : 1e-9;
}
