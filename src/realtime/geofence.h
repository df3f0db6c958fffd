// geofence.h - a geofence of REST: an area with a name, and rules that say who is told of what.
//
//   JSON --geofence_parse--> struct geofence --geofence_fence--> fence in the engine's sets
//
// One geofence is one fence of kind FENCE_GEOFENCE; its triggers are those of its rules together. It never changes:
// PUT makes another one of the next version.
//
// Ownership: counted (ref, unref); its texts lie in its arena. Threads: all functions of a finished one from any.

#ifndef REALTIME_GEOFENCE_H
#define REALTIME_GEOFENCE_H

#include <stdatomic.h>

#include "engine/fences.h"
#include "engine/filter.h"

#define GEOFENCE_ID_MAX 256
#define GEOFENCE_NAME_MAX 256
#define GEOFENCE_RULES_MAX 64
#define GEOFENCE_SECRETS_MAX 4
#define GEOFENCE_METADATA_MAX 4096
#define GEOFENCE_URL_MAX 2048
#define GEOFENCE_RADIUS_MAX_M 20037508.0 // half way round

/// What is told, and to whom. Without webhook and channel it goes to the event log and geofence:events alone.
struct geofence_rule {
    struct str id; // 1 to 64 bytes, unique in its geofence
    enum fence_trigger trigger;
    struct str webhook_url; // STR_NONE: none
    struct str webhook_secrets
        [GEOFENCE_SECRETS_MAX]; // "whsec_...", newest first; with a webhook at least one
    unsigned webhook_secret_count;
    bool secret_is_new;  // made for this answer: shown once
    struct str channel;  // STR_NONE: none
    struct str metadata; // canonical JSON object
    struct str text;     // as events show it: {"id","trigger","channel","metadata"}
};

struct geofence {
    _Atomic unsigned references;
    struct arena arena;
    struct str id, name, collection; // collection: watched; empty: all
    enum fence_shape shape;
    struct geometry *geometry; // AREA; a reference
    double radius_m;
    struct str set_collection;           // SET
    struct str roam_collection, roam_id; // ROAM; roam_id: a glob, empty: all
    bool roam_nodwell;
    struct str filter_text; // CQL2-JSON; empty: none
    struct filter *filter;  // in the arena; NULL: all
    struct geofence_rule *rules;
    unsigned rule_count;
    unsigned triggers; // of all rules
    bool active;
    int64_t created_ms, updated_ms;
    uint64_t version;          // from 1
    uint64_t applies_from_seq; // events from here on are made by this version
    uint64_t etag;             // names this state of it
    struct str head;           // as events show it: {"id","name","version"}
};

struct geofence *geofence_ref(const struct geofence *g);
/// NULL is allowed.
void geofence_unref(struct geofence *g);

/// The fence that does what it says; not heard while it is not active. It holds a reference to `g`.
/// INVALID with the reason and the pointer. NO_MEMORY.
MUST_USE enum status geofence_fence(const struct geofence *g, struct fence **out,
                                    struct reason *why);
/// What a fence of kind FENCE_GEOFENCE was made of; borrowed for as long as the fence lives.
const struct geofence *geofence_of(const struct fence *fence);

#endif
