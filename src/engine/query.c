// query.c - the words of queries.

#include "engine/query.h"

const char *query_relation_name(enum query_relation r) {
    static const char *const names[] = {"intersects", "within", "contains", "disjoint"};
    return names[r];
}

bool query_relation_parse(struct str name, enum query_relation *out) {
    for (int i = QUERY_INTERSECTS; i <= QUERY_DISJOINT; i++) {
        if (str_eq(name, str_of(query_relation_name(i)))) {
            *out = (enum query_relation)i;
            return true;
        }
    }
    return false;
}
