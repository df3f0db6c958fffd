// feature_text.h - what a Feature keeps beside its geometry, and which of an object's properties are fields.
//
// The text of an OBJECT_FEATURE is a canonical JSON object of its members but type and geometry. Its "properties" are the
// Feature's own; they also stand among the object's properties, where they may have changed since. A field is a property that
// is not the Feature's own, or has another value than it came with.

#ifndef ENGINE_FEATURE_TEXT_H
#define ENGINE_FEATURE_TEXT_H

#include "engine/object.h"
#include "engine/properties.h"

/// The canonical text of the own properties; "{}" when there are none.
struct str feature_text_properties(struct str text);
/// Is this member of the object's properties (raw key and value) the Feature's own, unchanged? `own` is what the function
/// above gave.
bool feature_text_owns(struct str own, struct str raw_key, struct str raw_value);
/// The object's fields as canonical properties, appended. For every form.
void feature_text_fields(const struct object *o, struct buf *out);

#endif
