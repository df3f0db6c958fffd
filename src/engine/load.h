// load.h - what replay leaves to the end: indices, counts, free slots, expiry.

#ifndef ENGINE_LOAD_H
#define ENGINE_LOAD_H

#include "engine/engine_state.h"

/// For every collection; before other threads know the engine.
MUST_USE enum status load_all(struct engine *e);

#endif
