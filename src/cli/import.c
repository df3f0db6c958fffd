// import.c - warpengine import: a file into a collection.

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/reading.h"
#include "cli/sender.h"
#include "cli/tile38_import.h"

enum {
    BATCH_OBJECTS = 10000,
    BATCH_BYTES = 1 << 20,
    PATIENCE_S = 30,
    ERRORS_SHOWN = 20,
};

struct import {
    const char *file;
    bool strict;
    struct reading reading;
    struct target *target;
    struct sender *sender;
    struct progress progress;
    uint64_t unreadable; // records
    uint64_t shown;      // errors
};

static int import_open(const struct options *options, struct import *im);
static int import_run(struct import *im);
static enum status import_records(struct import *im, struct reason *why);
static int import_end(struct import *im, enum status st, const struct reason *why);
static void on_refused(void *ctx, uint64_t line, const char *text);
static void show_error(struct import *im, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int import(const struct options *options) {
    if (tile38_import_is_meant(options)) return tile38_import(options);
    struct import im = {0};
    int code = import_open(options, &im);
    if (code == CLI_DONE) code = import_run(&im);
    sender_close(im.sender);
    struct reason why = {0};
    enum status st = target_close(im.target, &why);
    reading_close(&im.reading);
    if (st != STATUS_OK && code == CLI_DONE)
        return command_fail(CLI_FAILED, "what was imported may not last: %s", why.text);
    return code;
}

static int import_open(const struct options *options, struct import *im) {
    struct reason why = {0};
    im->strict = options_has(options, "strict");
    int code = reading_open(options, &im->reading);
    if (code == CLI_DONE) code = target_open(options, TARGET_FILL, &im->target);
    if (code != CLI_DONE) return code;
    im->file = options->arguments[0];
    struct sender_options sender = {.target = im->target,
                                    .collection = im->reading.collection,
                                    .batch_objects = BATCH_OBJECTS,
                                    .batch_bytes = BATCH_BYTES,
                                    .patience_s = PATIENCE_S,
                                    .on_refused = on_refused,
                                    .ctx = im};
    if (sender_open(&sender, &im->sender, &why) == STATUS_OK) return CLI_DONE;
    return command_fail(CLI_FAILED, "%s", why.text);
}

static int import_run(struct import *im) {
    struct reason why = {0};
    progress_start(&im->progress, "imported");
    enum status st = import_records(im, &why);
    // What was read before an end too early is kept, and counted.
    struct reason later = {0};
    enum status flushed = sender_flush(im->sender, &later);
    if (st == STATUS_OK && flushed != STATUS_OK) {
        st = flushed;
        why = later;
    }
    progress_end(&im->progress);
    return import_end(im, st, &why);
}

static enum status import_records(struct import *im, struct reason *why) {
    for (;;) {
        struct reader_record record;
        enum status st = reader_next(im->reading.reader, &record, why);
        if (st == STATUS_NOT_FOUND) return STATUS_OK;
        if (st == STATUS_INVALID && !im->strict) {
            im->unreadable++;
            show_error(im, "%s", why->text);
            why->text[0] = '\0';
            continue;
        }
        if (st == STATUS_OK)
            st = sender_put(im->sender, record.text, &record.time, record.line, why);
        if (st != STATUS_OK) return st;
        if (im->strict && sender_refused(im->sender))
            return reason_set(why, STATUS_INVALID, "stopped at the first error (--strict)");
        progress_show(&im->progress, sender_stored(im->sender), input_progress(im->reading.input));
    }
}

static int import_end(struct import *im, enum status st, const struct reason *why) {
    uint64_t stored = sender_stored(im->sender);
    uint64_t failed = im->unreadable + sender_refused(im->sender);
    double seconds = progress_seconds(&im->progress);
    if (im->shown > ERRORS_SHOWN) {
        fprintf(stderr, "warpengine: ... and %" PRIu64 " errors more\n", im->shown - ERRORS_SHOWN);
    }
    printf("%.*s: %" PRIu64 " imported", STR_ARGS(im->reading.collection), stored);
    if (failed) printf(", %" PRIu64 " refused", failed);
    printf(", %.1f s\n", seconds);
    fflush(stdout);
    if (st != STATUS_OK) {
        return command_fail(CLI_FAILED, "%s: %s", im->file,
                            why->text[0] ? why->text : status_text(st));
    }
    if (stored + failed == 0)
        return command_fail(CLI_FAILED, "%s: nothing to import was found in it", im->file);
    if (failed) {
        return command_fail(CLI_FAILED, "%s: %" PRIu64 " of %" PRIu64 " records were refused",
                            im->file, failed, stored + failed);
    }
    return CLI_DONE;
}

static void on_refused(void *ctx, uint64_t line, const char *text) {
    show_error(ctx, "line %" PRIu64 ": %s", line, text);
}

static void show_error(struct import *im, const char *format, ...) {
    if (im->shown++ >= ERRORS_SHOWN) return;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (im->progress.shown) fputs("\r\x1b[K", stderr);
    fprintf(stderr, "warpengine: %s: %s\n", im->file, text);
}

static const struct option import_options[] = {
    READING_OPTIONS,
    {"strict", NULL, "Stop at the first record that is not accepted."},
    TARGET_OPTIONS,
    TILE38_IMPORT_OPTIONS,
    {0},
};

const struct command command_import = {
    .name = "import",
    .usage = "FILE|- --collection NAME [--format F] [--url URL | --data DIR] [--strict]",
    .summary = "Load a file (GeoJSON, NDJSON, CSV; gzip or not) into a server or a data directory.",
    .options = import_options,
    .run = import,
};
