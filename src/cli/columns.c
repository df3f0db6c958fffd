#include "cli/columns.h"

#include <stdio.h>

#include "api/json.h"
#include "base/mem.h"
#include "geo/geojson.h"
#include "geo/wkt.h"

#define NUMBER_DIGITS_MAX 15 // more would not come back from a double: kept as a string

static const char *const lat_names[] = {"lat", "latitude", "stop_lat", "y", NULL};
static const char *const lon_names[] = {"lon", "lng", "long", "longitude", "stop_lon", "x", NULL};
static const char *const wkt_names[] = {"wkt", "geometry", "geom", "the_geom", NULL};
static const char *const time_names[] = {"time",         "timestamp", "datetime", "time_unix_s",
                                         "time_unix_ms", "unix_time", NULL};
static const char *const id_names[] = {"id",   "_id",       "fid",        "gid",
                                       "uuid", "object_id", "vehicle_id", NULL};

static enum status copy_names(const struct str *header, size_t count, struct columns *c,
                              struct reason *why);
static enum status choose(const struct columns *c, const char *option, const char *given,
                          const char *const *usual, size_t *out, struct reason *why);
static enum status write_geometry(const struct columns *c, const struct str *fields,
                                  struct buf *out, struct reason *why);
static enum status write_wkt(struct str text, struct buf *out, struct reason *why);
static void write_properties(const struct columns *c, const struct str *fields, size_t count,
                             struct buf *out);
static void write_field(struct str field, struct buf *out);

enum status columns_open(const struct str *header, size_t count, const struct column_names *names,
                         const struct feature_ids *ids, struct columns *out, struct reason *why) {
    *out = (struct columns){.count = count};
    buf_init(&out->texts);
    enum status st = copy_names(header, count, out, why);
    if (st == STATUS_OK) st = choose(out, "wkt", names->wkt, wkt_names, &out->wkt, why);
    if (st == STATUS_OK) st = choose(out, "lat", names->lat, lat_names, &out->lat, why);
    if (st == STATUS_OK) st = choose(out, "lon", names->lon, lon_names, &out->lon, why);
    if (st == STATUS_OK) st = choose(out, "time", names->time, time_names, &out->time, why);
    if (st == STATUS_OK) st = choose(out, "id", ids->column, id_names, &out->id, why);
    bool has_point = out->lat != COLUMNS_NONE && out->lon != COLUMNS_NONE;
    if (st == STATUS_OK && !has_point && out->wkt == COLUMNS_NONE) {
        st = reason_set(why, STATUS_INVALID,
                        "no position among the columns (%.*s, ...): name them with --lat and "
                        "--lon, or --wkt",
                        STR_ARGS(count ? out->names[0] : STR("none")));
    }
    if (st != STATUS_OK) columns_close(out);
    return st;
}

void columns_close(struct columns *c) {
    mem_free(c->names);
    buf_deinit(&c->texts);
    *c = (struct columns){0};
}

enum status columns_feature(const struct columns *c, const struct str *fields, size_t count,
                            const struct feature_ids *ids, uint64_t number, struct buf *out,
                            struct feature_time *time, struct reason *why) {
    *time = (struct feature_time){0};
    if (count != c->count) {
        return reason_set(why, STATUS_INVALID, "%zu fields, the header has %zu", count, c->count);
    }
    for (size_t i = 0; i < count; i++) {
        if (!str_is_utf8(fields[i]))
            return reason_set(why, STATUS_INVALID, "%.*s is not UTF-8", STR_ARGS(c->names[i]));
    }
    struct str id = c->id == COLUMNS_NONE ? STR_NONE : str_trim(fields[c->id]);
    if (ids->column && id.len == 0) {
        return reason_set(why, STATUS_INVALID, "the id (column %s) is empty", ids->column);
    }
    if (c->time != COLUMNS_NONE && str_trim(fields[c->time]).len) {
        time->given = true;
        if (!feature_text_parse_time(str_trim(fields[c->time]), &time->ms)) {
            return reason_set(why, STATUS_INVALID,
                              "%.*s is neither RFC 3339 nor Unix seconds nor milliseconds: %.*s",
                              STR_ARGS(c->names[c->time]), STR_ARGS(fields[c->time]));
        }
    }
    feature_text_begin(ids, id, number, out);
    enum status st = write_geometry(c, fields, out, why);
    if (st != STATUS_OK) return st;
    write_properties(c, fields, count, out);
    return buf_status(out);
}

static enum status copy_names(const struct str *header, size_t count, struct columns *c,
                              struct reason *why) {
    c->names = mem_zalloc(count ? count : 1, sizeof *c->names);
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += header[i].len + sizeof "column_0000";
    if (!c->names || !buf_reserve(&c->texts, total)) return STATUS_NO_MEMORY; // never moves again
    for (size_t i = 0; i < count; i++) {
        struct str name = str_trim(header[i]);
        size_t at = c->texts.len;
        char unnamed[32];
        snprintf(unnamed, sizeof unnamed, "column_%zu", i + 1);
        buf_append_str(&c->texts, name.len ? name : str_of(unnamed));
        c->names[i] = (struct str){c->texts.data + at, c->texts.len - at};
        if (!str_is_utf8(name)) {
            return reason_set(why, STATUS_INVALID, "the name of column %zu is not UTF-8", i + 1);
        }
        for (size_t k = 0; k < i; k++) {
            if (str_eq(c->names[k], c->names[i]))
                return reason_set(why, STATUS_INVALID, "two columns are called %.*s",
                                  STR_ARGS(c->names[i]));
        }
    }
    return STATUS_OK;
}

