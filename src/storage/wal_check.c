// wal_check.c - finds what is damaged, goes on behind it, and says up to where everything survives.

#include "storage/wal_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "storage/wal_dir.h"
#include "storage/wal_replay.h"
#include "storage/wal_snapshot.h"

struct check {
    const struct io *io;
    const char *dir;
    struct wal_check_report *report;
    void (*say)(void *ctx, const char *line);
    void *ctx;
    struct wal_dir_list list;
    bool broken; // the run from the beginning has ended: later batches are not reached
    bool has_id;
    uint8_t store_id[16];
    uint64_t snapshot_lsn, snapshot_end; // of the newest good one; 0: none
    char path[WAL_DIR_PATH_MAX];
};

static enum status check_snapshots(struct check *c);
static enum status check_segments(struct check *c);
static enum status check_segment(struct check *c, uint64_t lsn, bool last);
static void check_end(struct check *c, const struct wal_replay *r, uint64_t lsn, bool last);
static void check_id(struct check *c, const uint8_t id[16]);
static void say_args(struct check *c, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void say(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void damage(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum status wal_check_dir(const struct io *io, const char *dir, struct wal_check_report *report,
                          void (*say_line)(void *ctx, const char *line), void *ctx) {
    struct check c = {.io = io, .dir = dir, .report = report, .say = say_line, .ctx = ctx};
    *report = (struct wal_check_report){0};
    struct reason why = {0};
    enum status st = wal_dir_list(dir, &c.list, &why);
    if (st != STATUS_OK) {
        say(&c, "%s", why.text);
        return st;
    }
    if (c.list.leftovers)
        say(&c, "%zu unfinished snapshots: harmless, removed at the next start", c.list.leftovers);
    st = check_snapshots(&c);
    if (st == STATUS_OK) st = check_segments(&c);
    if (st == STATUS_OK && report->surviving_lsn < c.snapshot_end && !c.broken)
        damage(&c, "the log ends at LSN %llu but the snapshot needs it up to %llu",
               (unsigned long long)report->surviving_lsn, (unsigned long long)c.snapshot_end);
    wal_dir_list_deinit(&c.list);
    if (st != STATUS_OK) return st;
    return report->damaged ? STATUS_CORRUPT : STATUS_OK;
}

static enum status check_snapshots(struct check *c) {
    for (size_t i = 0; i < c->list.snapshot_count; i++) {
        uint64_t lsn = c->list.snapshots[i];
        struct wal_snapshot_info info;
        struct reason why = {0};
        if (!wal_dir_path(c->path, c->dir, WAL_FILE_SNAPSHOT, lsn)) return STATUS_IO;
        enum status st = wal_snapshot_verify(c->io, c->path, lsn, &info, &why);
        c->report->snapshots++;
        c->report->bytes += info.bytes;
        c->report->records += info.records;
        if (st == STATUS_CORRUPT) {
            damage(c, "%s", why.text);
            continue;
        }
        if (st != STATUS_OK) {
            say(c, "%s", why.text);
            return st;
        }
        check_id(c, info.store_id);
        c->snapshot_lsn = lsn;
        c->snapshot_end = info.end_lsn;
        say(c, "%s: %llu records, replay from LSN %llu", c->path, (unsigned long long)info.records,
            (unsigned long long)lsn);
    }
    if (c->snapshot_lsn) c->report->surviving_lsn = c->snapshot_lsn - 1;
    return STATUS_OK;
}

static enum status check_segments(struct check *c) {
    for (size_t i = 0; i < c->list.segment_count; i++) {
        enum status st = check_segment(c, c->list.segments[i], i + 1 == c->list.segment_count);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static enum status check_segment(struct check *c, uint64_t lsn, bool last) {
    struct wal_replay r = {.io = c->io};
    struct reason why = {0};
    if (!wal_dir_path(c->path, c->dir, WAL_FILE_SEGMENT, lsn)) return STATUS_IO;
    enum status st = wal_replay_segment(&r, c->path, lsn, &why);
    if (st != STATUS_OK) {
        say(c, "%s", why.text);
        return st;
    }
    struct wal_check_report *report = c->report;
    report->segments++;
    report->bytes += r.file_bytes;
    report->frames += r.frames;
    report->records += r.records;
    bool needed = lsn >= c->snapshot_lsn; // older ones wait to be dropped
    if (needed && lsn != report->surviving_lsn + 1 && !c->broken) {
        damage(c, "%s begins at LSN %llu but the log before it ends at %llu: a segment is missing",
               c->path, (unsigned long long)lsn, (unsigned long long)report->surviving_lsn);
        c->broken = true;
    }
    check_end(c, &r, lsn, last);
    if (r.end != WAL_REPLAY_NOTHING && r.good_bytes > 0) check_id(c, r.header.store_id);
    if (needed && !c->broken) report->surviving_lsn = r.last_lsn;
    if (r.end == WAL_REPLAY_DAMAGED || (!last && r.end != WAL_REPLAY_SEALED)) c->broken = true;
    return STATUS_OK;
}

static void check_end(struct check *c, const struct wal_replay *r, uint64_t lsn, bool last) {
    unsigned long long at = r->good_bytes, rest = r->file_bytes - r->good_bytes;
    bool torn = r->end == WAL_REPLAY_TORN || r->end == WAL_REPLAY_NOTHING;
    if (r->end == WAL_REPLAY_DAMAGED || (!last && r->end != WAL_REPLAY_SEALED)) {
        damage(c, "%s is damaged at byte %llu: %s; %llu whole batches before it, %s%llu behind it",
               c->path, at, r->bad ? r->bad : "it ends too early",
               (unsigned long long)(r->last_lsn + 1 - lsn), r->behind.gave_up ? "at least " : "",
               (unsigned long long)r->behind.batches);
    } else if (torn) {
        c->report->torn_bytes += rest;
        say(c,
            "%s ends torn at byte %llu (%s): %llu bytes that were never known to be on the disk "
            "will be cut off at the next start, %llu whole batches among them",
            c->path, at, r->bad, rest, (unsigned long long)r->behind.batches);
    } else {
        say(c, "%s: LSN %llu to %llu, %s", c->path, (unsigned long long)lsn,
            (unsigned long long)r->last_lsn,
            r->end == WAL_REPLAY_SEALED ? "sealed" : "open (the store was not closed)");
    }
}

static void check_id(struct check *c, const uint8_t id[16]) {
    if (!c->has_id) memcpy(c->store_id, id, sizeof c->store_id);
    c->has_id = true;
    if (memcmp(c->store_id, id, sizeof c->store_id) == 0) return;
    damage(c, "%s belongs to another store", c->path);
    c->broken = true;
}

static void say_args(struct check *c, const char *format, va_list args) {
    char line[WAL_DIR_PATH_MAX + 400];
    vsnprintf(line, sizeof line, format, args);
    if (c->say) c->say(c->ctx, line);
}

static void say(struct check *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    say_args(c, format, args);
    va_end(args);
}

static void damage(struct check *c, const char *format, ...) {
    c->report->damaged++;
    va_list args;
    va_start(args, format);
    say_args(c, format, args);
    va_end(args);
}
