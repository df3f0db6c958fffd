// Any geometry from WKB, clipped by a box and by another and widened: an answer or a reason, nothing outside the box.

#include <stdlib.h>
#include <string.h>

#include "geo/buffer.h"
#include "geo/clip.h"
#include "geo/wkb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct geometry_limits limits = {200, 400};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 5 || size > 8192) return 0;
    struct geometry *g = NULL, *out = NULL, *rect = NULL;
    struct reason why;
    struct str text = {(const char *)data + 4, size - 4};
    if (wkb_parse(text, &limits, &g, &why) != STATUS_OK) return 0;
    struct bbox box = {(data[0] - 128) * 1.40625, (data[1] - 128) * 0.703125, 0, 0};
    box.max_lon = box.min_lon + data[2] / 4.0;
    box.max_lat = box.min_lat + data[3] / 8.0;
    if (clip_bbox(g, &box, &out, &why) != STATUS_OK) abort();
    const struct bbox *own = geometry_bbox(out);
    if (!geometry_is_empty(out) && (own->min_lat < box.min_lat || own->max_lat > box.max_lat))
        abort();
    geometry_unref(out);
    if (box.max_lat <= 90 && geometry_new_bbox(&box, &rect) == STATUS_OK) {
        if (clip_area(g, rect, &out, &why) == STATUS_OK) geometry_unref(out);
        if (clip_area(rect, g, &out, &why) == STATUS_OK) geometry_unref(out);
        geometry_unref(rect);
    }
    if (buffer_new(g, data[2] * data[3], &out, &why) == STATUS_OK) geometry_unref(out);
    geometry_unref(g);
    return 0;
}
