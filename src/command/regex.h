// regex.h - regular expressions, matched in time length of the text times size of the pattern, whatever either is.
//
// The syntax of RE2 and Go without captures in the answer: . [a-z] [^a-z] \d \D \w \W \s \S \b \B \n \t \xhh, ( ) (?: ),
// |, * + ? {n} {n,} {n,m} (a ? behind them is taken and means nothing here), ^ $, (?i) (?s) (?m) at the very beginning.
// A Pike machine (R. Cox, "Regular Expression Matching: the Virtual Machine Approach", 2009): all ways of matching
// walk the text side by side, so nothing is ever tried twice.
//
// Lives in the arena it was parsed into; immutable, used by any thread meanwhile.

#ifndef COMMAND_REGEX_H
#define COMMAND_REGEX_H

#include "base/arena.h"
#include "base/status.h"

#define REGEX_SIZE_MAX 1000 // instructions
#define REGEX_DEPTH_MAX 50  // of parentheses
#define REGEX_REPEAT_MAX 1000

struct regex;

/// INVALID for what is none, TOO_LARGE over the limits above, NO_MEMORY.
MUST_USE enum status regex_parse(struct str pattern, struct arena *arena, struct regex **out);
/// Somewhere in `text`, UTF-8.
bool regex_matches(const struct regex *re, struct str text);

#endif
