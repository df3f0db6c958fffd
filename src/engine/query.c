// query.c - the words of queries.

#include "engine/query.h"

const char *query_relation_name(enum query_relation r) {
    static const char *const names[] = {"intersects", "within", "contains", "disjoint"};
    return names[r];
}

bool query_relation_parse(struct str name, enum query_relation *out) {
    static const enum query_relation all[] = {QUERY_INTERSECTS, QUERY_WITHIN, QUERY_CONTAINS,
                                              QUERY_DISJOINT};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (str_eq(name, str_of(query_relation_name(all[i])))) {
            *out = all[i];
            return true;
        }
    }
    return false;
}
