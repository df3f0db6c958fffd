#include "api/openapi.h"

#include "api/route.h"

#define LITERAL(out, text) buf_append((out), (text), sizeof(text) - 1)

static void write_path(const char *pattern, struct buf *out);
static void write_operation(const struct route *route, struct buf *out);
static void write_params(const struct route *route, struct buf *out);
static void write_request(const struct route *route, struct buf *out);
static void write_answers(const struct route *route, struct buf *out);
static void write_components(struct buf *out);
static void member(struct buf *out, const char *name, const char *value);

void openapi_write(struct buf *out) {
    LITERAL(
        out,
        "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"WarpEngine\",\"version\":\"" WARP_VERSION
        "\",\"description\":\"The geospatial database for things that move. Geometry is GeoJSON "
        "(RFC 7946, longitude first); `coordinates` is [latitude, longitude]. Distances are "
        "metres. Errors are RFC 9457 problem+json.\",\"license\":{\"name\":\"Apache-2.0\","
        "\"identifier\":\"Apache-2.0\"}},\"servers\":[{\"url\":\"/\"}],\"security\":[],"
        "\"tags\":["
        "{\"name\":\"objects\",\"description\":\"Things on the map\"},"
        "{\"name\":\"collections\",\"description\":\"Named sets of objects\"},"
        "{\"name\":\"search\",\"description\":\"Finding objects\"},"
        "{\"name\":\"tiles\",\"description\":\"Objects as vector tiles, for maps\"},"
        "{\"name\":\"geofences\",\"description\":\"Areas that tell who comes and goes\"},"
        "{\"name\":\"analytics\",\"description\":\"Density, statistics, predictions\"},"
        "{\"name\":\"admin\",\"description\":\"The server itself\"}],\"paths\":{");
    const char *before = "";
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &route_table[i];
        if (strcmp(before, route->pattern) != 0) {
            if (i) LITERAL(out, "},");
            write_path(route->pattern, out);
            LITERAL(out, ":{");
        } else {
            buf_append_char(out, ',');
        }
        before = route->pattern;
        write_operation(route, out);
    }
    LITERAL(out, "}},\"components\":{");
    write_components(out);
    LITERAL(out, "}}");
}

// "/geofences/:id/objects" -> "/geofences/{id}/objects"
static void write_path(const char *pattern, struct buf *out) {
    struct str path = str_of(pattern);
    bool open = false; // in a name
    buf_append_char(out, '"');
    for (size_t i = 0; i < path.len; i++) {
        char c = path.p[i];
        if (open && (c == '/' || c == '.')) {
            buf_append_char(out, '}');
            open = false;
        }
        buf_append_char(out, c == ':' ? '{' : c);
        open |= c == ':';
    }
    buf_append_str(out, open ? STR("}\"") : STR("\""));
}

static void write_operation(const struct route *route, struct buf *out) {
    struct str method = http_method_name(route->method);
    buf_append_char(out, '"');
    for (size_t i = 0; i < method.len; i++)
        buf_append_char(out, (char)(method.p[i] | 32));
    LITERAL(out, "\":{");
    member(out, "operationId", route->id);
    LITERAL(out, ",\"tags\":[");
    buf_append_json(out, str_of(route->tag));
    LITERAL(out, "],");
    member(out, "summary", route->summary);
    buf_append_char(out, ',');
    member(out, "description",
           !route->answer ? "Comes with a later version: answers 501 until then."
                          : (route->text ? route->text : route->summary));
    write_params(route, out);
    write_request(route, out);
    write_answers(route, out);
    buf_append_char(out, '}');
}

