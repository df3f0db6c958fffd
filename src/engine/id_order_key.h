// id_order_key.h - what a collection's slots are ordered by, read from their rows.

#ifndef ENGINE_ID_ORDER_KEY_H
#define ENGINE_ID_ORDER_KEY_H

#include <stdbool.h>

#include "engine/row.h"

enum id_order_kind {
    ID_ORDER_ID,
    ID_ORDER_VALUE, // strings only: value, then id
    ID_ORDER_KINDS
};

struct id_order_key {
    struct str value; // ID_ORDER_VALUE
    struct str id;
};

/// The texts of a row, without its numbers.
static inline struct object id_order_key_texts(const struct row *row) {
    return (struct object){.flags = row->flags,
                           .id_len = row->id_len,
                           .properties_len = row->properties_len,
                           .bytes = row->bytes};
}

static inline struct id_order_key id_order_key_of(enum id_order_kind kind, const struct row *row) {
    struct object o = id_order_key_texts(row);
    return (struct id_order_key){kind == ID_ORDER_VALUE ? object_text(&o) : STR_NONE,
                                 object_id(&o)};
}

/// Whether the order has the row; NULL is none.
static inline bool id_order_key_belongs(enum id_order_kind kind, const struct row *row) {
    return row && (kind == ID_ORDER_ID || (row->flags & OBJECT_FORM) == OBJECT_FORM);
}

static inline int id_order_key_compare(const struct id_order_key *a, const struct id_order_key *b) {
    int order = a->value.p || b->value.p ? str_compare(a->value, b->value) : 0;
    return order ? order : str_compare(a->id, b->id);
}

#endif
