// event_entry.h - one event, as the event log keeps it: numbers and bytes it does not look into.

#ifndef STORAGE_EVENT_ENTRY_H
#define STORAGE_EVENT_ENTRY_H

#include <stdint.h>

#include "base/str.h"

struct event_entry {
    uint64_t seq, lsn;
    int64_t time_ms;
    struct str payload;
};

#define EVENT_ENTRY_PAYLOAD_MAX (256u << 20)

#endif
