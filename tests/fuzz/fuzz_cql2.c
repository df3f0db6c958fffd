// fuzz_cql2.c - any JSON as a filter: it is refused with a reason, or it can be asked of objects.
//
// What can be asked obeys: not(not(x)) is x, and outside filter_bbox nothing matches.

#include <stdint.h>
#include <stdlib.h>

#include "engine/filter.h"
#include "engine/filter_node.h"
#include "engine/properties.h"
#include "engine/row.h"
#include "geo/relate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct row *row_of(struct point p, struct str properties) {
    struct object_draft draft = {
        .id = STR("a"), .point = p, .properties = properties, .has_time = true, .time_ms = 1000};
    struct row *row;
    if (row_new(&draft, &row) != STATUS_OK) abort();
    return row;
}

static void check(const struct filter *f, const struct object *o) {
    const struct filter_node *node = f->conjuncts->node;
    enum filter_truth t = filter_evaluate(node, o);
    struct filter_node *child = (struct filter_node *)(uintptr_t)node;
    struct filter_node not = {.op = FILTER_NOT, .count = 1, .children = &child};
    if ((int)filter_evaluate(&not, o) != 2 - (int)t) abort();
    struct bbox box;
    if (t == FILTER_TRUE && filter_bbox(f, EARTH_SPHERE, &box) &&
        !bbox_contains_point_globe(&box, o->point))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    yyjson_doc *doc = yyjson_read((const char *)data, size, 0);
    if (!doc) return 0;
    struct arena arena;
    arena_init(&arena, 0);
    struct geometry_limits limits = {1000, 10000};
    struct filter *f = NULL;
    struct reason why = {.text = ""};
    enum status st = filter_parse(yyjson_doc_get_root(doc), &limits, &arena, &f, &why);
    if (st != STATUS_OK && !why.text[0]) abort();
    if (st == STATUS_OK) {
        static const struct point points[] = {{0, 0}, {180, 10}, {-180, 90}, {10.5, -45}};
        struct str properties[] = {
            STR("{}"), STR("{\"a\":1,\"b\":\"x\\\"y\",\"c\":{\"d\":true},\"t\":\"2026-01-02\"}")};
        for (unsigned i = 0; i < 8; i++) {
            struct row *row = row_of(points[i / 2], properties[i % 2]);
            struct object o;
            row_read(row, &o);
            check(f, &o);
            row_free(row);
        }
        filter_release(f);
    }
    arena_deinit(&arena);
    // The same bytes as properties: canonical text is its own canonical text.
    struct buf once, twice;
    buf_init(&once);
    buf_init(&twice);
    if (properties_canonical(yyjson_doc_get_root(doc), &once, &why) == STATUS_OK) {
        yyjson_doc *again = yyjson_read(once.data, once.len, 0);
        if (!again || properties_canonical(yyjson_doc_get_root(again), &twice, &why) != STATUS_OK ||
            !str_eq(buf_str(&once), buf_str(&twice)))
            abort();
        yyjson_doc_free(again);
    }
    buf_deinit(&once);
    buf_deinit(&twice);
    yyjson_doc_free(doc);
    return 0;
}
