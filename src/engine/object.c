// object.c - looking into objects.

#include "engine/object.h"

#include <assert.h>
#include <string.h>

static const char *extra(const struct object *o, unsigned flag);

struct str object_text(const struct object *o) {
    if (!(o->flags & OBJECT_FORM)) {
        return STR_NONE;
    }
    struct str properties = object_properties(o);
    const char *at = properties.p + properties.len + 1;
    uint32_t len;
    memcpy(&len, at, sizeof len);
    return (struct str){at + sizeof len, len};
}

double object_z(const struct object *o) {
    double z;
    memcpy(&z, extra(o, OBJECT_HAS_Z), sizeof z);
    return z;
}

int64_t object_time_ms(const struct object *o) {
    int64_t ms;
    memcpy(&ms, extra(o, OBJECT_HAS_TIME), sizeof ms);
    return ms;
}

int64_t object_expires_ms(const struct object *o) {
    if (!(o->flags & OBJECT_HAS_EXPIRY)) {
        return INT64_MAX;
    }
    int64_t ms;
    memcpy(&ms, extra(o, OBJECT_HAS_EXPIRY), sizeof ms);
    return ms;
}

enum geometry_type object_type(const struct object *o) {
    return o->flags & OBJECT_HAS_GEOMETRY ? geometry_type(o->geometry) : GEOMETRY_POINT;
}

struct point object_center(const struct object *o) {
    if (!(o->flags & OBJECT_HAS_GEOMETRY)) {
        return o->point;
    }
    const struct bbox *box = geometry_bbox(o->geometry);
    return bbox_is_empty(box) ? (struct point){0, 0} : bbox_center(box);
}

struct bbox object_bbox(const struct object *o) {
    if (o->flags & OBJECT_HAS_GEOMETRY) {
        return *geometry_bbox(o->geometry);
    }
    return (struct bbox){o->point.lon, o->point.lat, o->point.lon, o->point.lat};
}

bool object_is_empty(const struct object *o) {
    return (o->flags & OBJECT_HAS_GEOMETRY) && bbox_is_empty(geometry_bbox(o->geometry));
}

// The extras stand in the order of their flags: those with lower bits come before.
static const char *extra(const struct object *o, unsigned flag) {
    assert(o->flags & flag);
    return o->bytes + object_extras_bytes(o->flags & (flag - 1));
}
