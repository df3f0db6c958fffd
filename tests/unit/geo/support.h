// support.h - what the tests of geometry share.

#ifndef TESTS_UNIT_GEO_SUPPORT_H
#define TESTS_UNIT_GEO_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/rand.h"
#include "geo/geojson.h"

/// The geometry of a GeoJSON text with ' for ", or NULL with the status in `*st`.
static inline struct geometry *try_json(const char *text, enum status *st, struct reason *why) {
    char copy[8192];
    snprintf(copy, sizeof copy, "%s", text);
    for (char *c = copy; *c; c++) {
        if (*c == '\'') *c = '"';
    }
    yyjson_doc *doc = yyjson_read(copy, strlen(copy), 0);
    assert_non_null(doc);
    struct geometry *g = NULL;
    *st = geojson_parse(yyjson_doc_get_root(doc), &GEOMETRY_LIMITS_REST, &g, why);
    yyjson_doc_free(doc);
    return g;
}

static inline struct geometry *from_json(const char *text) {
    enum status st;
    struct reason why = {"", ""};
    struct geometry *g = try_json(text, &st, &why);
    if (st != STATUS_OK) print_message("%s: %s at %s\n", text, why.text, why.pointer);
    assert_int_equal(st, STATUS_OK);
    return g;
}

#endif
