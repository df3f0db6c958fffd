// bench_events.c - what an event costs from the change that makes it until delivery has it in hand: matched, told in
// JSON, written into the store with the change, logged, flushed to the event log and read from there.
//
//   bench_events DIR [events]
//
// Moves of one object in and out of a geofence of REST, and the same moves with no fence about: the CPU of the whole
// process, store's threads included. The difference is that of the event; the best of three passes.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/engine.h"
#include "realtime/event_note.h"
#include "realtime/events.h"
#include "realtime/geofence_event.h"
#include "realtime/geofence_json.h"
#include "realtime/geofences.h"
#include "storage/wal_store.h"

#define PASSES 3
#define FLUSH_EVERY 256u // moves between two wakes of delivery

struct world {
    struct engine *engine;
    struct storage *store;
    struct event_log *log;
    struct events *events;
    struct geofences *geofences;
    unsigned reader;
    struct event_log_cursor cursor;
    struct buf chunk;
    size_t read; // events
};

static void check(enum status st, const struct reason *why) {
    if (st == STATUS_OK) return;
    fprintf(stderr, "%s\n", why && why->text[0] ? why->text : status_text(st));
    exit(1);
}

static enum status on_write(void *ctx, const struct fence_event *event, struct buf *out) {
    (void)ctx;
    return geofence_event_write(event, out);
}

static enum status on_reserve(void *ctx, size_t count, size_t bytes) {
    struct world *w = ctx;
    return events_reserve(w->events, count, bytes);
}

static void on_release(void *ctx, size_t count, size_t bytes) {
    struct world *w = ctx;
    events_release(w->events, count, bytes);
}

static void on_committed(void *ctx, const struct engine_event *list, size_t count, uint64_t lsn) {
    struct world *w = ctx;
    events_committed(w->events, list, count, lsn);
}

static void world_open(struct world *w, const char *dir) {
    struct reason why = {0};
    char events[4096];
    snprintf(events, sizeof events, "%s/events", dir);
    const struct event_log_options log = {.dir = events};
    const struct engine_options options = {.events = {.ctx = w,
                                                      .write = on_write,
                                                      .reserve = on_reserve,
                                                      .release = on_release,
                                                      .committed = on_committed}};
    const struct storage_options store = {
        .dir = dir, .mode = STORAGE_INTERVAL, .snapshot_after_bytes = UINT64_MAX};
    check(engine_new(&options, &w->engine), NULL);
    check(wal_store_open(&store, &w->store, &why), &why);
    check(event_log_open(&log, &w->log, &why), &why);
    check(events_new(&(struct events_options){.log = w->log}, &w->events), NULL);
    check(geofences_new(w->engine, NULL, &w->geofences), NULL);
    check(engine_attach(w->engine, w->store, &why), &why);
    check(engine_reader_open(w->engine, &w->reader), NULL);
    w->cursor.seq = event_log_last(w->log) + 1;
}

static void geofence_make(struct world *w) {
    static const char text[] =
        "{\"id\":\"yard\",\"name\":\"The "
        "yard\",\"collection\":\"fleet\",\"geometry\":{\"type\":\"Polygon\","
        "\"coordinates\":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]},"
        "\"rules\":[{\"id\":\"in\",\"trigger\":\"enter\"},{\"id\":\"out\",\"trigger\":\"exit\"}]}";
    const struct geofence_limits limits = {.geometry = {UINT32_MAX, UINT32_MAX}};
    struct reason why = {0};
    struct arena arena;
    struct geofence *g;
    yyjson_doc *doc;
    uint64_t lsn;
    arena_init(&arena, 0);
    check(geofence_json_read(str_of(text), &arena, &doc, &why), &why);
    check(geofence_parse(yyjson_doc_get_root(doc), GEOFENCE_FROM_USER, STR_NONE, &limits, &g, &why),
          &why);
    check(geofences_put(w->geofences, g, true, NULL, NULL, NULL, &lsn, &why), &why);
    geofence_unref(g);
    arena_deinit(&arena);
}

/// What delivery's thread does before an event is a POST.
static void deliver(struct world *w, uint64_t durable) {
    struct reason why = {0};
    check(event_log_flush(w->log, durable, 0, &why), &why);
    do {
        struct event_entry e;
        struct event_note note;
        check(event_log_read(w->log, &w->cursor, EVENT_LOG_CHUNK, &w->chunk, &why), &why);
        for (struct str rest = buf_str(&w->chunk); event_log_take(&rest, &e);)
            w->read += event_note_parse(e.payload, &note);
    } while (w->chunk.len);
}

static void move_one(struct world *w, size_t i, struct str collection) {
    const struct move move = {STR("truck-1"), {i % 2 ? 1.5 : 0.5, 0.5}};
    enum status status;
    struct reason why = {0};
    uint64_t lsn;
    engine_enter(w->engine, w->reader);
    check(engine_move(w->engine, w->reader, collection, &move, 1, &status, &lsn, &why), &why);
    engine_leave(w->engine, w->reader);
}

static void object_make(struct world *w, struct str collection) {
    const struct change change = {
        .kind = CHANGE_PUT,
        .collection = collection,
        .draft = {.id = STR("truck-1"),
                  .point = {1.5, 0.5},
                  .properties = STR("{\"driver\":\"Ada\",\"speed\":12.5}")}};
    struct change_result result;
    uint64_t lsn;
    engine_enter(w->engine, w->reader);
    check(engine_apply(w->engine, w->reader, &change, 1, &result, &lsn, NULL), NULL);
    check(result.status, NULL);
    engine_leave(w->engine, w->reader);
}

static double cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double pass(struct world *w, struct str collection, size_t count) {
    double begin = cpu_us();
    for (size_t i = 0; i < count; i++) {
        move_one(w, i, collection);
        if (i % FLUSH_EVERY == FLUSH_EVERY - 1) deliver(w, storage_durable_lsn(w->store));
    }
    struct reason why = {0};
    check(storage_sync(w->store, &why), &why);
    deliver(w, UINT64_MAX);
    return (cpu_us() - begin) / (double)count;
}

int main(int argc, char **argv) {
    static struct world w;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_events DIR [events]\n");
        return 2;
    }
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 200000;
    double best[2] = {1e9, 1e9};
    world_open(&w, argv[1]);
    geofence_make(&w);
    object_make(&w, STR("fleet"));
    object_make(&w, STR("other"));
    for (int i = 0; i < PASSES; i++) {
        double without = pass(&w, STR("other"), count), with = pass(&w, STR("fleet"), count);
        best[0] = without < best[0] ? without : best[0];
        best[1] = with < best[1] ? with : best[1];
    }
    printf("events %zu  move %.2f us  move with event %.2f us  event %.2f us\n", w.read, best[0],
           best[1], best[1] - best[0]);
    return w.read == count * PASSES ? 0 : 1;
}
