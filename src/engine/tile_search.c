#include "engine/tile_search.h"

#include <stdlib.h>
#include <yyjson.h>

#include "engine/properties.h"
#include "geo/mvt.h"

struct work {
    struct engine *engine;
    unsigned reader;
    const struct tile_search *search;
    struct arena *arena;
    struct reason *why;
    unsigned cells; // the tile's side is cut into, when thinned
    struct mvt mvt;
};

#define CELL_LOOKS 5000 // at objects that may belong to other cells

struct cell {
    struct work *work;
    unsigned column, row;
    unsigned looks; // left
};

static enum status find(struct work *w, const struct bbox *box, uint32_t limit, struct cell *cell,
                        struct hits *out);
static enum status thin(struct work *w);
static bool is_of_cell(const struct work *w, const struct object *o, unsigned column, unsigned row);
static enum query_verdict accept_of_cell(void *ctx, const struct object *o);
static enum status add(struct work *w, const struct object *o);
static void add_tags(struct work *w, yyjson_val *properties);
static uint64_t number_of(struct str id);

enum status tile_search_write(struct engine *e, unsigned reader, const struct tile_search *search,
                              struct arena *arena, struct buf *out, bool *thinned,
                              struct reason *why) {
    struct work w = {.engine = e, .reader = reader, .search = search, .arena = arena, .why = why};
    struct hits hits;
    struct bbox box = tile_bbox_margin(&search->tile, MVT_MARGIN);
    *thinned = false;
    enum status st = find(&w, &box, search->limit + 1, NULL, &hits);
    if (st != STATUS_OK) return st;
    mvt_init(&w.mvt, &search->tile, search->layer);
    if (hits.count > search->limit) {
        *thinned = true;
        st = thin(&w);
    } else {
        for (size_t i = 0; st == STATUS_OK && i < hits.count; i++) {
            st = add(&w, hits.items[i].object);
        }
    }
    if (st == STATUS_OK) st = mvt_finish(&w.mvt, out);
    mvt_deinit(&w.mvt);
    return st;
}

static enum status find(struct work *w, const struct bbox *box, uint32_t limit, struct cell *cell,
                        struct hits *out) {
    struct query query = {.collection = w->search->collection,
                          .shape = QUERY_BBOX,
                          .box = *box,
                          .filter = w->search->filter,
                          .limit = limit,
                          .numbered = true,
                          .accept = cell ? accept_of_cell : NULL,
                          .accept_ctx = cell};
    if (box->max_lon - box->min_lon >= 360) { // the whole world, its margin included
        query.box.min_lon = -180;
        query.box.max_lon = 180;
    } else if (box->min_lon < -180) { // as boxes over the antimeridian are kept
        query.box.min_lon += 360;
        query.box.max_lon += 360;
    } else if (box->min_lon >= 180) {
        query.box.min_lon -= 360;
        query.box.max_lon -= 360;
    }
    return engine_search(w->engine, w->reader, &query, w->arena, out, w->why);
}

