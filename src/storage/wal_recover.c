// wal_recover.c - the start of a store.

#include "storage/wal_recover.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/rand.h"
#include "storage/wal_replay.h"
#include "storage/wal_segment.h"
#include "storage/wal_snapshot.h"

struct start {
    struct wal_recovery *r;
    struct wal_dir_list list;
    size_t first; // index of the first segment to replay
    bool has_id;
    bool has_snapshot;
    bool feeding; // the intake has got something: there is no other way any more
    struct wal_snapshot_info snapshot;
    char path[WAL_DIR_PATH_MAX];
};

static enum status snapshot_choose(struct start *s, struct reason *why);
static enum status snapshot_take(struct start *s, size_t i, struct reason *detail);
static enum status segments_replay(struct start *s, struct reason *why);
static enum status segment_take(struct start *s, size_t i, struct reason *why);
static enum status end_clean(struct start *s, const struct wal_replay *replay, struct reason *why);
static enum status id_check(struct start *s, const uint8_t id[16], struct reason *why);
static enum status corrupt(struct start *s, uint64_t offset, const char *what, struct reason *why);
static bool has_segment(const struct start *s, uint64_t lsn);

enum status wal_recover(struct wal_recovery *r, struct reason *why) {
    struct start s = {.r = r};
    enum status st = wal_dir_list(r->dir, &s.list, why);
    if (st != STATUS_OK) return st;
    r->snapshot_lsn = r->last_lsn = r->records = r->cut_bytes = 0;
    r->segments = r->disk_bytes = r->log_bytes = 0;
    st = snapshot_choose(&s, why);
    if (st == STATUS_OK) st = segments_replay(&s, why);
    if (st == STATUS_OK && s.has_snapshot && r->last_lsn < s.snapshot.end_lsn)
        st = reason_set(why, STATUS_CORRUPT,
                        "%.120s: the log ends at LSN %llu but the snapshot needs it up to %llu: a "
                        "segment is missing; restore a backup",
                        r->dir, (unsigned long long)r->last_lsn,
                        (unsigned long long)s.snapshot.end_lsn);
    if (st == STATUS_OK && !s.has_id) st = rand_secure(r->store_id, sizeof r->store_id);
    if (st == STATUS_OK && !r->read_only) {
        uint64_t dropped, bytes;
        if (s.list.leftovers) wal_dir_remove_leftovers(r->dir, r->io);
        if (s.has_snapshot) wal_dir_drop_before(r->dir, r->io, r->snapshot_lsn, &dropped, &bytes);
    }
    wal_dir_list_deinit(&s.list);
    return st;
}

/// Feed the newest snapshot that is whole. An older one, or none, will do when the log since then is still there.
static enum status snapshot_choose(struct start *s, struct reason *why) {
    struct wal_recovery *r = s->r;
    struct reason first = {0};
    for (size_t i = s->list.snapshot_count; i-- > 0;) {
        uint64_t lsn = s->list.snapshots[i];
        if (first.text[0] && !has_segment(s, lsn)) continue;
        if (!wal_dir_path(s->path, r->dir, WAL_FILE_SNAPSHOT, lsn)) return STATUS_IO;
        struct reason detail;
        enum status st = snapshot_take(s, i, &detail);
        if (st == STATUS_OK) {
            s->has_snapshot = true;
            r->snapshot_lsn = lsn;
            r->records = s->snapshot.records;
            r->disk_bytes += s->snapshot.bytes;
            return id_check(s, s->snapshot.store_id, why);
        }
        if (st != STATUS_CORRUPT) return reason_set(why, st, "%s", detail.text);
        if (!first.text[0]) first = detail;
        if (s->feeding) break;
        log_write(r->log, LOG_WARN, "damaged snapshot passed over", LOG_Z("reason", detail.text));
    }
    if (!first.text[0] || (has_segment(s, 1) && !s->feeding)) return STATUS_OK;
    return reason_set(why, STATUS_CORRUPT, "%s: run `warpengine check`, or restore a backup",
                      first.text);
}

/// Nothing may be fed from a snapshot that another could have to stand in for: such a one is read twice.
static enum status snapshot_take(struct start *s, size_t i, struct reason *detail) {
    const struct wal_recovery *r = s->r;
    uint64_t lsn = s->list.snapshots[i];
    bool alone = !has_segment(s, 1);
    for (size_t k = 0; k < i; k++)
        alone &= !has_segment(s, s->list.snapshots[k]);
    enum status st = STATUS_OK;
    if (!alone) st = wal_snapshot_verify(r->io, s->path, lsn, &s->snapshot, detail);
    if (st != STATUS_OK) return st;
    s->feeding = true;
    return wal_snapshot_read(r->io, s->path, lsn, r->intake, &s->snapshot, detail);
}

