// Well-known binary from a store or a foreign database: parse, write, and what was written reads back as the same bytes.

#include <stdlib.h>
#include <string.h>

#include "geo/relate.h"
#include "geo/wkb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct geometry_limits limits = {500, 2000};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 8192) return 0;
    struct geometry *g = NULL, *again = NULL;
    struct reason why;
    struct str bytes = {(const char *)data, size};
    if (wkb_parse(bytes, &limits, &g, &why) != STATUS_OK) return 0;
    if (!geometry_is_empty(g) && !relate_intersects(g, g)) abort();
    struct buf first, second;
    buf_init(&first);
    buf_init(&second);
    wkb_write(g, &first);
    if (wkb_parse(buf_str(&first), &limits, &again, &why) != STATUS_OK) abort();
    wkb_write(again, &second);
    if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0) abort();
    buf_deinit(&first);
    buf_deinit(&second);
    geometry_unref(g);
    geometry_unref(again);
    return 0;
}
