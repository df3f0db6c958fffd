#include "cli/reader.h"

#include <strings.h>

#include "api/json.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/json_split.h"
#include "cli/lines.h"

struct reader {
    struct input *in; // borrowed
    struct reader_options options;
    enum reader_format format;
    uint64_t number; // of records, bad ones included: ids are made from it
    struct buf text;
    struct csv csv;
    struct columns columns;
    struct json_split split;
    struct lines lines;
};

static enum status guess(struct reader *r, struct reason *why);
static enum status open_csv(struct reader *r, struct reason *why);
static enum status next_csv(struct reader *r, struct reader_record *out, struct reason *why);
static enum status next_json(struct reader *r, struct reader_record *out, struct reason *why);
static enum status with_line(enum status st, uint64_t line, struct reason *why);

bool reader_parse_format(struct str name, enum reader_format *out) {
    static const struct {
        const char *name;
        enum reader_format format;
    } formats[] = {{"geojson", READER_GEOJSON},
                   {"geojsonseq", READER_GEOJSONSEQ},
                   {"ndjson", READER_NDJSON},
                   {"csv", READER_CSV}};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (str_eq_nocase(name, str_of(formats[i].name))) {
            *out = formats[i].format;
            return true;
        }
    }
    return false;
}

enum status reader_open(struct input *in, const struct reader_options *options, struct reader **out,
                        struct reason *why) {
    struct reader *r = mem_zalloc(1, sizeof *r);
    if (!r) return reason_set(why, STATUS_NO_MEMORY, "no memory to read");
    r->in = in;
    r->options = *options;
    r->format = options->format;
    buf_init(&r->text);
    enum status st = r->format == READER_GUESS ? guess(r, why) : STATUS_OK;
    json_split_open(in, &r->split);
    lines_open(in, r->format == READER_GEOJSONSEQ ? LINES_RS : '\n', &r->lines);
    if (st == STATUS_OK && r->format == READER_CSV) st = open_csv(r, why);
    if (st != STATUS_OK) {
        reader_close(r);
        return st;
    }
    *out = r;
    return STATUS_OK;
}

void reader_close(struct reader *r) {
    if (!r) return;
    columns_close(&r->columns);
    csv_close(&r->csv);
    json_split_close(&r->split);
    lines_close(&r->lines);
    buf_deinit(&r->text);
    mem_free(r);
}

enum status reader_next(struct reader *r, struct reader_record *out, struct reason *why) {
    buf_clear(&r->text);
    *out = (struct reader_record){0};
    enum status st = r->format == READER_CSV ? next_csv(r, out, why) : next_json(r, out, why);
    if (st == STATUS_OK) st = buf_status(&r->text);
    out->text = buf_str(&r->text);
    return st;
}

static bool ends_with(struct str name, const char *ending) {
    size_t len = strlen(ending);
    return name.len >= len && strncasecmp(name.p + name.len - len, ending, len) == 0;
}

// By the ending of the name, else by the first byte.
static enum status guess(struct reader *r, struct reason *why) {
    static const struct {
        const char *ending;
        enum reader_format format;
    } endings[] = {{".geojson", READER_GEOJSON},
                   {".json", READER_GEOJSON},
                   {".geojsonl", READER_NDJSON},
                   {".ndjson", READER_NDJSON},
                   {".jsonl", READER_NDJSON},
                   {".geojsons", READER_GEOJSONSEQ},
                   {".geojsonseq", READER_GEOJSONSEQ},
                   {".csv", READER_CSV},
                   {".tsv", READER_CSV}};
    struct str name = str_of(r->options.name), start;
    if (ends_with(name, ".gz")) name.len -= 3;
    enum status st = input_peek(r->in, &start, why);
    if (st != STATUS_OK) return st;
    start = str_trim(start);
    char first = start.len ? start.p[0] : 0;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(name, endings[i].ending)) r->format = endings[i].format;
    bool is_seq = first == LINES_RS;
    if (r->format == READER_GUESS || (is_seq && r->format != READER_CSV)) {
        r->format = is_seq                         ? READER_GEOJSONSEQ
                    : first == '{' || first == '[' ? READER_GEOJSON
                                                   : READER_CSV;
    }
    return STATUS_OK;
}

static enum status open_csv(struct reader *r, struct reason *why) {
    enum status st = csv_open(r->in, r->options.separator, &r->csv, why);
    if (st == STATUS_OK) st = csv_next(&r->csv, why);
    if (st == STATUS_NOT_FOUND)
        return reason_set(why, STATUS_INVALID, "it is empty: a header line was expected");
    if (st != STATUS_OK) return st;
    return columns_open(r->csv.fields, r->csv.count, &r->options.columns, &r->options.ids,
                        &r->columns, why);
}

static enum status next_csv(struct reader *r, struct reader_record *out, struct reason *why) {
    enum status st = csv_next(&r->csv, why);
    if (st == STATUS_NOT_FOUND) return st;
    out->line = r->csv.row_line;
    r->number++;
    if (st == STATUS_OK) {
        st = columns_feature(&r->columns, r->csv.fields, r->csv.count, &r->options.ids, r->number,
                             &r->text, &out->time, why);
    }
    return with_line(st, out->line, why);
}

static enum status next_json(struct reader *r, struct reader_record *out, struct reason *why) {
    struct str text;
    bool is_lines = r->format != READER_GEOJSON;
    enum status st =
        is_lines ? lines_next(&r->lines, &text, why) : json_split_next(&r->split, &text, why);
    // A splitter that lost its way does not find it again.
    if (st != STATUS_OK && !(is_lines && st == STATUS_TOO_LARGE)) return st;
    out->line = is_lines ? r->lines.text_line : r->split.text_line;
    r->number++;
    struct json json = {0};
    if (st == STATUS_OK) st = json_parse(text, NULL, &json, why);
    if (st == STATUS_OK) {
        st = feature_text_json(json.root, &r->options.ids, r->number, clock_wall_ms(), &r->text,
                               &out->time, why);
    }
    json_free(&json);
    return with_line(st, out->line, why);
}

/// What one record may do wrong becomes INVALID.
static enum status with_line(enum status st, uint64_t line, struct reason *why) {
    if (st != STATUS_INVALID && st != STATUS_BAD_REQUEST && st != STATUS_TOO_LARGE) return st;
    struct reason inner = *why;
    return reason_set(why, STATUS_INVALID, "line %llu: %.200s", (unsigned long long)line,
                      inner.text[0] ? inner.text : status_text(st));
}
