// bench_storage.c - the embedded store: writes in each mode, restart from the log, snapshot, restart from it.

#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "base/rand.h"
#include "cli/bench_suites.h"
#include "engine/engine.h"
#include "storage/wal_store.h"

enum { BATCH = 100, BODY_BYTES = 125 };

struct keeper {
    struct bench *bench;
    struct storage *store;
    struct engine *engine;
};

struct mode_case {
    const char *name;
    const char *dir; // under that of the bench
    enum storage_mode mode;
    size_t batch, divisor; // ops: objects / divisor
    bool waits;            // each batch waits for its own sync
};

static enum status write_case(struct bench *b, const struct mode_case *m, struct reason *why);
static enum status write_engine(struct keeper *k, struct reason *why);
static enum status keeper_open(struct keeper *k, const char *name, struct reason *why);
static void keeper_close(struct keeper *k);
static enum status take_snapshot(struct keeper *k, struct reason *why);

enum status bench_storage(struct bench *b, struct reason *why) {
    static const struct mode_case cases[] = {
        {"interval, batch 100", "interval", STORAGE_INTERVAL, BATCH, 1, false},
        {"off, batch 100", "off", STORAGE_OFF, BATCH, 1, false},
        {"always, batch 100, grouped", "always", STORAGE_ALWAYS, BATCH, 1, false},
        {"always, batch 100, each waits", "waits", STORAGE_ALWAYS, BATCH, 10, true},
        {"interval, one by one", "single", STORAGE_INTERVAL, 1, 1, false},
    };
    enum status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < sizeof cases / sizeof *cases; i++)
        st = write_case(b, &cases[i], why);
    struct keeper k = {.bench = b};
    if (st == STATUS_OK) st = keeper_open(&k, NULL, why);
    if (st == STATUS_OK) st = write_engine(&k, why);
    keeper_close(&k);
    if (st == STATUS_OK) st = keeper_open(&k, "restart from the log", why);
    if (st == STATUS_OK) st = take_snapshot(&k, why);
    keeper_close(&k);
    if (st == STATUS_OK) st = keeper_open(&k, "restart from the snapshot", why);
    keeper_close(&k);
    return st;
}

static enum status no_record(void *ctx, uint64_t lsn, const struct record *record) {
    (void)ctx;
    (void)lsn;
    (void)record;
    return STATUS_OK;
}

static void fill_batch(struct buf *batch, size_t count, size_t objects, struct rand *r) {
    static const char body[BODY_BYTES] = "{\"speed\":12.5}";
    buf_clear(batch);
    for (size_t i = 0; i < count; i++) {
        char id[24];
        int n = snprintf(id, sizeof id, "%zu", (size_t)rand_below(r, objects));
        struct record record = {RECORD_PUT, STR("fleet"), {id, (size_t)n}, {body, sizeof body}};
        record_write(batch, &record);
    }
}

static enum status write_batch(struct storage *store, struct str batch, bool waits,
                               struct reason *why) {
    uint64_t lsn;
    enum status st;
    while ((st = storage_ready(store, why)) == STATUS_BUSY)
        nanosleep(&(struct timespec){0, 200000}, NULL);
    if (st == STATUS_OK) st = storage_append(store, batch, &lsn);
    if (st == STATUS_OK && waits) st = storage_sync(store, why);
    return st;
}

