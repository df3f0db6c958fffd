// event_note.h - an event as the event log keeps it: whose it is, what it is about, and the text that is sent.
//
//   kind 1 | trigger 1 | command 1 | varint lengths and bytes of fence_id, collection, id | text

#ifndef REALTIME_EVENT_NOTE_H
#define REALTIME_EVENT_NOTE_H

#include "base/buf.h"
#include "fence/fence.h"

struct event_note {
    enum fence_kind kind;
    unsigned trigger, command; // of fence.h
    struct str fence_id, collection, id;
    struct str text;
};

void event_note_write(const struct event_note *note, struct buf *out);
/// Borrowed from `bytes`.
MUST_USE bool event_note_parse(struct str bytes, struct event_note *out);

#endif
