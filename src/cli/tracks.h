// tracks.h - positions of many things over time, in the order of time, to be played again.
//
// All of them are held in memory. Owner: one thread.

#ifndef CLI_TRACKS_H
#define CLI_TRACKS_H

#include "cli/reader.h"

struct track_point {
    int64_t time_ms;
    uint64_t order; // in the file
    size_t at, len; // the Feature in texts, up to its time
};

struct tracks {
    struct buf texts;
    struct track_point *points;
    size_t count, cap;
    uint64_t skipped; // records that could not be read
    struct reason first_skipped;
};

/// Reads all of `reader`. INVALID: nothing with a time was in it.
MUST_USE enum status tracks_open(struct reader *reader, struct tracks *t, struct reason *why);
void tracks_close(struct tracks *t);
/// The time after which the whole begins anew: that of the last point and a usual step.
int64_t tracks_length_ms(const struct tracks *t);
/// Point `i` as a Feature with time `time_ms`, and a line end.
void tracks_write(const struct tracks *t, size_t i, int64_t time_ms, struct buf *out);

#endif
