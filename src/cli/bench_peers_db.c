#include "cli/bench_peers_db.h"

#include <stdio.h>

#include "base/mem.h"

enum status bench_peers_db_open(struct bench_peers_db *d, struct bench_lines *lines,
                                const char *set, size_t objects, struct reason *why) {
    struct warp_options options = {.data_dir = NULL};
    *d = (struct bench_peers_db){.lines = lines, .set = set};
    d->ids = mem_alloc(objects * sizeof *d->ids);
    if (!d->ids) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < objects; i++)
        snprintf(d->ids[i], sizeof d->ids[i], "o%010zu", i % 10000000000u);
    bench_peers_db_note(d, warp_open(&options, &d->db, NULL, 0));
    if (d->failed == WARP_OK) bench_peers_db_note(d, warp_session_open(d->db, &d->s));
    enum status st = bench_peers_db_status(d, why);
    if (st != STATUS_OK) bench_peers_db_close(d);
    return st;
}

void bench_peers_db_close(struct bench_peers_db *d) {
    if (d->s) warp_session_close(d->s);
    warp_close(d->db);
    mem_free(d->ids);
    *d = (struct bench_peers_db){0};
}

void bench_peers_db_line(const struct bench_peers_db *d, const char *op, double total, size_t count,
                         double check) {
    if (d->failed != WARP_OK) return;
    bench_lines_add(d->lines, "warp-api", d->set, op, total / (double)count, count, check);
}

enum status bench_peers_db_status(const struct bench_peers_db *d, struct reason *why) {
    if (d->failed == WARP_OK) return STATUS_OK;
    return reason_set(why, STATUS_INTERNAL, "warp.h, %s: %s", d->set, warp_status_text(d->failed));
}
