#include "cli/tile38_sender.h"

#include "base/mem.h"

enum {
    WINDOW = 1024, // commands on their way
    WINDOW_BYTES = 4 << 20,
    BRIEF_BYTES = 160,
};

struct tile38_waiting {
    struct tile38_count *count;
    uint64_t offset;
    size_t replies; // to come
    size_t bytes;
    char brief[BRIEF_BYTES];
};

static struct tile38_count *count_of(struct tile38_sender *s, struct str name);
static enum status take_one(struct tile38_sender *s, struct reason *why);

enum status tile38_sender_init(struct tile38_sender *s, struct resp_client *client) {
    *s = (struct tile38_sender){.client = client};
    s->waiting = mem_alloc(WINDOW * sizeof *s->waiting);
    return s->waiting ? STATUS_OK : STATUS_NO_MEMORY;
}

void tile38_sender_deinit(struct tile38_sender *s) {
    mem_free(s->waiting);
    *s = (struct tile38_sender){0};
}

enum status tile38_sender_put(struct tile38_sender *s, const struct str *args, size_t count,
                              uint64_t offset, struct str wire, size_t sent, struct reason *why) {
    if (sent == 0) return STATUS_OK;
    if (s->in_ring == WINDOW || s->bytes + wire.len > WINDOW_BYTES) {
        // Half of it: so that the server has work while more is read.
        while (s->in_ring > WINDOW / 2 || (s->in_ring && s->bytes + wire.len > WINDOW_BYTES)) {
            enum status st = take_one(s, why);
            if (st != STATUS_OK) return st;
        }
    }
    struct tile38_waiting *w = &s->waiting[(s->first + s->in_ring) % WINDOW];
    w->count = count_of(s, args[0]);
    w->offset = offset;
    w->replies = sent;
    w->bytes = wire.len;
    tile38_sender_brief(args, count, w->brief, sizeof w->brief);
    s->in_ring++;
    s->bytes += wire.len;
    return resp_client_send_wire(s->client, wire, why);
}

enum status tile38_sender_flush(struct tile38_sender *s, struct reason *why) {
    while (s->in_ring) {
        enum status st = take_one(s, why);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

struct tile38_count tile38_sender_total(const struct tile38_sender *s) {
    struct tile38_count total = {.name = "commands"};
    for (size_t i = 0; i < s->count_count; i++) {
        total.done += s->counts[i].done;
        total.idle += s->counts[i].idle;
        total.refused += s->counts[i].refused;
    }
    return total;
}

void tile38_sender_brief(const struct str *args, size_t count, char *out, size_t size) {
    size_t len = 0;
    for (size_t i = 0; i < count && len + 1 < size; i++) {
        if (i) out[len++] = ' ';
        size_t n = args[i].len < size - 1 - len ? args[i].len : size - 1 - len;
        for (size_t k = 0; k < n; k++) {
            unsigned char c = (unsigned char)args[i].p[k];
            out[len++] = c < 0x20 || c >= 0x7f ? '.' : (char)c;
        }
    }
    out[len] = '\0';
}

static struct tile38_count *count_of(struct tile38_sender *s, struct str name) {
    for (size_t i = 0; i < s->count_count; i++) {
        if (str_eq_nocase(str_of(s->counts[i].name), name)) return &s->counts[i];
    }
    if (s->count_count == TILE38_SENDER_NAMES) return &s->counts[TILE38_SENDER_NAMES - 1];
    struct tile38_count *c = &s->counts[s->count_count++];
    for (size_t i = 0; i < name.len && i + 1 < sizeof c->name; i++) {
        char letter = name.p[i];
        c->name[i] = letter >= 'A' && letter <= 'Z' ? (char)(letter + 32) : letter;
    }
    return c;
}

/// One reply of the oldest.
static enum status take_one(struct tile38_sender *s, struct reason *why) {
    struct resp_client_reply reply;
    enum status st = resp_client_receive(s->client, &reply, why);
    if (st != STATUS_OK) return st;
    struct tile38_waiting *w = &s->waiting[s->first];
    if (reply.kind != RESP_CLIENT_ERROR) {
        w->count->done++;
    } else if (str_eq(reply.text, STR("ERR key not found")) ||
               str_eq(reply.text, STR("ERR id not found"))) {
        w->count->idle++;
    } else {
        w->count->refused++;
        s->on_refused(s->ctx, w->brief, w->offset, reply.text);
    }
    if (--w->replies > 0) return STATUS_OK;
    s->bytes -= w->bytes;
    s->first = (s->first + 1) % WINDOW;
    s->in_ring--;
    return STATUS_OK;
}
