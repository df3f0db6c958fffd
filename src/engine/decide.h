// decide.h - what each change of a batch makes of its object, under the stripes.

#ifndef ENGINE_DECIDE_H
#define ENGINE_DECIDE_H

#include "engine/batch.h"

/// Bring near what the first changes will look at: after preparing, before the locks.
void decide_approach(const struct batch *b);
/// Check the conditions of each change in order, stamp the new objects, give new ids their slots, write
/// the records. Nothing is visible yet. NO_MEMORY: call decide_undo.
MUST_USE enum status decide_all(struct batch *b);
/// Give back the slots of new ids.
void decide_undo(struct batch *b);
void decide_give_slot(struct batch *b, const struct batch_chain *chain);

#endif
