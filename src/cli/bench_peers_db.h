// bench_peers_db.h - a database of warp.h being measured: objects "o0000000000" and so on, in memory.
//
// The first call that fails is kept, and ends the lines.

#ifndef CLI_BENCH_PEERS_DB_H
#define CLI_BENCH_PEERS_DB_H

#include "base/reason.h"
#include "cli/bench_lines.h"
#include "warp.h"

enum { BENCH_PEERS_DB_ID_LEN = 11, BENCH_PEERS_DB_ID_SIZE = 12 };

struct bench_peers_db {
    struct bench_lines *lines;
    const char *set;
    struct warp *db;
    struct warp_session *s;
    char (*ids)[BENCH_PEERS_DB_ID_SIZE];
    enum warp_status failed;
};

MUST_USE enum status bench_peers_db_open(struct bench_peers_db *d, struct bench_lines *lines,
                                         const char *set, size_t objects, struct reason *why);
void bench_peers_db_close(struct bench_peers_db *d);
static inline void bench_peers_db_note(struct bench_peers_db *d, enum warp_status st) {
    if (d->failed == WARP_OK) d->failed = st;
}
/// `total` ns or bytes of `count` operations.
void bench_peers_db_line(const struct bench_peers_db *d, const char *op, double total, size_t count,
                         double check);
/// OK, or why the first call failed.
MUST_USE enum status bench_peers_db_status(const struct bench_peers_db *d, struct reason *why);

#endif
