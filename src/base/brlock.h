// brlock.h - a lock for many readers and rare, short writers.
//
// Each reader id has a cache line of its own, so readers of one shard share nothing;
// a writer raises a flag and looks at every reader's line. Not recursive.

#ifndef BASE_BRLOCK_H
#define BASE_BRLOCK_H

#include "base/status.h"

struct brlock;

/// For reader ids 0 .. readers-1 (those of an epoch).
MUST_USE enum status brlock_new(unsigned readers, struct brlock **out);
void brlock_free(struct brlock *lock);
void brlock_read_begin(struct brlock *lock, unsigned reader);
void brlock_read_end(struct brlock *lock, unsigned reader);
/// Writers exclude each other (a mutex) and then wait for the readers inside.
void brlock_write_begin(struct brlock *lock);
void brlock_write_end(struct brlock *lock);

#endif
