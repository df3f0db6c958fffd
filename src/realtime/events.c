#include "realtime/events.h"

#include "base/mem.h"
#include "realtime/event_note.h"
#include "realtime/geofence_event.h"

struct events {
    struct events_options options;
    struct delivery *delivery;
    struct counter *logged, *published, *missing;
};

static enum status metrics_register(struct events *ev);
static void publish(struct events *ev, const struct engine_event *e);
static void publish_geofence(struct events *ev, const struct engine_event *e);

enum status events_new(const struct events_options *options, struct events **out) {
    struct events *ev = mem_zalloc(1, sizeof *ev);
    if (!ev) return STATUS_NO_MEMORY;
    ev->options = *options;
    enum status st = metrics_register(ev);
    if (st != STATUS_OK) {
        events_free(ev);
        return st;
    }
    *out = ev;
    return STATUS_OK;
}

void events_free(struct events *ev) {
    if (!ev) return;
    mem_free(ev);
}

void events_set_delivery(struct events *ev, struct delivery *delivery) {
    ev->delivery = delivery;
}

static enum status append(struct events *ev, const struct engine_event *e, uint64_t lsn) {
    struct event_note note = {.kind = e->kind,
                              .trigger = e->trigger,
                              .command = e->command,
                              .fence_id = e->fence_id,
                              .collection = e->collection,
                              .id = e->id,
                              .text = e->text};
    struct event_note_parts cut;
    event_note_cut(&note, &cut);
    const struct event_entry entry = {.seq = e->seq, .lsn = lsn, .time_ms = e->now_ms};
    return event_log_append_parts(ev->options.log, &entry, cut.parts, EVENT_NOTE_PARTS);
}

enum status events_reserve(struct events *ev, size_t count, size_t bytes) {
    return event_log_reserve(ev->options.log, count, bytes + count * EVENT_NOTE_MOST);
}

void events_release(struct events *ev, size_t count, size_t bytes) {
    event_log_release(ev->options.log, count, bytes + count * EVENT_NOTE_MOST);
}

void events_committed(struct events *ev, const struct engine_event *list, size_t count,
                      uint64_t lsn) {
    bool logged = false;
    for (size_t i = 0; i < count; i++) {
        const struct engine_event *e = &list[i];
        if (e->seq == 0) {
            publish(ev, e);
            continue;
        }
        logged = true;
        if (e->kind == FENCE_GEOFENCE && e->fence) publish_geofence(ev, e);
        if (append(ev, e, lsn) == STATUS_OK) {
            counter_inc(ev->logged);
            continue;
        }
        counter_inc(ev->missing);
        log_write(ev->options.log_lines, LOG_ERROR, "an event is missing from the event log",
                  LOG_INT("seq", e->seq));
    }
    // With a store there is nothing to do before it says that the batch is durable.
    if (logged && lsn == 0 && ev->delivery) delivery_wake(ev->delivery);
}

enum status events_restored(struct events *ev, const struct engine_event *event, uint64_t lsn) {
    return append(ev, event, lsn);
}

enum status events_settle(struct events *ev) {
    struct reason why = {0};
    enum status st = event_log_sync(ev->options.log, &why);
    if (st != STATUS_OK) {
        log_write(ev->options.log_lines, LOG_ERROR, "no snapshot before events are safe",
                  LOG_Z("reason", why.text));
    }
    return st;
}

void events_durable(struct events *ev) {
    struct event_log *log = ev->options.log;
    if (ev->delivery && event_log_last(log) > event_log_readable(log)) {
        delivery_wake(ev->delivery);
    }
}

static void publish(struct events *ev, const struct engine_event *e) {
    if (!ev->options.hub || (e->kind != FENCE_CHANNEL && e->kind != FENCE_LIVE)) return;
    enum hub_kind kind = e->kind == FENCE_CHANNEL ? HUB_CHANNEL : HUB_PRIVATE;
    if (hub_publish(ev->options.hub, kind, e->fence_id, e->text, NULL) == STATUS_OK) {
        counter_inc(ev->published);
    }
}

/// To the channels that its rules name, in the words of each.
static void publish_geofence(struct events *ev, const struct engine_event *e) {
    const struct geofence *g = geofence_of(e->fence);
    const struct geofence_rule *rule = NULL;
    while (ev->options.hub && (rule = geofence_rule_next(g, e->trigger, rule))) {
        if (!rule->channel.p || !hub_has_listener(ev->options.hub, HUB_CHANNEL, rule->channel)) {
            continue;
        }
        struct buf text;
        buf_init(&text);
        enum status st = geofence_event_told(e->text, e->seq, rule, &text);
        if (st == STATUS_OK) {
            st = hub_publish(ev->options.hub, HUB_CHANNEL, rule->channel, buf_str(&text), NULL);
        }
        if (st == STATUS_OK) counter_inc(ev->published);
        buf_deinit(&text);
    }
}

static enum status metrics_register(struct events *ev) {
    struct registry *r = ev->options.metrics;
    if (!r) return STATUS_OK;
    static const char *const name = "warp_fence_events_total";
    static const char *const help = "Events of fences, by where they went.";
    struct metric_label log_label[] = {{"to", "log"}, {NULL, NULL}};
    struct metric_label hub_label[] = {{"to", "channel"}, {NULL, NULL}};
    struct metric_label lost_label[] = {{"to", "nowhere"}, {NULL, NULL}};
    struct metric_spec log_spec = {name, help, log_label}, hub_spec = {name, help, hub_label};
    struct metric_spec lost_spec = {name, help, lost_label};
    enum status st = registry_counter(r, &log_spec, &ev->logged);
    if (st == STATUS_OK) st = registry_counter(r, &hub_spec, &ev->published);
    if (st == STATUS_OK) st = registry_counter(r, &lost_spec, &ev->missing);
    return st;
}
