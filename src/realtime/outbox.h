// outbox.h - who is to be sent which events, and when: endpoints with their cursors into the event log.
//
//   event log --route (in order of seq)--> windows of targets --next--> one POST each --result--> cursor, or a later try
//
// A target has a cursor: every event of its fence up to it was delivered. It gets one event at a time, in the order of
// seq, until the receiver says 2xx. What it has still to get is kept as places in the log, a window of them; a target
// that falls further behind reads the log for itself later (outbox_behind), so memory is bounded by the number of
// targets, never by that of events. Targets whose last try failed share half of the POSTs at a time: whoever
// answers is never slowed by those who do not.
//
// No sockets, no threads, no clock: all of that is delivery's.
// Owner: delivery, under its lock.

#ifndef REALTIME_OUTBOX_H
#define REALTIME_OUTBOX_H

#include "fence/fence.h"
#include "realtime/signature.h"
#include "realtime/webhook.h"
#include "storage/event_log.h"

#define OUTBOX_URLS 8
#define OUTBOX_KEYS 4
#define OUTBOX_WINDOW 256u
#define OUTBOX_TRIES 32

struct outbox;

/// Seconds before each try, the first is not waited for. After the last one fails the target is disabled.
struct outbox_schedule {
    double seconds[OUTBOX_TRIES];
    unsigned count;
};
/// "0,5,300.5": INVALID with the reason.
MUST_USE enum status outbox_schedule_parse(struct str text, struct outbox_schedule *out,
                                           struct reason *why);

/// All borrowed. Several URLs are tried one after the other in one try: the first that takes it is enough.
struct outbox_spec {
    struct str name; // of the target
    enum fence_kind kind;
    struct str fence_id;
    unsigned triggers; // which of the fence's events; 0: all
    const struct str *urls;
    size_t url_count;
    const struct signature_key *keys;
    size_t key_count;
};

/// What lasts of a target.
struct outbox_mark {
    uint64_t cursor;   // delivered up to here
    unsigned tries;    // of the event behind it
    int64_t retry_ms;  // when it is tried again
    bool disabled;     // until somebody enables it: it said 410, or the schedule ran out
    unsigned status;   // of the last answer; 0: none
    int64_t failed_ms; // when it was disabled
};
void outbox_mark_write(const struct outbox_mark *mark, struct buf *out);
MUST_USE bool outbox_mark_parse(struct str text, struct outbox_mark *out);

/// As it is now; texts borrowed while the outbox is not changed.
struct outbox_target_info {
    struct str name, url, error;
    struct outbox_mark mark;
    bool busy, behind;
    uint64_t waiting_seq; // the next event; 0: none known
};

MUST_USE enum status outbox_new(const struct outbox_schedule *schedule, unsigned most_busy,
                                uint64_t seed, struct outbox **out);
void outbox_free(struct outbox *o);

/// Add, or change where its events go: then cursor and window stay, but it is enabled and tried at once.
/// `mark` is that of a new one.
MUST_USE enum status outbox_put(struct outbox *o, const struct outbox_spec *spec,
                                const struct outbox_mark *mark, int64_t now_ms);
/// Of before a restart; before anything is routed.
void outbox_set_mark(struct outbox *o, struct str name, const struct outbox_mark *mark,
                     int64_t now_ms);
bool outbox_remove(struct outbox *o, struct str name);
size_t outbox_count(const struct outbox *o);
bool outbox_find(const struct outbox *o, struct str name, struct outbox_target_info *out);
void outbox_each(const struct outbox *o,
                 void (*visit)(void *ctx, const struct outbox_target_info *), void *ctx);
/// Deliver again from `seq` on, whatever was delivered; enables it.
bool outbox_replay(struct outbox *o, struct str name, uint64_t seq, int64_t now_ms);
/// Give up the event that waits: go on behind it; enables it.
bool outbox_skip(struct outbox *o, struct str name, int64_t now_ms);

/// An event of the log; in order of seq, each once.
void outbox_route(struct outbox *o, enum fence_kind kind, struct str fence_id, unsigned trigger,
                  const struct event_log_cursor *place);
/// Everything up to here was routed; where routing begins after the targets were put.
uint64_t outbox_routed(const struct outbox *o);
void outbox_route_to(struct outbox *o, uint64_t seq);

struct outbox_target;
/// One that must read the log for itself now, from *cursor, or NULL. Give it what it reads with outbox_catch_up.
struct outbox_target *outbox_behind(struct outbox *o, struct event_log_cursor *cursor);
/// False: its window is full, or it is level with the others.
bool outbox_catch_up(struct outbox *o, struct outbox_target *t, enum fence_kind kind,
                     struct str fence_id, unsigned trigger, const struct event_log_cursor *place);
/// It has read all up to here; the log has none between. `lost`: events before `cursor->seq` are gone.
void outbox_caught_up(struct outbox *o, struct outbox_target *t,
                      const struct event_log_cursor *cursor);

/// The next POST, now: which event, where to. NULL: none yet. It is busy until outbox_result or outbox_release.
struct outbox_target *outbox_next(struct outbox *o, int64_t now_ms, struct event_log_cursor *event);
const char *outbox_url(const struct outbox_target *t);
const struct signature_key *outbox_keys(const struct outbox_target *t, size_t *count);
struct str outbox_name(const struct outbox_target *t);

enum outbox_outcome {
    OUTBOX_DELIVERED,
    OUTBOX_ANOTHER_URL, // at once
    OUTBOX_LATER,
    OUTBOX_DISABLED, // now
    OUTBOX_REMOVED,  // meanwhile
};
enum outbox_outcome outbox_result(struct outbox *o, struct outbox_target *t,
                                  const struct webhook_result *result, int64_t now_ms);
/// It was not sent after all: try at once again, or, `gone`, never: the log does not have the event any more.
void outbox_release(struct outbox *o, struct outbox_target *t, bool gone, int64_t now_ms);
/// Milliseconds until outbox_next may give something; -1: nothing waits.
int64_t outbox_wait_ms(const struct outbox *o, int64_t now_ms);

/// Names and marks of at most `most` targets whose marks have changed since they were last asked for.
size_t outbox_marks(struct outbox *o, size_t most,
                    void (*visit)(void *ctx, struct str name, const struct outbox_mark *mark),
                    void *ctx);
/// Whoever has nothing to get is level with what was routed: so a restart need not read far back.
void outbox_level(struct outbox *o);
/// The lowest cursor of all; UINT64_MAX: no targets.
uint64_t outbox_lowest(const struct outbox *o);

struct outbox_counts {
    size_t targets, failing, disabled, behind, busy;
};
void outbox_counts(const struct outbox *o, struct outbox_counts *out);

#endif
