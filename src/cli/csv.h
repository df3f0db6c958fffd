// csv.h - RFC 4180 rows out of a stream: quotes, line ends of any kind, fields of any length up to a bound.
//
// Owner: one thread. Rows are valid until the next one.

#ifndef CLI_CSV_H
#define CLI_CSV_H

#include "base/buf.h"
#include "cli/input.h"

#define CSV_FIELDS_MAX 4096
#define CSV_ROW_MAX ((size_t)16 << 20)

struct csv {
    struct input *in; // borrowed
    char separator;
    uint64_t line;     // that is read next, from 1
    uint64_t row_line; // where the last row began
    bool after_cr;     // the row ended with CR: an LF that follows belongs to it
    struct buf text;   // the fields of the row, without quotes, one after another
    size_t *ends;      // where each of them ends in text
    struct str *fields;
    size_t count;
};

/// `separator` 0: whichever of comma, semicolon and tab the first line has most of. A byte order mark is passed over.
MUST_USE enum status csv_open(struct input *in, char separator, struct csv *csv,
                              struct reason *why);
void csv_close(struct csv *csv);
/// The next row that is not blank into fields and count. NOT_FOUND at the end; INVALID or TOO_LARGE: this row
/// cannot be read (the reason does not repeat the line), the next one can be asked for; anything else
/// comes from the input.
MUST_USE enum status csv_next(struct csv *csv, struct reason *why);

#endif