static enum status segments_replay(struct start *s, struct reason *why) {
    const struct wal_dir_list *list = &s->list;
    uint64_t base = s->has_snapshot ? s->r->snapshot_lsn : 1;
    s->r->last_lsn = base - 1;
    while (s->first < list->segment_count && list->segments[s->first] < base)
        s->first++;
    for (size_t i = s->first; i < list->segment_count; i++) {
        enum status st = segment_take(s, i, why);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static enum status segment_take(struct start *s, size_t i, struct reason *why) {
    struct wal_recovery *r = s->r;
    uint64_t lsn = s->list.segments[i];
    bool last = i + 1 == s->list.segment_count;
    if (!wal_dir_path(s->path, r->dir, WAL_FILE_SEGMENT, lsn)) return STATUS_IO;
    if (lsn != r->last_lsn + 1)
        return reason_set(why, STATUS_CORRUPT,
                          "%.120s begins at LSN %llu but the log before it ends at %llu: a segment "
                          "is missing; restore it or a backup",
                          s->path, (unsigned long long)lsn, (unsigned long long)r->last_lsn);
    struct wal_replay replay = {.io = r->io, .intake = r->intake};
    enum status st = wal_replay_segment(&replay, s->path, lsn, why);
    if (st != STATUS_OK) return st;
    if (replay.end == WAL_REPLAY_DAMAGED || (!last && replay.end != WAL_REPLAY_SEALED))
        return corrupt(s, replay.good_bytes, replay.bad ? replay.bad : "it ends too early", why);
    if (replay.end != WAL_REPLAY_NOTHING) {
        st = id_check(s, replay.header.store_id, why);
        if (st != STATUS_OK) return st;
    }
    r->last_lsn = replay.last_lsn;
    r->records += replay.records;
    r->log_bytes += replay.good_bytes;
    r->disk_bytes += replay.good_bytes;
    r->segments++;
    return replay.end == WAL_REPLAY_SEALED ? STATUS_OK : end_clean(s, &replay, why);
}

/// The last segment was being written when the process or the machine died: cut what is torn, sync what is whole, seal
/// it.
static enum status end_clean(struct start *s, const struct wal_replay *replay, struct reason *why) {
    struct wal_recovery *r = s->r;
    r->cut_bytes = replay->file_bytes - replay->good_bytes;
    if (r->cut_bytes)
        log_write(
            r->log, LOG_WARN, r->read_only ? "torn end of the log" : "torn end of the log cut off",
            LOG_Z("file", s->path), LOG_INT("offset", replay->good_bytes),
            LOG_INT("bytes", r->cut_bytes), LOG_INT("last_lsn", replay->last_lsn),
            LOG_INT("whole_batches_behind", replay->behind.batches), LOG_Z("reason", replay->bad));
    if (r->read_only) return STATUS_OK;
    struct wal_segment seg = {.fd = -1};
    enum status st = STATUS_OK;
    const char *doing = "seal";
    if (replay->last_lsn < s->list.segments[s->list.segment_count - 1]) {
        // No batch in it: its name is free for the next.
        r->segments--;
        doing = "remove";
        if (r->io->unlink(r->io->ctx, s->path) != 0)
            st = io_status(errno);
        else
            st = io_sync_dir(r->io, r->dir);
    } else {
        st = wal_segment_reopen(r->io, s->path, &replay->header, replay->good_bytes, &seg);
        if (st == STATUS_OK) st = io_sync(r->io, seg.fd);
        if (st == STATUS_OK) st = wal_segment_seal(&seg, replay->last_lsn);
    }
    int err = errno;
    wal_segment_close(&seg);
    if (st == STATUS_OK) return STATUS_OK;
    return reason_set(why, st, "cannot %s %.150s: %s", doing, s->path, strerror(err));
}

static enum status id_check(struct start *s, const uint8_t id[16], struct reason *why) {
    if (!s->has_id) memcpy(s->r->store_id, id, 16);
    s->has_id = true;
    if (memcmp(s->r->store_id, id, 16) == 0) return STATUS_OK;
    return corrupt(s, 16, "it belongs to another store", why);
}

static enum status corrupt(struct start *s, uint64_t offset, const char *what, struct reason *why) {
    return reason_set(why, STATUS_CORRUPT,
                      "%.110s is damaged at byte %llu: %s: run `warpengine check` to see what "
                      "survives, or restore a backup",
                      s->path, (unsigned long long)offset, what);
}

static bool has_segment(const struct start *s, uint64_t lsn) {
    for (size_t i = 0; i < s->list.segment_count; i++)
        if (s->list.segments[i] == lsn) return true;
    return false;
}
