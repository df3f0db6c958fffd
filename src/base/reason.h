// reason.h - the detail beside a status: what was wrong and where.
//
// Parsers take an optional `struct reason *` (NULL: nobody asks) and fill it on
// failure, so that the answer can name the thing and the mend.

#ifndef BASE_REASON_H
#define BASE_REASON_H

#include "base/status.h"

struct reason {
    char text[240];    // a sentence without a full stop, empty when nothing is known
    char pointer[160]; // RFC 6901 JSON pointer into the input, or empty
};

/// Fill `why` (may be NULL) by a printf format, clear its pointer, and give `st` back, so that
/// `return reason_set(why, STATUS_INVALID, "latitude %g is outside -90..90", lat);` reads well.
enum status reason_set(struct reason *why, enum status st, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/// Put a path in front of the pointer in `why` (may be NULL): "/geometry" + "/coordinates/0".
/// Used while errors climb out of nested parsers. Cuts silently at the size of the field.
void reason_prefix(struct reason *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
