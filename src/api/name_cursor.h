// name_cursor.h - cursors of lists in order of names: the last name of the page, in hex: opaque enough, and URL-safe.

#ifndef API_NAME_CURSOR_H
#define API_NAME_CURSOR_H

#include "api/params.h"

#define NAME_CURSOR_MAX 256 // bytes of a name

MUST_USE enum status name_cursor_write(struct str name, struct arena *arena, struct str *out);
/// BAD_REQUEST for what is none of ours.
MUST_USE enum status name_cursor_parse(struct str text, struct arena *arena, struct str *out,
                                       struct reason *why);
/// The name in "cursor", STR_NONE without it.
MUST_USE enum status name_cursor_param(struct params *p, struct str *out);

#endif
