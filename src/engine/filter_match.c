// filter_match.c - the small public functions of filters; parsing and evaluation have their own files.

#include "engine/filter.h"

#include <string.h>

#include "base/clock.h"
#include "engine/filter_field.h"
#include "engine/filter_node.h"

#define DAY_MS 86400000

enum status filter_and_equal(struct filter **filter, struct str name, struct str value,
                             struct arena *arena) {
    struct filter *f = *filter ? *filter : arena_zalloc(arena, 1, sizeof *f);
    struct filter_conjunct *link = arena_zalloc(arena, 1, sizeof *link);
    struct filter_node *node = arena_zalloc(arena, 1, sizeof *node);
    struct filter_operand *operands = arena_zalloc(arena, 2, sizeof *operands);
    if (!f || !link || !node || !operands) {
        return STATUS_NO_MEMORY;
    }
    struct str name_copy = arena_str(arena, name), value_copy = arena_str(arena, value);
    if (!name_copy.p || !value_copy.p) {
        return STATUS_NO_MEMORY;
    }
    operands[0] = filter_field(name_copy);
    operands[1] = (struct filter_operand){.kind = FILTER_STRING, .text = value_copy};
    *node = (struct filter_node){.op = FILTER_EQ_TEXT, .count = 2, .operands = operands};
    *link = (struct filter_conjunct){.node = node, .next = f->conjuncts};
    f->conjuncts = link;
    *filter = f;
    return STATUS_OK;
}

void filter_release(struct filter *filter) {
    struct filter_geometry *link = filter ? filter->geometries : NULL;
    for (; link; link = link->next) {
        geometry_unref(link->geometry);
        link->geometry = NULL;
    }
    if (filter) {
        filter->geometries = NULL;
    }
}

bool filter_matches(const struct filter *filter, const struct object *o) {
    const struct filter_conjunct *link = filter ? filter->conjuncts : NULL;
    for (; link; link = link->next) {
        if (filter_evaluate(link->node, o) != FILTER_TRUE) {
            return false;
        }
    }
    return true;
}

bool filter_time_parse(struct str text, int64_t *lo_ms, int64_t *hi_ms) {
    if (text.len != 10) {
        if (!clock_parse_rfc3339(text, lo_ms)) {
            return false;
        }
        *hi_ms = *lo_ms;
        return true;
    }
    char stamp[] = "0000-00-00T00:00:00Z";
    memcpy(stamp, text.p, 10);
    if (!clock_parse_rfc3339(str_of(stamp), lo_ms)) {
        return false;
    }
    *hi_ms = *lo_ms + DAY_MS - 1;
    return true;
}
