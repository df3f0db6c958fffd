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

#define EVENT_NOTE_PARTS 7u
#define EVENT_NOTE_MOST (3u + 3 * 10) // bytes of a note beside its texts

/// A note in pieces, borrowed from the note and from here.
struct event_note_parts {
    struct str parts[EVENT_NOTE_PARTS];
    char numbers[EVENT_NOTE_MOST];
};
/// The pieces point into `out`, which stays where it is.
void event_note_cut(const struct event_note *note, struct event_note_parts *out);
/// Borrowed from `bytes`.
MUST_USE bool event_note_parse(struct str bytes, struct event_note *out);

#endif