static enum status write_case(struct bench *b, const struct mode_case *m, struct reason *why) {
    char dir[4200];
    struct storage *store = NULL;
    struct bench_case c = {0};
    struct rand r;
    struct buf batch;
    snprintf(dir, sizeof dir, "%s/%s", b->dir, m->dir);
    rand_init(&r, b->seed);
    buf_init(&batch);
    size_t batches = b->objects / m->divisor / m->batch;
    size_t refill = m->batch == 1 ? BATCH : 1; // a pause costs as much as one small append
    enum status st =
        wal_store_open(&(struct storage_options){.dir = dir, .mode = m->mode}, &store, why);
    if (st == STATUS_OK) st = storage_replay(store, no_record, NULL, why);
    if (st == STATUS_OK) st = bench_case_begin(b, m->name, batches, &c);
    for (size_t i = 0; st == STATUS_OK && i < batches; i++) {
        if (i % refill == 0) {
            bench_pause(&c);
            fill_batch(&batch, m->batch, b->objects, &r);
            st = buf_status(&batch);
            bench_resume(&c);
        }
        bench_step_begin(&c);
        if (st == STATUS_OK) st = write_batch(store, buf_str(&batch), m->waits, why);
        bench_step_end(&c, m->batch);
    }
    if (st == STATUS_OK) st = storage_sync(store, why);
    if (c.step_ns) bench_case_end(&c);
    storage_close(store);
    buf_deinit(&batch);
    return st;
}

static enum status keeper_open(struct keeper *k, const char *name, struct reason *why) {
    char dir[4200];
    struct bench_case c = {0};
    snprintf(dir, sizeof dir, "%s/engine", k->bench->dir);
    enum status st = engine_new(&(struct engine_options){.index_kind = INDEX_QUADTREE}, &k->engine);
    if (st == STATUS_OK && name) st = bench_case_begin(k->bench, name, 1, &c);
    struct storage_options options = {
        .dir = dir, .mode = STORAGE_INTERVAL, .source = engine_emit_all, .source_ctx = k->engine};
    if (st == STATUS_OK) st = wal_store_open(&options, &k->store, why);
    bench_step_begin(&c);
    if (st == STATUS_OK) st = engine_attach(k->engine, k->store, why);
    if (c.step_ns) {
        bench_step_end(&c, k->bench->objects);
        bench_case_end(&c);
    }
    return st;
}

static void keeper_close(struct keeper *k) {
    storage_close(k->store);
    if (k->engine) engine_free(k->engine);
    k->store = NULL;
    k->engine = NULL;
}

static enum status write_engine(struct keeper *k, struct reason *why) {
    unsigned reader;
    struct rand r;
    struct bench_case c = {0};
    struct change changes[BATCH];
    struct change_result results[BATCH];
    char ids[BATCH][24];
    size_t objects = k->bench->objects;
    rand_init(&r, k->bench->seed);
    enum status st = engine_reader_open(k->engine, &reader);
    if (st != STATUS_OK) return st;
    st = bench_case_begin(k->bench, "engine and store, batch 100", objects / BATCH + 1, &c);
    for (size_t at = 0; st == STATUS_OK && at < objects; at += BATCH) {
        size_t count = objects - at < BATCH ? objects - at : BATCH;
        for (size_t i = 0; i < count; i++) {
            int n = snprintf(ids[i], sizeof ids[i], "truck-%zu", at + i);
            changes[i] = (struct change){
                .kind = CHANGE_PUT,
                .collection = STR("fleet"),
                .draft = {.id = {ids[i], (size_t)n},
                          .point = {rand_range(&r, -180, 180), rand_range(&r, -85, 85)},
                          .properties = STR("{\"category\":\"vehicle\",\"speed\":12.5}")}};
        }
        uint64_t lsn;
        bench_step_begin(&c);
        do {
            engine_enter(k->engine, reader);
            st = engine_apply(k->engine, reader, changes, count, results, &lsn, why);
            engine_leave(k->engine, reader);
        } while (st == STATUS_BUSY && nanosleep(&(struct timespec){0, 200000}, NULL) == 0);
        bench_step_end(&c, count);
    }
    if (c.step_ns) bench_case_end(&c);
    engine_reader_close(k->engine, reader);
    return st;
}

static enum status take_snapshot(struct keeper *k, struct reason *why) {
    struct bench_case c;
    enum status st = bench_case_begin(k->bench, "snapshot", 1, &c);
    if (st != STATUS_OK) return st;
    bench_step_begin(&c);
    st = storage_snapshot(k->store, why);
    bench_step_end(&c, k->bench->objects);
    bench_case_end(&c);
    return st;
}
