// wal_replay.c - one segment read, and its end judged.
//
// The rule: a bad place whose LSN is at or below the highest LSN that any good frame of the segment, before it or behind
// it, knows to be on the disk was whole once, so it is damage. Above that it may be a write that a
// power cut tore; the kernel writes pages in any order, so good frames may even lie behind it.

#include "storage/wal_replay.h"

#include <errno.h>
#include <string.h>

#include "storage/wal_ahead.h"

struct taking {
    uint64_t known_lsn; // the highest that a frame says is on the disk
    bool sealed;
};

static enum status frames_take(struct wal_replay *r, struct wal_scan *scan, struct wal_ahead *ahead,
                               struct taking *t, struct reason *why);
static enum status batch_feed(struct wal_replay *r, struct wal_ahead *ahead, uint64_t lsn,
                              struct reason *why);
static enum status end_judge(struct wal_replay *r, struct wal_scan *scan, uint64_t known_lsn);
static const char *frame_judge(const struct wal_frame *frame, uint64_t last_lsn);

enum status wal_replay_segment(struct wal_replay *r, const char *path, uint64_t first_lsn,
                               struct reason *why) {
    struct wal_scan scan;
    enum status st = wal_scan_open(r->io, path, WAL_FILE_SEGMENT, &scan, why);
    if (st != STATUS_OK) return st;
    if (why) why->text[0] = '\0';
    r->last_lsn = first_lsn - 1;
    r->good_bytes = r->frames = r->records = 0;
    r->file_bytes = scan.size;
    r->header = scan.header;
    r->behind = (struct wal_scan_behind){0};
    r->bad = NULL;
    if (!scan.has_header || scan.header.lsn != first_lsn || first_lsn == 0) {
        // Frames follow a header only once it is on the disk.
        r->bad = "its header is not a segment's of that name";
        r->end = scan.size <= WAL_FRAME_FILE_HEADER && !scan.has_header ? WAL_REPLAY_NOTHING
                                                                        : WAL_REPLAY_DAMAGED;
        wal_scan_close(&scan);
        return STATUS_OK;
    }
    struct taking t = {.known_lsn = first_lsn - 1};
    struct wal_ahead_options options = {.intake = r->intake,
                                        .threads = wal_ahead_threads(scan.size)};
    struct wal_ahead *ahead;
    st = wal_ahead_open(&scan, &options, &ahead);
    errno = ENOMEM;
    if (st == STATUS_OK) {
        st = frames_take(r, &scan, ahead, &t, why);
        int err = errno;
        wal_ahead_close(ahead);
        errno = err;
    }
    int err = errno;
    if (st == STATUS_OK && r->bad && (t.sealed || scan.bad == NULL)) {
        r->end = WAL_REPLAY_DAMAGED; // a good frame where it should not be: no power cut does that
    } else if (st == STATUS_OK && r->bad) {
        st = end_judge(r, &scan, t.known_lsn);
        err = errno;
    } else {
        r->end = t.sealed ? WAL_REPLAY_SEALED : WAL_REPLAY_OPEN;
    }
    wal_scan_close(&scan);
    if (st == STATUS_OK || (why && why->text[0])) return st;
    return reason_set(why, st, "cannot read %.180s: %s", path, strerror(err));
}

/// Up to the end or the first frame that should not be there.
static enum status frames_take(struct wal_replay *r, struct wal_scan *scan, struct wal_ahead *ahead,
                               struct taking *t, struct reason *why) {
    for (;;) {
        struct wal_frame frame;
        enum wal_scan_step step;
        r->good_bytes = scan->offset;
        enum status st = wal_ahead_next(ahead, &frame, &step);
        if (st != STATUS_OK || step == WAL_SCAN_EOF) return st;
        r->bad = step == WAL_SCAN_BAD ? scan->bad
                 : t->sealed          ? "bytes behind its seal"
                                      : frame_judge(&frame, r->last_lsn);
        if (r->bad) return STATUS_OK;
        r->frames++;
        t->sealed = frame.kind == WAL_FRAME_SEAL;
        if (frame.synced_lsn > t->known_lsn) t->known_lsn = frame.synced_lsn;
        if (frame.kind != WAL_FRAME_BATCH) continue;
        st = batch_feed(r, ahead, frame.lsn, why);
        if (st != STATUS_OK || r->bad) return st;
        r->last_lsn = frame.lsn;
    }
}

/// What is wrong with a frame whose checksum is right, or NULL.
static const char *frame_judge(const struct wal_frame *frame, uint64_t last_lsn) {
    switch (frame->kind) {
    case WAL_FRAME_BATCH:
        if (frame->lsn != last_lsn + 1) return "a batch out of order";
        return frame->synced_lsn > last_lsn ? "a batch that claims too much" : NULL;
    case WAL_FRAME_MARK:
    case WAL_FRAME_SEAL:
        if (frame->lsn != last_lsn || frame->len != 0) return "a mark out of order";
        return frame->synced_lsn > last_lsn ? "a mark that claims too much" : NULL;
    default: return "a frame of another kind of file";
    }
}

static enum status end_judge(struct wal_replay *r, struct wal_scan *scan, uint64_t known_lsn) {
    enum status st = wal_scan_behind(scan, &r->behind);
    if (st != STATUS_OK) return st;
    if (r->behind.synced_lsn > known_lsn) known_lsn = r->behind.synced_lsn;
    bool was_whole = known_lsn > r->last_lsn || r->behind.gave_up;
    r->end = was_whole ? WAL_REPLAY_DAMAGED : WAL_REPLAY_TORN;
    return STATUS_OK;
}

static enum status batch_feed(struct wal_replay *r, struct wal_ahead *ahead, uint64_t lsn,
                              struct reason *why) {
    bool sound;
    uint64_t records;
    enum status st = wal_ahead_apply(ahead, lsn, &records, &sound);
    r->records += records;
    if (!sound) r->bad = "a batch that is not records";
    if (st == STATUS_OK) return STATUS_OK;
    return reason_set(why, st, "the log could not be taken in at LSN %llu: %s",
                      (unsigned long long)lsn, status_text(st));
}
