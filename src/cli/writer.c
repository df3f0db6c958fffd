#include "cli/writer.h"

#include <errno.h>

#include "base/mem.h"
#include "cli/feature_text.h"
#include "cli/lines.h"
#include "geo/geojson.h"
#include "geo/wkt.h"

static void write_feature(yyjson_val *feature, struct buf *out);
static enum status write_row(struct writer *w, yyjson_val *feature, struct reason *why);
static void write_header(struct writer *w);
static enum status write_position(struct writer *w, yyjson_val *geometry, struct reason *why);
static void write_cell(struct buf *out, struct str text);
static enum status flush_text(struct writer *w, struct reason *why);

static struct str text_of(yyjson_val *value) {
    return (struct str){yyjson_get_str(value), yyjson_get_len(value)};
}

enum status writer_open(enum reader_format format, FILE *to, struct writer *w) {
    *w = (struct writer){.format = format, .to = to};
    buf_init(&w->text);
    buf_init(&w->names);
    w->offsets = mem_zalloc(WRITER_COLUMNS_MAX + 1, sizeof *w->offsets);
    return w->offsets ? STATUS_OK : STATUS_NO_MEMORY;
}

void writer_close(struct writer *w) {
    buf_deinit(&w->text);
    buf_deinit(&w->names);
    mem_free(w->offsets);
    *w = (struct writer){0};
}

bool writer_must_learn(const struct writer *w) {
    return w->format == READER_CSV;
}

static struct str column_name(const struct writer *w, size_t i) {
    return (struct str){w->names.data + w->offsets[i], w->offsets[i + 1] - w->offsets[i]};
}

static size_t find_column(const struct writer *w, struct str name) {
    for (size_t i = 0; i < w->column_count; i++)
        if (str_eq(column_name(w, i), name)) return i;
    return w->column_count;
}

/// A Point that two columns hold.
static bool is_plain_point(yyjson_val *geometry) {
    return yyjson_equals_str(yyjson_obj_get(geometry, "type"), "Point") &&
           yyjson_arr_size(yyjson_obj_get(geometry, "coordinates")) == 2;
}

enum status writer_learn(struct writer *w, yyjson_val *feature, struct reason *why) {
    w->has_time |= yyjson_is_str(yyjson_obj_get(feature, "time"));
    yyjson_val *geometry = yyjson_obj_get(feature, "geometry");
    w->has_shapes |= !yyjson_is_null(geometry) && !is_plain_point(geometry);
    yyjson_obj_iter iter = yyjson_obj_iter_with(yyjson_obj_get(feature, "properties"));
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter));) {
        struct str name = text_of(key);
        if (find_column(w, name) < w->column_count) continue;
        if (w->column_count == WRITER_COLUMNS_MAX) {
            return reason_set(why, STATUS_TOO_LARGE,
                              "more than %d different properties: too many columns for CSV; use "
                              "--format ndjson",
                              WRITER_COLUMNS_MAX);
        }
        buf_append_str(&w->names, name);
        w->offsets[++w->column_count] = w->names.len;
    }
    return buf_status(&w->names);
}

enum status writer_begin(struct writer *w, struct reason *why) {
    if (w->format == READER_GEOJSON)
        buf_append_str(&w->text, STR("{\"type\":\"FeatureCollection\",\"features\":["));
    if (w->format == READER_CSV) write_header(w);
    return flush_text(w, why);
}

enum status writer_put(struct writer *w, yyjson_val *feature, struct reason *why) {
    enum status st = STATUS_OK;
    switch (w->format) {
    case READER_CSV: st = write_row(w, feature, why); break;
    case READER_GEOJSON:
        buf_append_str(&w->text, w->count ? STR(",\n") : STR("\n"));
        write_feature(feature, &w->text);
        break;
    case READER_GEOJSONSEQ:
        buf_append_char(&w->text, LINES_RS);
        write_feature(feature, &w->text);
        buf_append_char(&w->text, '\n');
        break;
    case READER_NDJSON:
    case READER_GUESS:
        write_feature(feature, &w->text);
        buf_append_char(&w->text, '\n');
        break;
    }
    w->count++;
    return st == STATUS_OK ? flush_text(w, why) : st;
}

enum status writer_end(struct writer *w, struct reason *why) {
    if (w->format == READER_GEOJSON) buf_append_str(&w->text, STR("\n]}\n"));
    enum status st = flush_text(w, why);
    if (st == STATUS_OK && fflush(w->to) != 0)
        st = reason_set(why, STATUS_IO, "cannot write: %s", strerror(errno));
    return st;
}