static enum status thin(struct work *w) {
    struct bbox box = tile_bbox_margin(&w->search->tile, MVT_MARGIN);
    w->cells = TILE_SEARCH_CELLS;
    while (w->cells > 1 && w->cells * w->cells > w->search->limit) {
        w->cells /= 2;
    }
    uint32_t share = w->search->limit / (w->cells * w->cells);
    double width = (box.max_lon - box.min_lon) / w->cells;
    double height = (box.max_lat - box.min_lat) / w->cells;
    for (unsigned cell = 0; cell < w->cells * w->cells; cell++) {
        unsigned column = cell % w->cells, row = cell / w->cells;
        struct bbox part = {box.min_lon + column * width, box.min_lat + row * height,
                            box.min_lon + (column + 1) * width, box.min_lat + (row + 1) * height};
        part.max_lat = fmin(part.max_lat, 90);
        struct cell own = {w, column, row, CELL_LOOKS};
        struct hits hits;
        enum status st = find(w, &part, share, &own, &hits);
        for (size_t i = 0; st == STATUS_OK && i < hits.count; i++) {
            st = add(w, hits.items[i].object);
        }
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

// What lies in several cells is shown by the first of them: that of its box's corner, held to the tile.
static bool is_of_cell(const struct work *w, const struct object *o, unsigned column,
                       unsigned row) {
    struct bbox box = tile_bbox_margin(&w->search->tile, MVT_MARGIN), own = object_bbox(o);
    double width = (box.max_lon - box.min_lon) / w->cells;
    double height = (box.max_lat - box.min_lat) / w->cells;
    double lon = own.min_lon;
    while (own.max_lon < box.min_lon && lon < 540) { // it is seen on another turn
        lon += 360;
        own.max_lon += 360;
    }
    while (lon > box.max_lon) {
        lon -= 360;
    }
    double x = floor((lon - box.min_lon) / width), y = floor((own.min_lat - box.min_lat) / height);
    x = fmin(fmax(x, 0), w->cells - 1);
    y = fmin(fmax(y, 0), w->cells - 1);
    return (unsigned)x == column && (unsigned)y == row;
}

static enum query_verdict accept_of_cell(void *ctx, const struct object *o) {
    struct cell *cell = ctx;
    if (cell->looks == 0) return QUERY_STOP;
    cell->looks--;
    return is_of_cell(cell->work, o, cell->column, cell->row) ? QUERY_TAKE : QUERY_LEAVE;
}

static enum status add(struct work *w, const struct object *o) {
    struct str properties = object_properties(o), id = object_id(o);
    struct mvt_value value = {.kind = MVT_STRING, .text = id};
    mvt_tag(&w->mvt, STR("id"), &value);
    if (properties.len > 2) {
        yyjson_doc *doc = yyjson_read(properties.p, properties.len, 0);
        if (!doc) return STATUS_NO_MEMORY;
        add_tags(w, yyjson_doc_get_root(doc));
        yyjson_doc_free(doc);
    }
    if (o->flags & OBJECT_HAS_GEOMETRY) {
        mvt_add(&w->mvt, o->geometry, number_of(id));
    } else {
        mvt_add_point(&w->mvt, o->point, number_of(id));
    }
    return w->mvt.failed ? STATUS_NO_MEMORY : STATUS_OK;
}

static void add_tags(struct work *w, yyjson_val *properties) {
    size_t i, n;
    yyjson_val *key, *val;
    yyjson_obj_foreach(properties, i, n, key, val) {
        struct str name = {yyjson_get_str(key), yyjson_get_len(key)};
        struct mvt_value value = {.kind = MVT_STRING};
        char *text = NULL;
        if (str_eq(name, STR("id")) || yyjson_is_null(val)) continue;
        if (yyjson_is_bool(val)) {
            value = (struct mvt_value){.kind = MVT_BOOL, .boolean = yyjson_get_bool(val)};
        } else if (yyjson_is_sint(val) ||
                   (yyjson_is_uint(val) && yyjson_get_uint(val) >> 63 == 0)) {
            value = (struct mvt_value){.kind = MVT_INTEGER, .integer = yyjson_get_sint(val)};
        } else if (yyjson_is_num(val)) {
            value = (struct mvt_value){.kind = MVT_DOUBLE, .number = yyjson_get_num(val)};
        } else if (yyjson_is_str(val)) {
            value.text = (struct str){yyjson_get_str(val), yyjson_get_len(val)};
        } else {
            size_t len = 0;
            text = yyjson_val_write(val, 0, &len);
            if (!text) w->mvt.failed = true;
            value.text = (struct str){text, text ? len : 0};
        }
        mvt_tag(&w->mvt, name, &value);
        free(text);
    }
}

static uint64_t number_of(struct str id) {
    uint64_t number;
    return str_parse_u64(id, &number) ? number : 0;
}