static void write_params(const struct route *route, struct buf *out) {
    LITERAL(out, ",\"parameters\":[");
    bool first = true;
    for (size_t list = 0; list < ROUTE_PARAM_LISTS && route->params[list]; list++) {
        for (const struct route_param *p = route->params[list]; p->name; p++) {
            if (!first) buf_append_char(out, ',');
            first = false;
            buf_append_char(out, '{');
            member(out, "name", p->name);
            buf_append_char(out, ',');
            member(out, "in", p->in);
            buf_append_char(out, ',');
            member(out, "description", p->text);
            if (p->required) LITERAL(out, ",\"required\":true");
            LITERAL(out, ",\"schema\":");
            buf_append_str(out, str_of(p->schema));
            if (str_starts(str_of(p->schema), STR("{\"type\":\"object\""))) {
                LITERAL(out, ",\"style\":\"form\",\"explode\":true");
            }
            buf_append_char(out, '}');
        }
    }
    buf_append_char(out, ']');
}

static void write_media(const char *type, const char *schema, struct buf *out) {
    struct str bare = str_of(type);
    buf_append_json(out, str_sub(bare, 0, str_find(bare, ';')));
    LITERAL(out, ":{\"schema\":");
    if (schema) {
        LITERAL(out, "{\"$ref\":\"#/components/schemas/");
        buf_append_str(out, str_of(schema));
        LITERAL(out, "\"}}");
    } else {
        LITERAL(out, "{\"type\":\"string\"}}");
    }
}

static void write_request(const struct route *route, struct buf *out) {
    if (route->body == ROUTE_NO_BODY || !route->request) return;
    LITERAL(out, ",\"requestBody\":{\"required\":true,\"content\":{");
    write_media("application/json", route->request, out);
    buf_append_char(out, ',');
    write_media("application/geo+json", route->request, out);
    if (route->body == ROUTE_PATCH) {
        buf_append_char(out, ',');
        write_media("application/merge-patch+json", route->request, out);
    }
    if (route->body == ROUTE_BATCH) {
        buf_append_char(out, ',');
        write_media("application/x-ndjson", NULL, out);
        buf_append_char(out, ',');
        write_media("application/geo+json-seq", NULL, out);
    }
    LITERAL(out, "}}");
}

static void write_answers(const struct route *route, struct buf *out) {
    LITERAL(out, ",\"responses\":{");
    for (size_t i = 0; i < ROUTE_ANSWERS && route->answers[i].status; i++) {
        const struct route_answer *a = &route->answers[i];
        if (i) buf_append_char(out, ',');
        buf_printf(out, "\"%d\":{", a->status);
        member(out, "description", a->text);
        if (a->headers) {
            LITERAL(out, ",\"headers\":{");
            buf_append_str(out, str_of(a->headers));
            buf_append_char(out, '}');
        }
        if (a->type) {
            LITERAL(out, ",\"content\":{");
            write_media(a->type, a->schema, out);
            if (str_eq(str_of(a->type), STR("application/geo+json"))) {
                buf_append_char(out, ',');
                write_media("application/json", a->schema, out);
            }
            buf_append_char(out, '}');
        }
        buf_append_char(out, '}');
    }
    bool first = route->answers[0].status == 0;
    // What every route may answer: see guard.h.
    buf_printf(out, "%s\"403\":{\"$ref\":\"#/components/responses/Problem\"}", first ? "" : ",");
    for (size_t i = 0; i < ROUTE_PROBLEMS && route->problems[i]; i++) {
        buf_printf(out, ",\"%d\":{\"$ref\":\"#/components/responses/Problem\"}",
                   route->problems[i]);
    }
    buf_append_char(out, '}');
}

static void write_components(struct buf *out) {
    LITERAL(out,
            "\"responses\":{\"Problem\":{\"description\":\"What went wrong, as RFC 9457 asks\","
            "\"content\":{\"application/problem+json\":{\"schema\":{\"$ref\":"
            "\"#/components/schemas/Problem\"}}}}},\"schemas\":{");
    for (const struct openapi_schema *s = openapi_schemas; s->name; s++) {
        if (s != openapi_schemas) buf_append_char(out, ',');
        buf_append_json(out, str_of(s->name));
        buf_append_char(out, ':');
        buf_append_str(out, str_of(s->json));
    }
    buf_append_char(out, '}');
}

static void member(struct buf *out, const char *name, const char *value) {
    buf_append_json(out, str_of(name));
    buf_append_char(out, ':');
    buf_append_json(out, str_of(value));
}
