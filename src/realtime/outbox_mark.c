// outbox_mark.c - what lasts of a target, as text: "1 cursor tries retry_ms disabled status failed_ms".

#include "realtime/outbox_state.h"

enum { FIELDS = 7 };

enum status outbox_schedule_parse(struct str text, struct outbox_schedule *out,
                                  struct reason *why) {
    struct str rest = text, part;
    out->count = 0;
    while (str_split(&rest, ',', &part)) {
        double seconds;
        if (out->count == OUTBOX_TRIES) {
            return reason_set(why, STATUS_INVALID, "at most %d tries", OUTBOX_TRIES);
        }
        if (!str_parse_double(str_trim(part), &seconds) || seconds < 0 || seconds > 30 * 86400.0) {
            return reason_set(why, STATUS_INVALID, "\"%.*s\" is no number of seconds",
                              (int)(part.len < 60 ? part.len : 60), part.p);
        }
        out->seconds[out->count++] = seconds;
    }
    return out->count ? STATUS_OK : reason_set(why, STATUS_INVALID, "at least one try");
}

void outbox_mark_write(const struct outbox_mark *m, struct buf *out) {
    buf_printf(out, "1 %llu %u %lld %d %u %lld", (unsigned long long)m->cursor, m->tries,
               (long long)m->retry_ms, m->disabled, m->status, (long long)m->failed_ms);
}

bool outbox_mark_parse(struct str text, struct outbox_mark *out) {
    uint64_t v[FIELDS];
    struct str rest = text, part;
    for (unsigned i = 0; i < FIELDS; i++) {
        if (!str_split(&rest, ' ', &part) || !str_parse_u64(part, &v[i])) return false;
    }
    if (v[0] != 1 || v[2] > OUTBOX_TRIES || v[3] > INT64_MAX || v[4] > 1 || v[5] > 999 ||
        v[6] > INT64_MAX) {
        return false;
    }
    *out = (struct outbox_mark){.cursor = v[1],
                                .tries = (unsigned)v[2],
                                .retry_ms = (int64_t)v[3],
                                .disabled = v[4] == 1,
                                .status = (unsigned)v[5],
                                .failed_ms = (int64_t)v[6]};
    return true;
}
