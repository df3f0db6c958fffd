#include "cli/reading.h"

#include "api/feature.h"
#include "cli/command.h"

static int fill_options(const struct options *options, struct reader_options *out);
static int open_reader(const struct reader_options *options, struct reading *out);

int reading_open(const struct options *options, struct reading *out) {
    *out = (struct reading){0};
    if (options->argument_count != 1) {
        return command_fail(CLI_USAGE, "name one file to read, or - for standard input");
    }
    struct reader_options reader = {.name = options->arguments[0]};
    int code = fill_options(options, &reader);
    if (code != CLI_DONE) return code;
    out->collection = reader.ids.collection;
    code = open_reader(&reader, out);
    if (code != CLI_DONE) reading_close(out);
    return code;
}

void reading_close(struct reading *r) {
    reader_close(r->reader);
    input_close(r->input);
    *r = (struct reading){0};
}

static int fill_options(const struct options *options, struct reader_options *out) {
    const char *format = options_get(options, "format");
    const char *collection = options_get(options, "collection");
    const char *delimiter = options_get(options, "delimiter");
    struct reason why;
    out->ids.collection = str_of(collection ? collection : "default");
    out->ids.prefix =
        options_has(options, "id-prefix") ? str_of(options_get(options, "id-prefix")) : STR("");
    out->ids.column = options_get(options, "id");
    out->columns = (struct column_names){
        options_get(options, "lat"),
        options_get(options, "lon"),
        options_get(options, "wkt"),
        options_get(options, "time"),
    };
    if (feature_check_name(out->ids.collection, "--collection", &why) != STATUS_OK)
        return command_fail(CLI_USAGE, "%s", why.text);
    if (out->ids.prefix.len &&
        feature_check_name(out->ids.prefix, "--id-prefix", &why) != STATUS_OK)
        return command_fail(CLI_USAGE, "%s", why.text);
    if (format && !reader_parse_format(str_of(format), &out->format)) {
        return command_fail(CLI_USAGE,
                            "--format must be geojson, geojsonseq, ndjson or csv, "
                            "not %s",
                            format);
    }
    if (delimiter && strcmp(delimiter, "tab") == 0) delimiter = "\t";
    if (delimiter && (strlen(delimiter) != 1 || strchr("\"\r\n", delimiter[0])))
        return command_fail(CLI_USAGE, "--delimiter must be one character, or tab");
    out->separator = delimiter ? delimiter[0] : 0;
    return CLI_DONE;
}

static int open_reader(const struct reader_options *options, struct reading *out) {
    struct reason why = {0};
    enum status st = input_open(options->name, &out->input, &why);
    if (st != STATUS_OK) return command_fail(CLI_FAILED, "%s", why.text);
    st = reader_open(out->input, options, &out->reader, &why);
    if (st == STATUS_OK) return CLI_DONE;
    return command_fail(CLI_FAILED, "%s: %s", options->name,
                        why.text[0] ? why.text : status_text(st));
}
