#include "api/gauges.h"

#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"
#include "metrics/text.h"

// Where a number lies: in engine_stats or in storage_stats.
enum source { FROM_ENGINE, FROM_STORE };

struct field {
    struct metric_spec spec;
    enum metric_kind kind;
    enum source source;
    size_t offset;
};

#define ENGINE(member) FROM_ENGINE, offsetof(struct engine_stats, member)
#define STORE(member) FROM_STORE, offsetof(struct storage_stats, member)
#define OPERATION(value) ((const struct metric_label[]){{"operation", value}, {NULL, NULL}})

static const char operations_help[] = "Spatial operations done";

static const struct field fields[] = {
    {{"warp_objects", "Objects alive", NULL}, METRIC_GAUGE, ENGINE(objects)},
    {{"warp_collections", "Collections", NULL}, METRIC_GAUGE, ENGINE(collections)},
    {{"warp_object_bytes", "Bytes of the objects", NULL}, METRIC_GAUGE, ENGINE(object_bytes)},
    {{"warp_index_bytes", "Bytes of indices and tables", NULL}, METRIC_GAUGE, ENGINE(index_bytes)},
    {{"warp_memory_used_bytes", "Heap in use", NULL}, METRIC_GAUGE, ENGINE(memory_used)},
    {{"warp_memory_limit_bytes", "Heap allowed, 0: no limit", NULL},
     METRIC_GAUGE,
     ENGINE(memory_limit)},
    {{"warp_spatial_operations_total", operations_help, OPERATION("put")},
     METRIC_COUNTER,
     ENGINE(puts)},
    {{"warp_spatial_operations_total", operations_help, OPERATION("delete")},
     METRIC_COUNTER,
     ENGINE(deletes)},
    {{"warp_spatial_operations_total", operations_help, OPERATION("expire")},
     METRIC_COUNTER,
     ENGINE(expired)},
    {{"warp_spatial_operations_total", operations_help, OPERATION("search")},
     METRIC_COUNTER,
     ENGINE(searches)},
    {{"warp_spatial_operations_total", operations_help, OPERATION("get")},
     METRIC_COUNTER,
     ENGINE(gets)},
    {{"warp_wal_last_lsn", "Newest LSN in the log", NULL}, METRIC_GAUGE, STORE(last_lsn)},
    {{"warp_wal_durable_lsn", "Newest LSN that is durable", NULL},
     METRIC_GAUGE,
     STORE(durable_lsn)},
    {{"warp_wal_snapshot_lsn", "LSN of the newest snapshot", NULL},
     METRIC_GAUGE,
     STORE(snapshot_lsn)},
    {{"warp_wal_appended_bytes_total", "Bytes appended to the log", NULL},
     METRIC_COUNTER,
     STORE(bytes_appended)},
    {{"warp_wal_disk_bytes", "Bytes of log and snapshots on disk", NULL},
     METRIC_GAUGE,
     STORE(bytes_on_disk)},
    {{"warp_wal_segments", "Segments of the log", NULL}, METRIC_GAUGE, STORE(segments)},
    {{"warp_wal_syncs_total", "Syncs of the log", NULL}, METRIC_COUNTER, STORE(syncs)},
    {{"warp_wal_snapshots_total", "Snapshots taken", NULL}, METRIC_COUNTER, STORE(snapshots)},
};
#define FIELDS (sizeof fields / sizeof *fields)

static const char *const query_names[GAUGES_QUERY_COUNT] = {"list", "nearby",  "nearest",
                                                            "bbox", "polygon", "complex"};

struct reading {
    struct gauges *gauges;
    const struct field *field;
    unsigned shard;
};

struct gauges {
    _Atomic unsigned holders;
    struct engine *engine;
    struct registry *registry;
    pthread_mutex_t lock; // one scrape at a time; guards the numbers
    struct engine_stats engine_stats;
    struct storage_stats store_stats;
    struct reading fields[FIELDS];
    struct reading shards[SHARD_MAX];
    struct histogram *queries[GAUGES_QUERY_COUNT];
    struct counter *stored, *refused;
};

static enum status register_all(struct gauges *g);
static enum status register_shards(struct gauges *g);
static double read_field(void *context);
static double read_shard(void *context);
static double read_read_only(void *context);

