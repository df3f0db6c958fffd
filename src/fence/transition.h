// transition.h - (before, after) --> what is told. Pure.
//
//                   before      after       GEOFENCE        RESP (as Tile38 has it)
//     first sight    -          in          enter           enter inside
//                    -          out                         outside
//     stays         in          in          inside          inside
//                   out         out         cross? outside  cross? outside
//     comes         out         in          enter           enter inside
//     leaves        in          out         exit            exit outside
//     goes away     in          -           exit            told without a trigger (fences_match.c)
//
// Where only fields were set, RESP's enter is inside alone, and nothing crosses.

#ifndef FENCE_TRANSITION_H
#define FENCE_TRANSITION_H

#include "fence/fence.h"

struct transition {
    enum fence_kind kind;
    unsigned command;
    bool existed, exists; // as far as the fence is concerned
    bool was, is;         // inside
    bool crossed;
};

/// A set of enum fence_trigger, whether the fence tells of them or not.
unsigned transition_triggers(const struct transition *t);
/// Crossing matters: both were outside, and it moved.
bool transition_may_cross(const struct transition *t);
/// The order in which what one change caused is told: exits, outside, enters, inside; all else before.
unsigned transition_rank(unsigned trigger);

#endif
