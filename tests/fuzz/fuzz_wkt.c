// Well-known text from CSV columns: parse, write, parse again.

#include <stdlib.h>

#include "geo/relate.h"
#include "geo/wkt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct geometry_limits limits = {500, 2000};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 8192) return 0;
    struct geometry *g = NULL, *again = NULL;
    struct reason why;
    struct str text = {(const char *)data, size};
    if (wkt_parse(text, &limits, &g, &why) != STATUS_OK) return 0;
    if (!geometry_is_empty(g) && !relate_within(g, g)) abort();
    struct buf b;
    buf_init(&b);
    wkt_write(g, &b);
    enum status st = wkt_parse(buf_str(&b), &limits, &again, &why);
    if (st == STATUS_OK && geometry_type(again) != geometry_type(g)) abort();
    if (st == STATUS_BAD_REQUEST) abort();
    buf_deinit(&b);
    geometry_unref(g);
    geometry_unref(again);
    return 0;
}
