// columns.h - what the columns of a CSV file mean, and a row as a Feature.
//
// Owner: one thread.

#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include "cli/csv.h"
#include "cli/feature_text.h"

#define COLUMNS_NONE SIZE_MAX

/// Names given on the command line; NULL: guessed from the usual ones.
struct column_names {
    const char *lat, *lon, *wkt, *time;
};

struct columns {
    size_t count;
    struct str *names;              // trimmed, unique
    struct buf texts;               // what the names lie in
    size_t lat, lon, wkt, time, id; // COLUMNS_NONE: there is none
};

/// From the header row. INVALID says which column is missing and which option names it.
MUST_USE enum status columns_open(const struct str *header, size_t count,
                                  const struct column_names *names, const struct feature_ids *ids,
                                  struct columns *out, struct reason *why);
void columns_close(struct columns *c);
/// As feature_text_json. Fields that no column above stands for become properties: numbers, true and false as what
/// they are, other texts as strings, empty ones not at all.
MUST_USE enum status columns_feature(const struct columns *c, const struct str *fields,
                                     size_t count, const struct feature_ids *ids, uint64_t number,
                                     struct buf *out, struct feature_time *time,
                                     struct reason *why);

#endif
