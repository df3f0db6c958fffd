// survey.h - a collection looked through from end to end: what it holds, exactly. O(objects).
//
// Threads: from any thread, inside engine_enter.

#ifndef ENGINE_SURVEY_H
#define ENGINE_SURVEY_H

#include "engine/engine.h"

struct survey {
    uint64_t objects, strings;
    uint64_t points; // vertices of all geometries; of a point one
    uint64_t bytes;
    struct bbox extent; // empty when nothing has a position
};

/// As it is while it is looked through; expired objects do not count. NOT_FOUND for an unknown collection.
MUST_USE enum status survey_run(struct engine *e, unsigned reader, struct str collection,
                                struct survey *out);

#endif
