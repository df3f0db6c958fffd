// record.h - one change, as the store sees it: kind, collection, id, and a body it does not look into.
//
// Bytes: kind (1), varint lengths and bytes of collection, id and body. A run of records is a batch.
// The WAL keeps them as they are; adapters (Postgres, ClickHouse) read them and know the body's form
// from engine through a callback given at start.

#ifndef STORAGE_RECORD_H
#define STORAGE_RECORD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/reason.h"

enum record_kind {
    RECORD_PUT = 1,    // an object's whole new state: repeating it changes nothing
    RECORD_DELETE = 2, // body: why (engine)
    RECORD_DROP = 3,   // a collection with all in it; id empty
    RECORD_META =
        4, // settings of the engine, last one of an id wins (collections' options, later: geofences)
    RECORD_EVENT = 5, // reserved for the event log
    RECORD_RENAME =
        6, // a collection gets the name in `id`; what had it before is gone; body: which (engine)
};

struct record {
    enum record_kind kind;
    struct str collection;
    struct str id;
    struct str body;
};

void record_write(struct buf *out, const struct record *r);
/// Takes one record off the front of `*bytes`. CORRUPT when they are not one.
MUST_USE enum status record_parse(struct str *bytes, struct record *out);

#endif
