// geofence_event.h - what happened at a geofence, as JSON: made once, kept, shown and sent.
//
//   geofence_event_write (under the stripe) --> text in the store, the log --> geofence_event_show   with its seq
//                                                                          --> geofence_event_payload for a webhook
//
//   {"event_id","type":"geofence.enter","trigger","rule":{"id","trigger","channel","metadata"},
//    "geofence":{"id","name","version"},"cause":"set","object":{...},"previous":{...}|null,"timestamp"}
//
// Of roaming and of the areas of a collection "other" is the second object, "distance" metres to it.
//
// One event is made per change, geofence and trigger. Its rule is the first of that trigger; who is told by another rule
// sees that one in the place of it.
//
// Threads: any.

#ifndef REALTIME_GEOFENCE_EVENT_H
#define REALTIME_GEOFENCE_EVENT_H

#include "realtime/geofence.h"

/// Properties longer than this and geometries of more vertices are left out, and "truncated" names them: a webhook
/// should stay below 20 kB.
#define GEOFENCE_EVENT_PROPERTIES_MAX 8192
#define GEOFENCE_EVENT_VERTICES_MAX 256

/// For engine_events.write, of fences of kind FENCE_GEOFENCE.
MUST_USE enum status geofence_event_write(const struct fence_event *event, struct buf *out);

/// The text with its place in the log: {"seq":...,"event_id":...}.
void geofence_event_show(struct str text, uint64_t seq, struct buf *out);
/// The same, told by `rule` (may be NULL: as it stands). CORRUPT when the text is none of ours.
MUST_USE enum status geofence_event_told(struct str text, uint64_t seq,
                                         const struct geofence_rule *rule, struct buf *out);
/// The body of a webhook (Standard Webhooks): {"type","timestamp","data":{the event}}; as above.
MUST_USE enum status geofence_event_payload(struct str text, uint64_t seq,
                                            const struct geofence_rule *rule, struct buf *out);
/// "ev..." of the text, without its quotes; for webhook-id. STR_NONE when the text is none of ours.
struct str geofence_event_id(struct str text);

/// The name of a rule's target of delivery: "geofence/<id>/<rule>".
void geofence_target_write(const struct geofence *g, const struct geofence_rule *rule,
                           struct buf *out);
/// The body that this target is sent, as geofence_event_payload makes it: told by its rule, when the event is of the
/// version of the geofence that is there now.
MUST_USE enum status geofence_target_payload(struct engine *e, struct str target, struct str text,
                                             uint64_t seq, struct buf *out);
/// Rules of a trigger: the next after `after` (NULL: the first), NULL at the end. What to do with it stands in it:
/// webhook_url, webhook_secrets, channel.
const struct geofence_rule *geofence_rule_next(const struct geofence *g, unsigned trigger,
                                               const struct geofence_rule *after);

#endif
