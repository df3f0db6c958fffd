// server_facts.c - SERVER, INFO, HEALTHZ, ROLE: how this server is.

#include "base/mem.h"
#include "command/commands_state.h"
#include "command/endpoints.h"
#include "command/reply.h"
#include "engine/fences.h"

/// The Tile38 whose commands and answers these are: clients look at it.
#define TILE38_VERSION "1.37.0"

struct facts {
    struct command_facts server;
    struct engine_stats engine;
    struct storage_stats store;
    bool has_store, read_only;
    uint64_t fences;
};

static void facts_read(struct command_call *call, struct facts *f) {
    const struct command_host *host = &call->commands->options.host;
    struct engine *e = commands_engine(call->commands);
    *f = (struct facts){.server = {.version = WARP_VERSION, .id = ""}};
    if (host->facts) {
        host->facts(host->ctx, &f->server);
    }
    engine_stats(e, &f->engine);
    struct storage *store = engine_storage(e);
    f->has_store = store != NULL;
    if (store) {
        storage_stats(store, &f->store);
    }
    f->read_only = atomic_load(&call->commands->read_only);
    f->fences = engine_fence_count(e, FENCE_HOOK) + engine_fence_count(e, FENCE_CHANNEL);
}

// --- SERVER ---

enum fact_kind { FACT_NUMBER, FACT_BOOL, FACT_TEXT };

struct fact {
    const char *name;
    enum fact_kind kind;
    uint64_t number;
    const char *text;
};

static void write_stats(struct command_call *call, const struct fact *facts, size_t count);

static enum status server_basic(struct command_call *call, const struct facts *f) {
    uint64_t objects = f->engine.objects, used = f->engine.memory_used;
    const struct fact facts[] = {
        {"aof_size", FACT_NUMBER, f->store.bytes_on_disk, NULL},
        {"avg_item_size", FACT_NUMBER, objects ? used / objects : 0, NULL},
        {"cpus", FACT_NUMBER, f->server.cpus, NULL},
        {"heap_released", FACT_NUMBER, 0, NULL},
        {"heap_size", FACT_NUMBER, used, NULL},
        {"http_transport", FACT_BOOL, true, NULL},
        {"id", FACT_TEXT, 0, f->server.id},
        {"in_memory_size", FACT_NUMBER, f->engine.object_bytes, NULL},
        {"max_heap_size", FACT_NUMBER, f->engine.memory_limit, NULL},
        {"mem_alloc", FACT_NUMBER, used, NULL},
        {"num_collections", FACT_NUMBER, f->engine.collections, NULL},
        {"num_hooks", FACT_NUMBER, f->fences, NULL},
        {"num_objects", FACT_NUMBER, objects, NULL},
        {"pid", FACT_NUMBER, f->server.pid, NULL},
        {"pointer_size", FACT_NUMBER, sizeof(void *), NULL},
        {"read_only", FACT_BOOL, f->read_only, NULL},
        {"threads", FACT_NUMBER, f->server.threads, NULL},
        {"version", FACT_TEXT, 0, TILE38_VERSION},
        {"warp_version", FACT_TEXT, 0, f->server.version},
    };
    write_stats(call, facts, sizeof facts / sizeof facts[0]);
    return STATUS_OK;
}

