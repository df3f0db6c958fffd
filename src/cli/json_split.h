// json_split.h - cuts a stream of JSON into the texts of its objects, holding one at a time.
//
//   {"type":"FeatureCollection","features":[ {...} , {...} ]}     the elements of "features"
//   [ {...} , {...} ]                                             the elements
//   {...} {...}     (blanks, line ends, commas or RS between)     each by itself
//
// Looks at brackets and strings only; whether a text is JSON, its parser says.
// Owner: one thread. A text is valid until the next one.

#ifndef CLI_JSON_SPLIT_H
#define CLI_JSON_SPLIT_H

#include "base/buf.h"
#include "cli/input.h"

#define JSON_SPLIT_TEXT_MAX ((size_t)64 << 20)
#define JSON_SPLIT_DEPTH 1000

struct json_split {
    struct input *in;    // borrowed
    uint64_t line;       // of the next byte, from 1
    uint64_t text_line;  // where the last text began
    struct buf text;     // what is being gathered
    struct buf key;      // the last string at the top of an object around the list
    unsigned depth;      // brackets open around the next byte
    unsigned list_depth; // depth of the array whose elements are given; 0: none
    bool in_string, escaped;
    bool is_list_next;                 // "features": was read
    bool after_list;                   // the rest of the object around the list is passed over
    bool closes[JSON_SPLIT_DEPTH + 1]; // by depth: true: '}', false: ']'
};

void json_split_open(struct input *in, struct json_split *s);
void json_split_close(struct json_split *s);
/// NOT_FOUND at the end. CORRUPT with the line: brackets do not match, or the input ends inside; nothing can be read
/// after that. TOO_LARGE: one text above JSON_SPLIT_TEXT_MAX, too.
MUST_USE enum status json_split_next(struct json_split *s, struct str *text, struct reason *why);

#endif
