// writer.h - Features as text of a format, in a form that import reads back as the same objects.
//
// CSV needs its columns before its first row: writer_learn sees every Feature once before.
// Owner: one thread.

#ifndef CLI_WRITER_H
#define CLI_WRITER_H

#include <stdio.h>
#include <yyjson.h>

#include "base/buf.h"
#include "base/reason.h"
#include "cli/reader.h"

#define WRITER_COLUMNS_MAX 1000

struct writer {
    enum reader_format format; // not READER_GUESS
    FILE *to;                  // borrowed
    uint64_t count;            // written
    struct buf text;
    // CSV:
    bool has_time, has_shapes; // some object has one; shapes: not a Point, or with altitude
    size_t column_count;
    struct buf names; // of the properties, in the order they came, one after another
    size_t *offsets;  // where each begins
    uint64_t lost; // properties that no column stands for: they came after the columns were known
};

MUST_USE enum status writer_open(enum reader_format format, FILE *to, struct writer *w);
void writer_close(struct writer *w);
bool writer_must_learn(const struct writer *w);
/// TOO_LARGE: more than WRITER_COLUMNS_MAX properties.
MUST_USE enum status writer_learn(struct writer *w, yyjson_val *feature, struct reason *why);
/// IO when the output does not take it.
MUST_USE enum status writer_begin(struct writer *w, struct reason *why);
MUST_USE enum status writer_put(struct writer *w, yyjson_val *feature, struct reason *why);
MUST_USE enum status writer_end(struct writer *w, struct reason *why);

#endif
