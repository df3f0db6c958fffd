// redis_geo.c - GEOADD GEOPOS GEODIST GEOHASH: Redis' commands on single members, answered as Redis 7 does.

#include "command/redis_geo.h"

#include <math.h>
#include <stdio.h>

#include "command/endpoints.h"
#include "command/key.h"
#include "command/redis_cell.h"
#include "command/reply.h"

enum status redis_geo_begin(struct command_call *call) {
    if (reply_is_json(call)) {
        return reason_set(call->why, STATUS_NOT_IMPLEMENTED,
                          "Redis' GEO commands answer in RESP only: OUTPUT resp");
    }
    return STATUS_OK;
}

enum status redis_geo_syntax(struct command_call *call) {
    return reason_set(call->why, STATUS_BAD_REQUEST, "syntax error");
}

enum status redis_geo_unit(struct command_call *call, struct str unit, double *metres) {
    static const struct {
        const char *name;
        double metres;
    } units[] = {{"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (str_eq_nocase(unit, str_of(units[i].name))) {
            *metres = units[i].metres;
            return STATUS_OK;
        }
    }
    return reason_set(call->why, STATUS_BAD_REQUEST,
                      "unsupported unit provided. please use M, KM, FT, MI");
}

enum status redis_geo_member(struct command_call *call, struct str key, struct str member,
                             struct point *out) {
    struct object o;
    enum status st =
        engine_get(commands_engine(call->commands), call->reader, key, member, &o, call->why);
    if (st == STATUS_OK && object_is_empty(&o)) {
        return STATUS_NOT_FOUND;
    }
    if (st == STATUS_OK) {
        *out = redis_cell_point(redis_cell_of(object_center(&o)));
    }
    return st;
}

// 17 decimals of the double, without the zeros at their end.
void redis_geo_coordinate(double v, struct buf *out) {
    char text[64];
    int len = snprintf(text, sizeof text, "%.17Lf", (long double)v);
    while (len > 1 && text[len - 1] == '0') {
        len--;
    }
    len -= len > 1 && text[len - 1] == '.';
    resp_bulk(out, (struct str){text, (size_t)len});
}

void redis_geo_distance(double v, struct buf *out) {
    char text[64];
    int len = snprintf(text, sizeof text, "%.4f", v);
    resp_bulk(out, (struct str){text, (size_t)len});
}

static enum status take_place(struct args *a, struct point *p) {
    struct str lon, lat;
    (void)!args_text(a, &lon);
    (void)!args_text(a, &lat);
    if (!str_parse_number(lon, &p->lon) || !str_parse_number(lat, &p->lat)) {
        return reason_set(a->call->why, STATUS_BAD_REQUEST, "value is not a valid float");
    }
    return redis_cell_takes(*p)
               ? STATUS_OK
               : reason_set(a->call->why, STATUS_INVALID, "invalid longitude,latitude pair %f,%f",
                            p->lon, p->lat);
}

enum status command_geoadd(struct command_call *call) {
    struct args a = args_begin(call, 2);
    bool nx = false, xx = false, ch = false;
    enum status st = redis_geo_begin(call);
    for (bool more = true; more;) {
        bool n = args_take_word(&a, "nx"), x = args_take_word(&a, "xx"),
             c = args_take_word(&a, "ch");
        more = n || x || c;
        nx = nx || n;
        xx = xx || x;
        ch = ch || c;
    }
    size_t count = args_left(&a) / 3;
    if (st == STATUS_OK && (args_left(&a) % 3 || count == 0 || (nx && xx))) {
        st = redis_geo_syntax(call);
    }
    struct change *changes = arena_zalloc(call->arena, count + 1, sizeof *changes);
    struct change_result *results = arena_zalloc(call->arena, count + 1, sizeof *results);
    if (st == STATUS_OK && (!changes || !results)) {
        st = STATUS_NO_MEMORY;
    }
    int64_t changed = 0;
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        struct change *c = &changes[i];
        *c = (struct change){
            .kind = CHANGE_SET, .collection = call->args[1], .if_absent = nx, .if_present = xx};
        st = take_place(&a, &c->draft.point);
        if (st == STATUS_OK) {
            st = args_text(&a, &c->draft.id);
        }
        struct point was;
        if (st == STATUS_OK && !nx &&
            redis_geo_member(call, call->args[1], c->draft.id, &was) == STATUS_OK) {
            changed += redis_cell_of(was) != redis_cell_of(c->draft.point);
        }
    }
    uint64_t lsn = 0;
    if (st == STATUS_OK) {
        st = engine_apply(commands_engine(call->commands), call->reader, changes, count, results,
                          &lsn, call->why);
        key_wait(call, lsn);
    }
    int64_t created = 0;
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        created += results[i].created;
        if (results[i].status != STATUS_OK && results[i].status != STATUS_PRECONDITION) {
            *call->why = results[i].why;
            st = results[i].status;
        }
    }
    if (st == STATUS_OK) {
        resp_integer(call->out, created + (ch ? changed : 0));
    }
    return st;
}

enum status command_geopos(struct command_call *call) {
    enum status st = redis_geo_begin(call);
    resp_array(call->out, call->count - 2);
    for (size_t i = 2; i < call->count && st == STATUS_OK; i++) {
        struct point p;
        if (redis_geo_member(call, call->args[1], call->args[i], &p) != STATUS_OK) {
            buf_append_str(call->out, STR("*-1\r\n"));
            continue;
        }
        resp_array(call->out, 2);
        redis_geo_coordinate(p.lon, call->out);
        redis_geo_coordinate(p.lat, call->out);
    }
    return st;
}

enum status command_geohash(struct command_call *call) {
    enum status st = redis_geo_begin(call);
    resp_array(call->out, call->count - 2);
    for (size_t i = 2; i < call->count && st == STATUS_OK; i++) {
        struct point p;
        char text[12];
        if (redis_geo_member(call, call->args[1], call->args[i], &p) != STATUS_OK) {
            resp_null(call->out);
            continue;
        }
        redis_cell_text(p, text);
        resp_bulk(call->out, str_of(text));
    }
    return st;
}

enum status command_geodist(struct command_call *call) {
    double unit = 1;
    struct point a, b;
    enum status st = redis_geo_begin(call);
    if (st == STATUS_OK && call->count == 5) {
        st = redis_geo_unit(call, call->args[4], &unit);
    }
    if (st != STATUS_OK) {
        return st;
    }
    if (redis_geo_member(call, call->args[1], call->args[2], &a) != STATUS_OK ||
        redis_geo_member(call, call->args[1], call->args[3], &b) != STATUS_OK) {
        resp_null(call->out);
        return STATUS_OK;
    }
    redis_geo_distance(redis_cell_distance_m(a, b) / unit, call->out);
    return STATUS_OK;
}
