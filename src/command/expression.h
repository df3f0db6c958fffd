// expression.h - WHERE with an expression: a small language like JavaScript's, parsed once for a search.
//
//   speed > 50 && (driver == 'Ann' || props.crew.size >= 2) ? id =~ '^truck' : properties.kind.match("v*")
//
// , ?: || ?? && == != === !== =~ < <= > >= + - * / % ! unary - · numbers (also 0x), strings in ' " `, true false null
// undefined NaN Infinity · names: id, type, this, the members of a Feature, fields; a name that is none of these is 0
// · a.b a?.b a["b"] a[0] · s.match(glob), s =~ regular expression (regex.h; a literal).
// Strings compare without regard to case of ASCII letters, as in Tile38; so does match().
//
// Bounded: in length, nodes and nesting by the parser; an evaluation visits each node at most once and has
// EXPRESSION_SCRATCH bytes for the strings that it makes. What goes wrong on the way makes the answer false.
// Lives in the arena it was parsed into; immutable, used by any thread meanwhile.

#ifndef COMMAND_EXPRESSION_H
#define COMMAND_EXPRESSION_H

#include "base/arena.h"
#include "engine/object.h"

#define EXPRESSION_LENGTH_MAX 65536
#define EXPRESSION_NODES_MAX 4096
#define EXPRESSION_DEPTH_MAX 200
#define EXPRESSION_SCRATCH 16384

struct expression;

/// INVALID for what is none, TOO_LARGE over the limits, NO_MEMORY.
MUST_USE enum status expression_parse(struct str text, struct arena *arena,
                                      const struct expression **out);
bool expression_matches(const struct expression *e, const struct object *o);

#endif
