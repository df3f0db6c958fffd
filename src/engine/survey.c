#include "engine/survey.h"

#include "base/clock.h"
#include "engine/engine_state.h"

#define AHEAD 16 // rows

static uint64_t points_of(const struct geometry *g) {
    uint64_t points = geometry_point_count(g);
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        points += points_of(geometry_member(g, i));
    }
    return points;
}

static void count(const struct object *o, struct survey *s) {
    s->objects++;
    s->bytes += row_bytes(o);
    if (object_form(o) == OBJECT_STRING) {
        s->strings++;
        return;
    }
    if (!(o->flags & OBJECT_HAS_GEOMETRY)) {
        s->points++;
        bbox_add_point(&s->extent, o->point);
        return;
    }
    s->points += points_of(o->geometry);
    if (!object_is_empty(o)) {
        bbox_add(&s->extent, geometry_bbox(o->geometry));
    }
}

enum status survey_run(struct engine *e, unsigned reader, struct str collection,
                       struct survey *out) {
    const struct collection *c = collection_lookup_by(e, reader, collection);
    *out = (struct survey){.extent = BBOX_EMPTY};
    if (!c) {
        return STATUS_NOT_FOUND;
    }
    int64_t now_ms = clock_wall_ms();
    uint32_t end = slots_end(&c->slots);
    for (uint32_t slot = 0; slot < end; slot++) {
        if (slot + AHEAD < end) {
            __builtin_prefetch(slots_load(&c->slots, slot + AHEAD));
        }
        const struct row *row = slots_load(&c->slots, slot);
        struct object o;
        if (!row) {
            continue;
        }
        row_read(row, &o);
        if (!object_is_due(&o, now_ms)) {
            count(&o, out);
        }
    }
    return STATUS_OK;
}
