// input.h - bytes of a file, of standard input or of memory, one piece after another; gzip is seen by its first bytes.
//
// Owner: one thread.

#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "base/reason.h"
#include "base/str.h"

struct input;

/// "-" is standard input. NOT_FOUND, FORBIDDEN or IO with the path named.
MUST_USE enum status input_open(const char *path, struct input **out, struct reason *why);
/// `bytes` are borrowed until input_close.
MUST_USE enum status input_open_memory(struct str bytes, struct input **out, struct reason *why);
/// NULL is allowed.
void input_close(struct input *in);

/// What was read and not yet taken; when nothing is left, reads on. Empty at the end. CORRUPT: gzip that is damaged or
/// ends early.
MUST_USE enum status input_peek(struct input *in, struct str *bytes, struct reason *why);
/// Take `len` of the bytes that input_peek showed.
void input_take(struct input *in, size_t len);

/// How far the file was read, 0..1; negative when nobody knows (a pipe).
double input_progress(const struct input *in);

#endif