/// What makes the object, without what the server keeps about it.
static void write_feature(yyjson_val *feature, struct buf *out) {
    static const char *const kept[] = {"id",       "time", "expires_at",
                                       "geometry", "text", "properties"};
    buf_append_str(out, STR("{\"type\":\"Feature\""));
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        yyjson_val *value = yyjson_obj_get(feature, kept[i]);
        if (!value) continue;
        buf_printf(out, ",\"%s\":", kept[i]);
        if (feature_text_value(value, out) != STATUS_OK) out->failed = true;
    }
    buf_append_char(out, '}');
}

static void write_header(struct writer *w) {
    buf_append_str(&w->text, STR("id,lat,lon"));
    if (w->has_shapes) buf_append_str(&w->text, STR(",wkt"));
    if (w->has_time) buf_append_str(&w->text, STR(",time"));
    for (size_t i = 0; i < w->column_count; i++) {
        buf_append_char(&w->text, ',');
        write_cell(&w->text, column_name(w, i));
    }
    buf_append_char(&w->text, '\n');
}

static enum status write_row(struct writer *w, yyjson_val *feature, struct reason *why) {
    struct buf *out = &w->text;
    write_cell(out, text_of(yyjson_obj_get(feature, "id")));
    enum status st = write_position(w, yyjson_obj_get(feature, "geometry"), why);
    if (st != STATUS_OK) return st;
    if (w->has_time) {
        buf_append_char(out, ',');
        write_cell(out, text_of(yyjson_obj_get(feature, "time")));
    }
    if (!w->has_time && yyjson_obj_get(feature, "time")) w->lost++;
    yyjson_val *properties = yyjson_obj_get(feature, "properties");
    size_t written = 0;
    for (size_t i = 0; i < w->column_count; i++) {
        struct str name = column_name(w, i);
        yyjson_val *value = yyjson_obj_getn(properties, name.p, name.len);
        buf_append_char(out, ',');
        if (value) written++;
        if (yyjson_is_str(value)) {
            write_cell(out, text_of(value));
        } else if (value && !yyjson_is_null(value)) {
            struct buf text;
            buf_init(&text);
            if (feature_text_value(value, &text) != STATUS_OK) out->failed = true;
            write_cell(out, buf_str(&text));
            buf_deinit(&text);
        }
    }
    w->lost += yyjson_obj_size(properties) - written;
    buf_append_char(out, '\n');
    return STATUS_OK;
}

static enum status write_position(struct writer *w, yyjson_val *geometry, struct reason *why) {
    struct buf *out = &w->text;
    struct geometry *g;
    if (is_plain_point(geometry)) {
        yyjson_val *position = yyjson_obj_get(geometry, "coordinates");
        buf_append_char(out, ',');
        buf_append_fixed(out, yyjson_get_num(yyjson_arr_get(position, 1)), 8);
        buf_append_char(out, ',');
        buf_append_fixed(out, yyjson_get_num(yyjson_arr_get(position, 0)), 8);
        if (w->has_shapes) buf_append_char(out, ',');
        return STATUS_OK;
    }
    buf_append_str(out, STR(",,,"));
    if (yyjson_is_null(geometry)) { // a string has no columns here
        if (!w->has_shapes) out->len--;
        w->lost++;
        return STATUS_OK;
    }
    if (!w->has_shapes) { // it came after the columns were known
        out->len--;
        w->lost++;
        return STATUS_OK;
    }
    enum status st = geojson_parse(geometry, &GEOMETRY_LIMITS_IMPORT, &g, why);
    if (st != STATUS_OK) return st;
    struct buf text;
    buf_init(&text);
    wkt_write(g, &text);
    geometry_unref(g);
    if (text.failed) out->failed = true;
    write_cell(out, buf_str(&text));
    buf_deinit(&text);
    return STATUS_OK;
}

static void write_cell(struct buf *out, struct str text) {
    bool quote = false;
    for (size_t i = 0; i < text.len && !quote; i++)
        quote = text.p[i] == '\0' || strchr(",;\t\"\r\n", text.p[i]);
    if (text.len == 0) return;
    if (!quote) {
        buf_append_str(out, text);
        return;
    }
    buf_append_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '"') buf_append_char(out, '"');
        buf_append_char(out, text.p[i]);
    }
    buf_append_char(out, '"');
}

static enum status flush_text(struct writer *w, struct reason *why) {
    if (w->text.failed) return STATUS_NO_MEMORY;
    size_t n = w->text.len ? fwrite(w->text.data, 1, w->text.len, w->to) : 0;
    if (n < w->text.len) return reason_set(why, STATUS_IO, "cannot write: %s", strerror(errno));
    buf_clear(&w->text);
    return STATUS_OK;
}
