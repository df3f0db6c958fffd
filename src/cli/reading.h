// reading.h - the options of commands that read a file (import, replay), and the reader they make.

#ifndef CLI_READING_H
#define CLI_READING_H

#include "cli/options.h"
#include "cli/reader.h"

#define READING_OPTIONS                                                                            \
    {"collection", "NAME", "The collection; default: default."},                                   \
        {"format", "FORMAT",                                                                       \
         "geojson, geojsonseq, ndjson or csv; guessed without it. Import: tile38."},               \
        {"id-prefix", "P", "Begin every id with P."},                                              \
        {"id", "COLUMN", "CSV column, or property, that is the id."},                              \
        {"lat", "COLUMN", "CSV column of the latitude."},                                          \
        {"lon", "COLUMN", "CSV column of the longitude."},                                         \
        {"time", "COLUMN", "CSV column of the time: RFC 3339, Unix seconds or milliseconds."},     \
        {"wkt", "COLUMN", "CSV column of the geometry: WKT or GeoJSON."}, {                        \
        "delimiter", "C", "What stands between CSV fields; guessed from , ; and tab."              \
    }

struct reading {
    struct input *input;
    struct reader *reader;
    struct str collection;
};

/// The command's one argument is the file. On failure says why and gives an exit code other than CLI_DONE.
int reading_open(const struct options *options, struct reading *out);
void reading_close(struct reading *r);

#endif
