#include "cli/tracks.h"

#include <stdlib.h>

#include "base/mem.h"

#define PAUSE_MS 1000 // between the end and the next beginning

static enum status add(struct tracks *t, const struct reader_record *record);
static int compare(const void *a, const void *b);

enum status tracks_open(struct reader *reader, struct tracks *t, struct reason *why) {
    *t = (struct tracks){0};
    buf_init(&t->texts);
    enum status st;
    for (;;) {
        struct reader_record record;
        struct reason reason = {0};
        st = reader_next(reader, &record, &reason);
        if (st == STATUS_OK && !record.time.given) {
            st = reason_set(&reason, STATUS_INVALID, "line %llu: it has no time",
                            (unsigned long long)record.line);
        }
        if (st == STATUS_OK) st = add(t, &record);
        if (st == STATUS_INVALID) {
            if (t->skipped++ == 0) t->first_skipped = reason;
        } else if (st != STATUS_OK) {
            if (why) *why = reason;
            break;
        }
    }
    if (st == STATUS_NOT_FOUND) st = STATUS_OK;
    if (st == STATUS_OK && t->count == 0) {
        st = reason_set(why, STATUS_INVALID, "no position with a time was found in it%s%.150s",
                        t->skipped ? ": " : "", t->skipped ? t->first_skipped.text : "");
    }
    if (st == STATUS_OK) {
        qsort(t->points, t->count, sizeof *t->points, compare);
    } else {
        tracks_close(t);
    }
    return st;
}

void tracks_close(struct tracks *t) {
    buf_deinit(&t->texts);
    mem_free(t->points);
    *t = (struct tracks){0};
}

int64_t tracks_length_ms(const struct tracks *t) {
    return t->points[t->count - 1].time_ms - t->points[0].time_ms + PAUSE_MS;
}

void tracks_write(const struct tracks *t, size_t i, int64_t time_ms, struct buf *out) {
    const struct track_point *p = &t->points[i];
    buf_append(out, t->texts.data + p->at, p->len);
    feature_text_end(&(struct feature_time){true, time_ms}, out);
    buf_append_char(out, '\n');
}

static enum status add(struct tracks *t, const struct reader_record *record) {
    if (t->count == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 4096;
        struct track_point *points = mem_realloc(t->points, cap * sizeof *points);
        if (!points) return STATUS_NO_MEMORY;
        t->points = points;
        t->cap = cap;
    }
    t->points[t->count] =
        (struct track_point){record->time.ms, t->count, t->texts.len, record->text.len};
    t->count++;
    buf_append_str(&t->texts, record->text);
    return buf_status(&t->texts);
}

static int compare(const void *a, const void *b) {
    const struct track_point *p = a, *q = b;
    if (p->time_ms != q->time_ms) return p->time_ms < q->time_ms ? -1 : 1;
    return p->order < q->order ? -1 : p->order > q->order;
}