static enum status server_extended(struct command_call *call, const struct facts *f) {
    const struct fact facts[] = {
        {"alloc_bytes", FACT_NUMBER, f->engine.memory_used, NULL},
        {"sys_cpus", FACT_NUMBER, f->server.cpus, NULL},
        {"tile38_aof_enabled", FACT_BOOL, f->has_store, NULL},
        {"tile38_aof_size", FACT_NUMBER, f->store.bytes_on_disk, NULL},
        {"tile38_cluster_enabled", FACT_BOOL, false, NULL},
        {"tile38_connected_clients", FACT_NUMBER, f->server.connections, NULL},
        {"tile38_connected_slaves", FACT_NUMBER, 0, NULL},
        {"tile38_expired_keys", FACT_NUMBER, f->engine.expired, NULL},
        {"tile38_http_transport", FACT_BOOL, true, NULL},
        {"tile38_id", FACT_TEXT, 0, f->server.id},
        {"tile38_in_memory_size", FACT_NUMBER, f->engine.object_bytes, NULL},
        {"tile38_max_heap_size", FACT_NUMBER, f->engine.memory_limit, NULL},
        {"tile38_num_collections", FACT_NUMBER, f->engine.collections, NULL},
        {"tile38_num_hooks", FACT_NUMBER, f->fences, NULL},
        {"tile38_num_objects", FACT_NUMBER, f->engine.objects, NULL},
        {"tile38_pid", FACT_NUMBER, f->server.pid, NULL},
        {"tile38_pointer_size", FACT_NUMBER, sizeof(void *), NULL},
        {"tile38_read_only", FACT_BOOL, f->read_only, NULL},
        {"tile38_total_commands_processed", FACT_NUMBER, f->server.commands, NULL},
        {"tile38_total_connections_received", FACT_NUMBER, f->server.accepted, NULL},
        {"tile38_type", FACT_TEXT, 0, "leader"},
        {"tile38_uptime_in_seconds", FACT_NUMBER, f->server.uptime_ms / 1000, NULL},
        {"tile38_version", FACT_TEXT, 0, TILE38_VERSION},
        {"warp_version", FACT_TEXT, 0, f->server.version},
    };
    write_stats(call, facts, sizeof facts / sizeof facts[0]);
    return STATUS_OK;
}

enum status command_server(struct command_call *call) {
    struct facts f;
    facts_read(call, &f);
    bool ext = call->count > 1 && str_eq_nocase(call->args[1], STR("ext"));
    if (call->count > 1 && !ext) {
        return reply_invalid(call, call->args[1]);
    }
    if (reply_is_json(call)) {
        buf_append_str(reply_json_begin(call), STR(",\"stats\":{"));
    }
    enum status st = ext ? server_extended(call, &f) : server_basic(call, &f);
    if (st != STATUS_OK || !reply_is_json(call)) {
        return st;
    }
    buf_append_char(call->out, '}');
    return reply_json_end(call);
}

static void write_value(struct buf *out, const struct fact *f) {
    if (f->kind == FACT_NUMBER) {
        buf_append_u64(out, f->number);
    } else {
        buf_append_str(out, f->kind == FACT_TEXT ? str_of(f->text)
                            : f->number          ? STR("true")
                                                 : STR("false"));
    }
}

static void write_stats(struct command_call *call, const struct fact *facts, size_t count) {
    struct buf *out = call->out;
    bool json = reply_is_json(call);
    if (!json) {
        resp_array(out, 2 * count);
    }
    for (size_t i = 0; i < count; i++) {
        char room[32];
        struct buf value = {.data = room, .cap = sizeof room};
        const struct fact *f = &facts[i];
        if (json) {
            buf_append_str(out, i ? STR(",") : STR(""));
            buf_append_json(out, str_of(f->name));
            buf_append_char(out, ':');
            f->kind == FACT_TEXT ? buf_append_json(out, str_of(f->text)) : write_value(out, f);
            continue;
        }
        resp_bulk(out, str_of(f->name));
        if (f->kind != FACT_TEXT) {
            write_value(&value, f);
        }
        resp_bulk(out, f->kind == FACT_TEXT ? str_of(f->text) : buf_str(&value));
    }
}

// --- INFO ---

static void info_server(const struct facts *f, struct buf *out) {
    buf_printf(out, "tile38_version:%s\r\nredis_version:%s\r\nwarp_version:%s\r\n", TILE38_VERSION,
               TILE38_VERSION, f->server.version);
    buf_printf(out, "process_id:%llu\r\ntcp_port:%u\r\nuptime_in_seconds:%llu\r\n",
               (unsigned long long)f->server.pid, (unsigned)f->server.port,
               (unsigned long long)(f->server.uptime_ms / 1000));
}

static void info_clients(const struct facts *f, struct buf *out) {
    buf_printf(out, "connected_clients:%llu\r\n", (unsigned long long)f->server.connections);
}

static void info_memory(const struct facts *f, struct buf *out) {
    buf_printf(out, "used_memory:%llu\r\nmaxmemory:%llu\r\n",
               (unsigned long long)f->engine.memory_used,
               (unsigned long long)f->engine.memory_limit);
}

static void info_persistence(const struct facts *f, struct buf *out) {
    buf_printf(out,
               "loading:0\r\naof_enabled:%d\r\naof_rewrite_in_progress:0\r\n"
               "aof_current_size:%llu\r\n",
               f->has_store, (unsigned long long)f->store.bytes_on_disk);
}

