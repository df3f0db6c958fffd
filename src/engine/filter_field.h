// filter_field.h - names that mean a field of the object rather than a property.

#ifndef ENGINE_FILTER_FIELD_H
#define ENGINE_FILTER_FIELD_H

#include "engine/filter_node.h"

static inline struct filter_operand filter_field(struct str name) {
    static const struct {
        const char *name;
        enum filter_operand_kind kind;
    } fields[] = {
        {"id", FILTER_FIELD_ID},
        {"version", FILTER_FIELD_VERSION},
        {"time", FILTER_FIELD_TIME},
        {"created_at", FILTER_FIELD_CREATED},
        {"updated_at", FILTER_FIELD_UPDATED},
        {"geometry", FILTER_FIELD_GEOMETRY},
    };
    struct filter_operand out = {.kind = FILTER_PROPERTY, .text = name};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (str_eq(name, str_of(fields[i].name))) {
            out.kind = fields[i].kind;
        }
    }
    return out;
}

#endif
