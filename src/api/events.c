// events.c - the events of geofences, from the event log, page by page.

#include <inttypes.h>

#include "api/endpoints.h"
#include "api/params.h"
#include "api/reply.h"
#include "realtime/event_note.h"
#include "realtime/geofence_event.h"

#define LIMIT_DEFAULT 100
#define BYTES_MOST (16u << 20) // of the log, looked through for one page

struct events_query {
    uint64_t since;
    uint32_t limit;
    unsigned triggers;                       // 0: all
    struct str geofence, collection, object; // STR_NONE: any
    uint32_t found;
};

static enum status query_params(struct api *api, struct call *call, struct events_query *q);
static enum status read_page(struct api *api, struct call *call, struct events_query *q);
static enum status gone(const struct api *api, struct call *call);
static bool wanted(const struct events_query *q, const struct event_note *note);

enum status api_events_list(struct api *api, struct call *call) {
    struct events_query q = {.limit = LIMIT_DEFAULT};
    struct buf *out = &call->reply->body;
    enum status st = query_params(api, call, &q);
    if (st != STATUS_OK) return st;
    REPLY_LITERAL(out, "{\"events\":[");
    st = read_page(api, call, &q);
    if (st != STATUS_OK) return st;
    REPLY_LITERAL(out, "],\"numberReturned\":");
    buf_append_u64(out, q.found);
    REPLY_LITERAL(out, ",\"next\":");
    buf_append_u64(out, q.since);
    REPLY_LITERAL(out, ",\"last_seq\":");
    buf_append_u64(out, event_log_readable(api->options.event_log));
    buf_append_char(out, '}');
    return STATUS_OK;
}

static enum status parse_type(struct params *p, struct events_query *q) {
    struct str type, bare;
    enum status st = params_text(p, "type", &type);
    if (st != STATUS_OK || !type.p) return st;
    const struct str prefix = STR("geofence.");
    bare = str_starts(type, prefix) ? str_sub(type, prefix.len, type.len - prefix.len) : type;
    q->triggers = fence_trigger_parse(bare);
    if (q->triggers) return STATUS_OK;
    return reason_set(p->why, STATUS_INVALID, "there is no type \"%.*s\": geofence.enter, ...",
                      type.len > 32 ? 32 : (int)type.len, type.p);
}

static enum status parse_since(struct api *api, struct params *p, struct events_query *q) {
    struct str since;
    enum status st = params_text(p, "since", &since);
    if (st != STATUS_OK) return st;
    if (!since.p) { // from the oldest there is
        q->since = event_log_oldest(api->options.event_log) - 1;
        return STATUS_OK;
    }
    if (str_parse_u64(since, &q->since) && q->since < UINT64_MAX) return STATUS_OK;
    return reason_set(p->why, STATUS_BAD_REQUEST, "since must be the seq of an event, or 0");
}

static enum status query_params(struct api *api, struct call *call, struct events_query *q) {
    struct params params;
    enum status st = params_parse(call->request, call->arena, &params, call->why);
    if (st == STATUS_OK) st = parse_since(api, &params, q);
    if (st == STATUS_OK) {
        st = params_count(&params, "limit", api->options.limit_results, "limits.results", &q->limit,
                          NULL);
    }
    if (st == STATUS_OK) st = params_text(&params, "geofence", &q->geofence);
    if (st == STATUS_OK) st = params_text(&params, "collection", &q->collection);
    if (st == STATUS_OK) st = params_text(&params, "object", &q->object);
    if (st == STATUS_OK) st = parse_type(&params, q);
    return st == STATUS_OK ? params_refuse_rest(&params) : st;
}

static void write_chunk(struct call *call, struct str chunk, struct events_query *q) {
    struct event_entry entry;
    struct event_note note;
    while (q->found < q->limit && event_log_take(&chunk, &entry)) {
        q->since = entry.seq;
        if (!event_note_parse(entry.payload, &note) || !wanted(q, &note)) continue;
        if (q->found++) buf_append_char(&call->reply->body, ',');
        geofence_event_show(note.text, entry.seq, &call->reply->body);
    }
}

static enum status read_page(struct api *api, struct call *call, struct events_query *q) {
    struct event_log *log = api->options.event_log;
    struct event_log_cursor at = {.seq = q->since + 1};
    struct buf chunk;
    size_t bytes = 0;
    enum status st = STATUS_OK;
    buf_init(&chunk);
    while (st == STATUS_OK && q->found < q->limit && bytes < BYTES_MOST) {
        st = event_log_read(log, &at, EVENT_LOG_CHUNK, &chunk, call->why);
        if (st == STATUS_CORRUPT) { // told in the server's log; what is behind it can be read
            q->since = at.seq - 1;
            st = STATUS_OK;
            continue;
        }
        if (st != STATUS_OK || chunk.len == 0) break;
        bytes += chunk.len;
        write_chunk(call, buf_str(&chunk), q);
    }
    buf_deinit(&chunk);
    return st == STATUS_NOT_FOUND ? gone(api, call) : st;
}

static enum status gone(const struct api *api, struct call *call) {
    return reason_set(call->why, STATUS_GONE,
                      "events are kept for a while only: the oldest there is has seq %" PRIu64,
                      event_log_oldest(api->options.event_log));
}

static bool wanted(const struct events_query *q, const struct event_note *note) {
    return note->kind == FENCE_GEOFENCE && (!q->triggers || note->trigger & q->triggers) &&
           (!q->geofence.p || str_eq(q->geofence, note->fence_id)) &&
           (!q->object.p || str_eq(q->object, note->id)) &&
           (!q->collection.p || str_eq(q->collection, note->collection));
}
