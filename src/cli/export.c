// export.c - warpengine export: a collection onto standard output.

#include <inttypes.h>
#include <stdio.h>

#include "api/feature.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/progress.h"
#include "cli/writer.h"

static enum status learn_all(struct target *target, struct str collection, struct writer *w,
                             struct reason *why);
static enum status write_all(struct target *target, struct str collection, struct writer *w,
                             struct reason *why);

static int check_options(const struct options *options, struct str *collection,
                         enum reader_format *format) {
    const char *name = options_get(options, "collection");
    const char *text = options_get(options, "format");
    struct reason why;
    if (options->argument_count) {
        return command_fail(CLI_USAGE,
                            "export writes to standard output and takes no argument "
                            "(%s)",
                            options->arguments[0]);
    }
    *collection = str_of(name ? name : "default");
    *format = READER_GEOJSON;
    if (feature_check_name(*collection, "--collection", &why) != STATUS_OK)
        return command_fail(CLI_USAGE, "%s", why.text);
    if (text && !reader_parse_format(str_of(text), format)) {
        return command_fail(CLI_USAGE,
                            "--format must be geojson, geojsonseq, ndjson or csv, "
                            "not %s",
                            text);
    }
    return CLI_DONE;
}

static int export(const struct options *options) {
    struct str collection;
    enum reader_format format;
    struct target *target;
    struct writer writer;
    struct reason why = {0};
    int code = check_options(options, &collection, &format);
    if (code == CLI_DONE) code = target_open(options, TARGET_READ, &target);
    if (code != CLI_DONE) return code;
    enum status st = writer_open(format, stdout, &writer);
    if (st == STATUS_OK && writer_must_learn(&writer))
        st = learn_all(target, collection, &writer, &why);
    if (st == STATUS_OK) st = write_all(target, collection, &writer, &why);
    uint64_t lost = writer.lost;
    writer_close(&writer);
    struct reason later;
    enum status closed = target_close(target, &later);
    if (st == STATUS_OK) st = closed;
    if (st != STATUS_OK)
        return command_fail(CLI_FAILED, "%s", why.text[0] ? why.text : status_text(st));
    if (lost) {
        return command_fail(CLI_FAILED,
                            "%" PRIu64 " values have no column: the collection "
                            "changed meanwhile; export again, or use --format ndjson",
                            lost);
    }
    return CLI_DONE;
}

static enum status learn_all(struct target *target, struct str collection, struct writer *w,
                             struct reason *why) {
    struct listing listing;
    yyjson_val *feature;
    enum status st;
    listing_open(target, collection, &listing);
    while ((st = listing_next(&listing, &feature, why)) == STATUS_OK) {
        st = writer_learn(w, feature, why);
        if (st != STATUS_OK) break;
    }
    listing_close(&listing);
    return st == STATUS_NOT_FOUND && !why->text[0] ? STATUS_OK : st;
}

static enum status write_all(struct target *target, struct str collection, struct writer *w,
                             struct reason *why) {
    struct listing listing;
    struct progress progress;
    yyjson_val *feature;
    listing_open(target, collection, &listing);
    progress_start(&progress, "exported");
    // The first page before the first byte: an unknown collection gives no empty document.
    enum status st = listing_next(&listing, &feature, why);
    bool any = st == STATUS_OK;
    if (any || (st == STATUS_NOT_FOUND && !why->text[0])) st = writer_begin(w, why);
    while (any && st == STATUS_OK) {
        st = writer_put(w, feature, why);
        progress_show(&progress, w->count, -1);
        if (st == STATUS_OK) st = listing_next(&listing, &feature, why);
    }
    if (any && st == STATUS_NOT_FOUND && !why->text[0]) st = STATUS_OK;
    if (st == STATUS_OK) st = writer_end(w, why);
    progress_end(&progress);
    listing_close(&listing);
    return st;
}

static const struct option export_options[] = {
    {"collection", "NAME", "The collection; default: default."},
    {"format", "FORMAT", "geojson (the default), geojsonseq, ndjson or csv."},
    TARGET_OPTIONS,
    {0},
};

const struct command command_export = {
    .name = "export",
    .usage = "--collection NAME [--format F] [--url URL | --data DIR]",
    .summary = "Write a collection to standard output, as import reads it.",
    .options = export_options,
    .run = export,
};
