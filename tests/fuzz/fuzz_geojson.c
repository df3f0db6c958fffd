// GeoJSON from anyone: parse, ask everything of it, write, parse again.

#include <stdlib.h>

#include "geo/distance.h"
#include "geo/geojson.h"
#include "geo/relate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct geometry_limits limits = {500, 2000};

static struct geometry *parse(const char *text, size_t len) {
    yyjson_doc *doc = yyjson_read(text, len, 0);
    struct geometry *g = NULL;
    struct reason why;
    struct point p;
    double z;
    bool has_z;
    yyjson_val *root = yyjson_doc_get_root(doc);
    bool is_point = geojson_parse_point(root, &p, &z, &has_z);
    enum status st = geojson_parse(root, &limits, &g, &why);
    if ((st == STATUS_OK) != (g != NULL)) abort();
    if (is_point && !(st == STATUS_OK && geometry_type(g) == GEOMETRY_POINT)) abort();
    yyjson_doc_free(doc);
    return g;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 8192) return 0;
    struct geometry *g = parse((const char *)data, size);
    if (!g) return 0;
    if (geometry_is_empty(g)) abort();
    if (!relate_within(g, g) || !relate_intersects(g, g)) abort();
    struct bbox world = BBOX_WORLD;
    if (!relate_within_bbox(g, &world) || !relate_intersects_bbox(g, geometry_bbox(g))) abort();
    double m = distance_to_geometry_m(EARTH_SPHERE, (struct point){0, 0}, g);
    if (!(m >= 0 && m < 2.1e7)) abort();

    struct buf b;
    buf_init(&b);
    geojson_write(g, &b);
    struct geometry *again = parse(b.data, b.len);
    if (again && geometry_type(again) != geometry_type(g)) abort();
    geometry_unref(again);
    buf_deinit(&b);
    geometry_unref(g);
    return 0;
}
