// batch_text.h - the body of a batch, cut into one JSON text per object.
//
// Lines (NDJSON), or texts with a record separator 0x1E before each (RFC 8142). Blank ones are passed over.

#ifndef API_BATCH_TEXT_H
#define API_BATCH_TEXT_H

#include <stdint.h>

#include "base/str.h"

#define BATCH_TEXT_RS '\x1e'

struct batch_text {
    struct str rest;
    char separator;  // '\n' or BATCH_TEXT_RS
    uint64_t number; // of the text given last: its line, or which record it is, from 1
};

/// `is_seq`: the media type says geo+json-seq; lines that begin with a separator are taken for that, too.
struct batch_text batch_text_open(struct str body, bool is_seq);
/// False at the end. `text` is trimmed and never empty.
bool batch_text_next(struct batch_text *t, struct str *text);

#endif
