#include "cli/csv.h"

#include "base/mem.h"

#define END_OF_INPUT (-1)

enum state { FIELD_START, PLAIN, QUOTED, QUOTE_IN_QUOTED, SKIPPING };

struct row {
    struct csv *csv;
    enum state state;
    enum status fault; // why the row is no good; the rest of it is skipped
    struct reason *why;
    bool done;
};

static enum status guess_separator(struct csv *csv, struct reason *why);
static enum status read_row(struct csv *csv, struct reason *why);
static void row_byte(struct row *row, int c);
static void quoted_byte(struct row *row, int c);
static void plain_byte(struct row *row, int c);
static void end_field(struct row *row);
static void refuse(struct row *row, enum status st, const char *text);
static enum status row_finish(struct row *row);

enum status csv_open(struct input *in, char separator, struct csv *csv, struct reason *why) {
    *csv = (struct csv){.in = in, .separator = separator, .line = 1};
    buf_init(&csv->text);
    csv->ends = mem_zalloc(CSV_FIELDS_MAX, sizeof *csv->ends);
    csv->fields = mem_zalloc(CSV_FIELDS_MAX, sizeof *csv->fields);
    // Reserved now, so that even a row of empty fields has a place in memory.
    bool ready = csv->ends && csv->fields && buf_reserve(&csv->text, 1);
    enum status st = ready ? STATUS_OK : STATUS_NO_MEMORY;
    struct str start = STR_NONE;
    if (st == STATUS_OK) st = input_peek(in, &start, why);
    if (st == STATUS_OK && str_starts(start, STR("\xef\xbb\xbf"))) input_take(in, 3);
    if (st == STATUS_OK && !separator) st = guess_separator(csv, why);
    if (st != STATUS_OK) csv_close(csv);
    return st;
}

void csv_close(struct csv *csv) {
    buf_deinit(&csv->text);
    mem_free(csv->ends);
    mem_free(csv->fields);
    *csv = (struct csv){0};
}

enum status csv_next(struct csv *csv, struct reason *why) {
    enum status st;
    do {
        st = read_row(csv, why);
    } while (st == STATUS_OK && csv->count == 1 && csv->text.len == 0);
    return st;
}

static enum status guess_separator(struct csv *csv, struct reason *why) {
    static const char candidates[] = {',', ';', '\t'};
    size_t counts[3] = {0};
    struct str start;
    enum status st = input_peek(csv->in, &start, why);
    if (st != STATUS_OK) return st;
    bool quoted = false;
    for (size_t i = 0; i < start.len && (quoted || (start.p[i] != '\n' && start.p[i] != '\r'));
         i++) {
        if (start.p[i] == '"') quoted = !quoted;
        for (size_t k = 0; k < 3 && !quoted; k++)
            counts[k] += start.p[i] == candidates[k];
    }
    size_t best = 0;
    for (size_t k = 1; k < 3; k++)
        if (counts[k] > counts[best]) best = k;
    csv->separator = candidates[best];
    return STATUS_OK;
}

static enum status read_row(struct csv *csv, struct reason *why) {
    struct row row = {.csv = csv, .why = why};
    buf_clear(&csv->text);
    csv->count = 0;
    csv->row_line = csv->line;
    while (!row.done) {
        struct str bytes;
        enum status st = input_peek(csv->in, &bytes, why);
        if (st != STATUS_OK) return st;
        if (csv->after_cr && bytes.len) {
            csv->after_cr = false;
            if (bytes.p[0] == '\n') {
                input_take(csv->in, 1);
                continue;
            }
        }
        bool nothing = row.state == FIELD_START && csv->count == 0;
        if (bytes.len == 0 && nothing) return STATUS_NOT_FOUND;
        if (bytes.len == 0) row_byte(&row, END_OF_INPUT);
        size_t i = 0;
        while (i < bytes.len && !row.done)
            row_byte(&row, (unsigned char)bytes.p[i++]);
        input_take(csv->in, i);
    }
    return row_finish(&row);
}

static bool is_end_of_row(int c) {
    return c == '\n' || c == '\r' || c == END_OF_INPUT;
}

static void end_row(struct row *row, int c) {
    if (c != END_OF_INPUT) row->csv->line++;
    row->csv->after_cr = c == '\r';
    row->done = true;
}

static void row_byte(struct row *row, int c) {
    switch (row->state) {
    case FIELD_START:
        if (c == '"') {
            row->state = QUOTED;
        } else {
            plain_byte(row, c);
        }
        return;
    case PLAIN: plain_byte(row, c); return;
    case QUOTED: quoted_byte(row, c); return;
    case QUOTE_IN_QUOTED:
        if (c == '"') {
            buf_append_char(&row->csv->text, '"');
            row->state = QUOTED;
        } else if (c == row->csv->separator || is_end_of_row(c)) {
            plain_byte(row, c);
        } else {
            refuse(row, STATUS_INVALID, "text follows a closing quote");
        }
        return;
    case SKIPPING:
        if (is_end_of_row(c)) end_row(row, c);
        return;
    }
}

static void quoted_byte(struct row *row, int c) {
    struct csv *csv = row->csv;
    if (c == '"') {
        row->state = QUOTE_IN_QUOTED;
    } else if (c == END_OF_INPUT) {
        refuse(row, STATUS_INVALID, "a quote is opened and never closed");
        row->done = true;
    } else {
        if (c == '\n') csv->line++;
        buf_append_char(&csv->text, (char)c);
        if (csv->text.len > CSV_ROW_MAX)
            refuse(row, STATUS_TOO_LARGE, "longer than 16 MiB; is a quote left open?");
    }
}

static void plain_byte(struct row *row, int c) {
    struct buf *text = &row->csv->text;
    if (c == row->csv->separator) {
        end_field(row);
    } else if (is_end_of_row(c)) {
        end_field(row);
        end_row(row, c);
    } else {
        buf_append_char(text, (char)c);
        row->state = PLAIN;
        if (text->len > CSV_ROW_MAX) refuse(row, STATUS_TOO_LARGE, "longer than 16 MiB");
    }
}

static void end_field(struct row *row) {
    struct csv *csv = row->csv;
    if (csv->count == CSV_FIELDS_MAX) {
        refuse(row, STATUS_TOO_LARGE, "more than 4,096 fields");
        return;
    }
    csv->ends[csv->count++] = csv->text.len;
    row->state = FIELD_START;
}

static void refuse(struct row *row, enum status st, const char *text) {
    row->fault = reason_set(row->why, st, "%s", text);
    row->state = SKIPPING;
}

static enum status row_finish(struct row *row) {
    struct csv *csv = row->csv;
    if (csv->text.failed) return STATUS_NO_MEMORY;
    if (row->fault != STATUS_OK) return row->fault;
    size_t from = 0;
    for (size_t i = 0; i < csv->count; i++) {
        csv->fields[i] = (struct str){csv->text.data + from, csv->ends[i] - from};
        from = csv->ends[i];
    }
    return STATUS_OK;
}