static size_t find_column(const struct columns *c, const char *name) {
    for (size_t i = 0; i < c->count; i++)
        if (str_eq_nocase(c->names[i], str_of(name))) return i;
    return COLUMNS_NONE;
}

static enum status choose(const struct columns *c, const char *option, const char *given,
                          const char *const *usual, size_t *out, struct reason *why) {
    *out = COLUMNS_NONE;
    if (given) {
        *out = find_column(c, given);
        if (*out != COLUMNS_NONE) return STATUS_OK;
        return reason_set(why, STATUS_INVALID, "--%s: there is no column %s", option, given);
    }
    for (; *usual && *out == COLUMNS_NONE; usual++)
        *out = find_column(c, *usual);
    return STATUS_OK;
}

static enum status write_geometry(const struct columns *c, const struct str *fields,
                                  struct buf *out, struct reason *why) {
    bool has_wkt = c->wkt != COLUMNS_NONE && str_trim(fields[c->wkt]).len;
    buf_append_str(out, STR(",\"geometry\":"));
    if (has_wkt) return write_wkt(str_trim(fields[c->wkt]), out, why);
    if (c->lat == COLUMNS_NONE || c->lon == COLUMNS_NONE) {
        return reason_set(why, STATUS_INVALID, "no position: %.*s is empty",
                          STR_ARGS(c->names[c->wkt]));
    }
    double lat, lon;
    const size_t columns[2] = {c->lat, c->lon};
    double *const numbers[2] = {&lat, &lon};
    for (size_t i = 0; i < 2; i++) {
        struct str text = str_trim(fields[columns[i]]);
        if (str_parse_double(text, numbers[i])) continue;
        return reason_set(why, STATUS_INVALID, "%.*s is not a number: %.*s",
                          STR_ARGS(c->names[columns[i]]), (int)(text.len > 60 ? 60 : text.len),
                          text.p);
    }
    if (!(lat >= -90 && lat <= 90)) {
        return reason_set(why, STATUS_INVALID, "%.*s is outside -90..90: %g",
                          STR_ARGS(c->names[c->lat]), lat);
    }
    if (!(lon >= -180 && lon <= 180)) {
        return reason_set(why, STATUS_INVALID, "%.*s is outside -180..180: %g",
                          STR_ARGS(c->names[c->lon]), lon);
    }
    geojson_write_point((struct point){.lon = lon, .lat = lat}, 0, false, out);
    return STATUS_OK;
}

// A cell that begins with a brace is GeoJSON and goes through as it is: the server reads it.
static enum status write_wkt(struct str text, struct buf *out, struct reason *why) {
    if (text.p[0] == '{') {
        struct json json;
        enum status read = json_parse(text, NULL, &json, why);
        if (read != STATUS_OK) return read;
        read = feature_text_value(json.root, out);
        json_free(&json);
        return read;
    }
    struct geometry *g;
    struct reason inner = {0};
    enum status st = wkt_parse(text, &GEOMETRY_LIMITS_IMPORT, &g, &inner);
    if (st == STATUS_NO_MEMORY) return st;
    if (st != STATUS_OK) {
        return reason_set(why, STATUS_INVALID, "the geometry is not WKT: %.150s", inner.text);
    }
    geojson_write(g, out);
    geometry_unref(g);
    return STATUS_OK;
}

static void write_properties(const struct columns *c, const struct str *fields, size_t count,
                             struct buf *out) {
    bool first = true;
    buf_append_str(out, STR(",\"properties\":{"));
    for (size_t i = 0; i < count; i++) {
        bool meant = i == c->wkt || i == c->lat || i == c->lon || i == c->time || i == c->id;
        if (meant || fields[i].len == 0) continue;
        if (!first) buf_append_char(out, ',');
        first = false;
        buf_append_json(out, c->names[i]);
        buf_append_char(out, ':');
        write_field(fields[i], out);
    }
    buf_append_char(out, '}');
}

/// A number as JSON writes it, short enough to be the same again: 007, +1 and .5 are names of something.
static bool is_number(struct str s) {
    size_t i = 0, digits = 0;
    if (i < s.len && s.p[i] == '-') i++;
    if (i + 1 < s.len && s.p[i] == '0' && s.p[i + 1] >= '0' && s.p[i + 1] <= '9') return false;
    size_t from = i;
    for (; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        digits++;
    if (i == from) return false;
    if (i < s.len && s.p[i] == '.') {
        from = ++i;
        for (; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
            digits++;
        if (i == from) return false;
    }
    if (i < s.len && (s.p[i] | 0x20) == 'e') {
        i++;
        if (i < s.len && (s.p[i] == '+' || s.p[i] == '-')) i++;
        from = i;
        while (i < s.len && s.p[i] >= '0' && s.p[i] <= '9')
            i++;
        if (i == from) return false;
    }
    double value;
    return i == s.len && digits <= NUMBER_DIGITS_MAX && str_parse_double(s, &value);
}

static void write_field(struct str field, struct buf *out) {
    bool plain = is_number(field) || str_eq(field, STR("true")) || str_eq(field, STR("false"));
    if (plain) {
        buf_append_str(out, field);
    } else {
        buf_append_json(out, field);
    }
}