enum status gauges_new(struct engine *engine, struct registry *registry, struct gauges **out) {
    struct gauges *g = mem_zalloc(1, sizeof *g);
    if (!g) return STATUS_NO_MEMORY;
    g->holders = 1;
    g->engine = engine;
    g->registry = registry;
    pthread_mutex_init(&g->lock, NULL);
    enum status st = registry ? register_all(g) : STATUS_OK;
    if (st != STATUS_OK) {
        gauges_free(g);
        return st;
    }
    *out = g;
    return STATUS_OK;
}

struct gauges *gauges_ref(struct gauges *g) {
    atomic_fetch_add(&g->holders, 1);
    return g;
}

void gauges_free(struct gauges *g) {
    if (!g || atomic_fetch_sub(&g->holders, 1) > 1) return;
    pthread_mutex_destroy(&g->lock);
    mem_free(g);
}

void gauges_write(struct gauges *g, struct buf *out) {
    if (!g->registry) return;
    struct storage *store = engine_storage(g->engine);
    pthread_mutex_lock(&g->lock);
    engine_stats(g->engine, &g->engine_stats);
    if (store) storage_stats(store, &g->store_stats);
    metrics_write(g->registry, out);
    pthread_mutex_unlock(&g->lock);
}

void gauges_count_query(struct gauges *g, enum gauges_query kind, uint64_t ns) {
    histogram_observe_ns(g->queries[kind], ns);
}

void gauges_count_lines(struct gauges *g, uint64_t stored, uint64_t refused) {
    counter_add(g->stored, stored);
    counter_add(g->refused, refused);
}

static enum status register_counted(struct gauges *g) {
    enum status st = STATUS_OK;
    for (unsigned i = 0; i < GAUGES_QUERY_COUNT && st == STATUS_OK; i++) {
        struct metric_label labels[] = {{"query_type", query_names[i]}, {NULL, NULL}};
        struct metric_spec spec = {"warp_spatial_query_duration_seconds",
                                   "Time of searches in the engine", labels};
        st = registry_histogram(g->registry, &spec, &g->queries[i]);
    }
    const struct metric_label stored[] = {{"result", "stored"}, {NULL, NULL}};
    const struct metric_label refused[] = {{"result", "refused"}, {NULL, NULL}};
    struct metric_spec spec = {"warp_batch_lines_total", "Objects that came in batches", stored};
    if (st == STATUS_OK) st = registry_counter(g->registry, &spec, &g->stored);
    spec.labels = refused;
    if (st == STATUS_OK) st = registry_counter(g->registry, &spec, &g->refused);
    return st;
}

static enum status register_all(struct gauges *g) {
    enum status st = register_counted(g);
    for (size_t i = 0; i < FIELDS && st == STATUS_OK; i++) {
        g->fields[i] = (struct reading){.gauges = g, .field = &fields[i]};
        st = registry_callback(g->registry, fields[i].kind, &fields[i].spec, read_field,
                               &g->fields[i]);
    }
    if (st == STATUS_OK) {
        struct metric_spec spec = {"warp_wal_read_only", "1 while the store refuses writes", NULL};
        st = registry_callback(g->registry, METRIC_GAUGE, &spec, read_read_only, g);
    }
    return st == STATUS_OK ? register_shards(g) : st;
}

static enum status register_shards(struct gauges *g) {
    engine_stats(g->engine, &g->engine_stats);
    enum status st = STATUS_OK;
    for (unsigned i = 0; i < g->engine_stats.shard_count && st == STATUS_OK; i++) {
        char number[16];
        snprintf(number, sizeof number, "%u", i);
        struct metric_label labels[] = {{"shard", number}, {NULL, NULL}};
        struct metric_spec spec = {"warp_shard_objects", "Objects of a shard", labels};
        g->shards[i] = (struct reading){.gauges = g, .shard = i};
        st = registry_callback(g->registry, METRIC_GAUGE, &spec, read_shard, &g->shards[i]);
    }
    return st;
}

static double read_field(void *context) {
    const struct reading *r = context;
    const char *stats = r->field->source == FROM_ENGINE ? (const char *)&r->gauges->engine_stats
                                                        : (const char *)&r->gauges->store_stats;
    uint64_t value;
    memcpy(&value, stats + r->field->offset, sizeof value);
    return (double)value;
}

static double read_shard(void *context) {
    const struct reading *r = context;
    return (double)r->gauges->engine_stats.shard_objects[r->shard];
}

static double read_read_only(void *context) {
    const struct gauges *g = context;
    return g->store_stats.read_only;
}
