// lines.h - texts of a stream, one after another: lines, or what stands between record separators (RFC 8142).
//
// Owner: one thread. A text is valid until the next one.

#ifndef CLI_LINES_H
#define CLI_LINES_H

#include "base/buf.h"
#include "cli/input.h"

#define LINES_TEXT_MAX ((size_t)64 << 20)
#define LINES_RS '\x1e'

struct lines {
    struct input *in; // borrowed
    char separator;   // '\n' or LINES_RS
    uint64_t line;    // of the next byte, from 1
    uint64_t text_line;
    struct buf text;
};

void lines_open(struct input *in, char separator, struct lines *l);
void lines_close(struct lines *l);
/// The next text that is not blank, trimmed. NOT_FOUND at the end. TOO_LARGE: passed over, the next one can be asked for.
MUST_USE enum status lines_next(struct lines *l, struct str *text, struct reason *why);

#endif