static void info_stats(const struct facts *f, struct buf *out) {
    buf_printf(out,
               "total_connections_received:%llu\r\ntotal_commands_processed:%llu\r\n"
               "expired_keys:%llu\r\n",
               (unsigned long long)f->server.accepted, (unsigned long long)f->server.commands,
               (unsigned long long)f->engine.expired);
}

static void info_replication(const struct facts *f, struct buf *out) {
    buf_printf(out, "role:master\r\nconnected_slaves:0\r\nmaster_repl_offset:%llu\r\n",
               (unsigned long long)f->store.last_lsn);
}

static void info_cluster(const struct facts *f, struct buf *out) {
    (void)f;
    buf_append_str(out, STR("cluster_enabled:0\r\n"));
}

static void info_keyspace(const struct facts *f, struct buf *out) {
    buf_printf(out, "collections:%llu\r\nobjects:%llu\r\n",
               (unsigned long long)f->engine.collections, (unsigned long long)f->engine.objects);
}

static const struct section {
    const char *word, *title;
    void (*write)(const struct facts *f, struct buf *out);
} sections[] = {
    {"server", "Server", info_server},    {"clients", "Clients", info_clients},
    {"memory", "Memory", info_memory},    {"persistence", "Persistence", info_persistence},
    {"stats", "Stats", info_stats},       {"replication", "Replication", info_replication},
    {"cluster", "Cluster", info_cluster}, {"keyspace", "Keyspace", info_keyspace},
};

/// "name:value" lines as members.
static void info_json(struct buf *out, struct str lines) {
    struct str line;
    bool any = false;
    while (str_split(&lines, '\n', &line)) {
        struct str value = str_trim(line), name;
        double number;
        if (value.len == 0 || value.p[0] == '#' || !str_split(&value, ':', &name)) {
            continue;
        }
        buf_append_str(out, any ? STR(",") : STR(""));
        buf_append_json(out, name);
        buf_append_char(out, ':');
        str_parse_double(value, &number) ? buf_append_str(out, value) : buf_append_json(out, value);
        any = true;
    }
}

enum status command_info(struct command_call *call) {
    struct facts f;
    struct buf text;
    facts_read(call, &f);
    buf_init(&text);
    struct str word = call->count > 1 ? call->args[1] : STR("default");
    bool all = str_eq_nocase(word, STR("default")) || str_eq_nocase(word, STR("all")) ||
               str_eq_nocase(word, STR("everything"));
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (!all && !str_eq_nocase(word, str_of(sections[i].word))) {
            continue;
        }
        buf_printf(&text, "%s# %s\r\n", text.len ? "\r\n" : "", sections[i].title);
        sections[i].write(&f, &text);
    }
    call->out->failed |= text.failed;
    if (reply_is_json(call)) {
        buf_append_str(reply_json_begin(call), STR(",\"info\":{"));
        info_json(call->out, buf_str(&text));
        buf_append_char(call->out, '}');
        reply_json_end(call);
    } else {
        resp_bulk(call->out, buf_str(&text));
    }
    buf_deinit(&text);
    return STATUS_OK;
}

// --- HEALTHZ, ROLE ---

enum status command_healthz(struct command_call *call) {
    struct storage *store = engine_storage(commands_engine(call->commands));
    enum status st = store ? storage_ready(store, call->why) : STATUS_OK;
    if (st != STATUS_OK && st != STATUS_BUSY) {
        return st;
    }
    call->why->text[0] = '\0';
    return reply_ok(call);
}

enum status command_role(struct command_call *call) {
    struct facts f;
    facts_read(call, &f);
    if (!reply_is_json(call)) {
        resp_array(call->out, 3);
        resp_bulk(call->out, STR("master"));
        resp_integer(call->out, (int64_t)f.store.last_lsn);
        resp_array(call->out, 0);
        return STATUS_OK;
    }
    buf_append_str(reply_json_begin(call), STR(",\"role\":{\"role\":\"master\",\"offset\":"));
    buf_append_u64(call->out, f.store.last_lsn);
    buf_append_str(call->out, STR(",\"slaves\":[]}"));
    return reply_json_end(call);
}
