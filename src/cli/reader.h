// reader.h - a file of any format as a stream of Features.
//
//   input --> csv | json_split | lines --> columns | feature_text --> record
//
// Memory is bounded by the longest record. Owner: one thread.

#ifndef CLI_READER_H
#define CLI_READER_H

#include "cli/columns.h"
#include "cli/feature_text.h"
#include "cli/input.h"

enum reader_format {
    READER_GUESS,
    READER_GEOJSON,    // FeatureCollection, array, Feature, bare geometries, one or many
    READER_GEOJSONSEQ, // RFC 8142
    READER_NDJSON,
    READER_CSV,
};

struct reader_options {
    enum reader_format format;
    const char *name; // of the file: its ending helps to guess
    char separator;   // of CSV; 0: guessed
    struct column_names columns;
    struct feature_ids ids; // borrowed texts
};

/// Valid until the next one.
struct reader_record {
    struct str text; // a Feature on one line, up to its time: feature_text_end completes it
    struct feature_time time;
    uint64_t line; // where it begins in the input, from 1
};

struct reader;

bool reader_parse_format(struct str name, enum reader_format *out);
/// `in` is borrowed.
MUST_USE enum status reader_open(struct input *in, const struct reader_options *options,
                                 struct reader **out, struct reason *why);
/// NULL is allowed.
void reader_close(struct reader *r);
/// NOT_FOUND at the end. INVALID: this record is no good (the reason names its line), the next one can be asked for.
/// Anything else ends the reading.
MUST_USE enum status reader_next(struct reader *r, struct reader_record *out, struct reason *why);

#endif
