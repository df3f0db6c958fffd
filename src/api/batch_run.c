#include "api/batch_run.h"

#include <time.h>

#include "api/feature.h"
#include "base/clock.h"
#include "base/rand.h"

#define LEAST_OBJECT_BYTES 16   // no object is shorter
#define BUSY_WAIT_NS 2000000000 // for a store that is behind

struct batch_run_item {
    struct geometry *geometry; // ours until the run is stored
    uint64_t number;
};

static enum status prepare(struct batch_run *run, struct feature *f, uint64_t number);
static void refuse(struct batch_run *run, uint64_t number, struct str id, enum status st,
                   struct reason *why);
static enum status apply(struct batch_run *run);
static void nap(struct batch_run *run);
static void take_results(struct batch_run *run);
static void reset(struct batch_run *run);

enum status batch_run_open(struct api *api, struct call *call, struct str collection,
                           const struct geometry_limits *limits, size_t body_bytes,
                           struct batch_run *run) {
    *run = (struct batch_run){.api = api,
                              .call = call,
                              .collection = collection,
                              .limits = limits,
                              .now_ms = clock_wall_ms()};
    run->cap = body_bytes / LEAST_OBJECT_BYTES + 1;
    if (run->cap > BATCH_RUN_OBJECTS) run->cap = BATCH_RUN_OBJECTS;
    arena_init(&run->texts, 1 << 16);
    buf_init(&run->scratch);
    buf_init(&run->report.errors);
    run->changes = arena_alloc(call->arena, run->cap * sizeof *run->changes);
    run->results = arena_alloc(call->arena, run->cap * sizeof *run->results);
    run->items = arena_alloc(call->arena, run->cap * sizeof *run->items);
    return run->changes && run->results && run->items ? STATUS_OK : STATUS_NO_MEMORY;
}

void batch_run_close(struct batch_run *run) {
    reset(run);
    arena_deinit(&run->texts);
    buf_deinit(&run->scratch);
    batch_report_deinit(&run->report);
}

enum status batch_run_add(struct batch_run *run, yyjson_val *root, size_t bytes, uint64_t number) {
    struct feature f;
    struct reason why;
    why.text[0] = why.pointer[0] = '\0'; // not all of its 400 bytes for each object
    enum status st = feature_parse(root, FEATURE_CREATE, run->limits, run->now_ms, &run->texts,
                                   &run->scratch, &f, &why);
    if (st == STATUS_OK) st = prepare(run, &f, number);
    if (st == STATUS_NO_MEMORY) {
        *run->call->why = why;
        return st;
    }
    if (st != STATUS_OK) {
        refuse(run, number, f.has_id ? f.draft.id : STR_NONE, st, &why);
        return STATUS_OK;
    }
    run->bytes += bytes;
    if (run->count < run->cap && run->bytes < BATCH_RUN_BYTES) return STATUS_OK;
    return batch_run_flush(run);
}

void batch_run_refuse(struct batch_run *run, uint64_t number, enum status st,
                      const struct reason *why) {
    batch_report_error(&run->report, number, STR_NONE, st, why);
}

enum status batch_run_flush(struct batch_run *run) {
    if (run->count == 0) return STATUS_OK;
    enum status st = apply(run);
    if (st != STATUS_OK) return st;
    take_results(run);
    reset(run);
    engine_leave(run->api->options.engine, run->call->reader);
    engine_enter(run->api->options.engine, run->call->reader);
    return STATUS_OK;
}

// The document may be gone when the run is stored: what is borrowed from it is copied.
static enum status prepare(struct batch_run *run, struct feature *f, uint64_t number) {
    struct object_draft *d = &f->draft;
    struct str collection = run->collection.p ? run->collection : f->collection;
    if (f->has_id) {
        d->id = arena_str(&run->texts, d->id);
    } else {
        char *id = arena_alloc(&run->texts, 37);
        d->id = id && rand_uuid7(id) == STATUS_OK ? (struct str){id, 36} : STR_NONE;
    }
    if (!run->collection.p && collection.p) collection = arena_str(&run->texts, collection);
    bool has_text = d->form != OBJECT_PLAIN;
    if (has_text) d->text = arena_str(&run->texts, d->text);
    if (!d->id.p || (f->collection.p && !collection.p) || (has_text && !d->text.p)) {
        feature_release(f);
        return STATUS_NO_MEMORY;
    }
    run->changes[run->count] =
        (struct change){.kind = CHANGE_PUT, .collection = collection, .draft = *d};
    run->items[run->count] = (struct batch_run_item){.geometry = f->geometry, .number = number};
    run->count++;
    return STATUS_OK;
}

static enum status apply(struct batch_run *run) {
    uint64_t lsn = 0, started_ns = clock_mono_ns();
    struct engine *engine = run->api->options.engine;
    enum status st;
    for (;;) {
        st = engine_apply(engine, run->call->reader, run->changes, run->count, run->results, &lsn,
                          run->call->why);
        if (st != STATUS_BUSY || clock_mono_ns() - started_ns > BUSY_WAIT_NS) break;
        nap(run);
    }
    if (lsn > run->lsn) run->lsn = lsn;
    return st;
}

static void nap(struct batch_run *run) {
    const struct timespec one_ms = {.tv_nsec = 1000000};
    engine_leave(run->api->options.engine, run->call->reader);
    nanosleep(&one_ms, NULL);
    engine_enter(run->api->options.engine, run->call->reader);
}

static void take_results(struct batch_run *run) {
    for (size_t i = 0; i < run->count; i++) {
        struct change_result *result = &run->results[i];
        if (result->status != STATUS_OK) {
            refuse(run, run->items[i].number, run->changes[i].draft.id, result->status,
                   &result->why);
        } else if (result->created) {
            run->report.created++;
        } else {
            run->report.updated++;
        }
    }
}

static void refuse(struct batch_run *run, uint64_t number, struct str id, enum status st,
                   struct reason *why) {
    if (run->path) reason_prefix(why, "%s/%llu", run->path, (unsigned long long)number - 1);
    batch_report_error(&run->report, number, id, st, why);
}

static void reset(struct batch_run *run) {
    for (size_t i = 0; i < run->count; i++)
        geometry_unref(run->items[i].geometry);
    run->count = 0;
    run->bytes = 0;
    arena_reset(&run->texts);
}
