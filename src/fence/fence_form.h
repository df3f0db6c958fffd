// fence_form.h - what a fence is made of; for the files of this folder only.

#ifndef FENCE_FENCE_FORM_H
#define FENCE_FENCE_FORM_H

#include <stdatomic.h>

#include "base/epoch.h"
#include "fence/fence.h"

#define FENCE_PIECES 3 // of a box, cut at the antimeridian
#define FENCE_NOWHERE UINT32_MAX

/// Lists of a set that are gone through as a whole.
enum fence_list { FENCE_EACH_UPDATE, FENCE_EACH_REMOVAL, FENCE_EACH_ROAM, FENCE_EACH_AREAS };
#define FENCE_LISTS 4

struct fence {
    struct epoch_node retired; // first, for fence_retire
    struct bbox box;
    struct distance_from centre; // of a circle
    double cutoff_hav;           // no point farther than this is in the circle
    bool is_circle, is_plain;    // plain: no radius
    _Atomic uint32_t references;
    _Atomic int32_t listeners;
    // Where the set that holds it keeps it, under that set's lock.
    uint32_t items[FENCE_PIECES], item_count;
    uint32_t list_at[FENCE_LISTS]; // FENCE_NOWHERE: not in it
    struct fence_spec spec;
    char texts[];
};

#endif
