#include "server/config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/address.h"
#include "server/config_value.h"

enum { NAME_BYTES = 64, PASSWORD_MAX = 255 };

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const formats[] = {"human", "json", NULL};
static const char *const modes[] = {"always", "interval", "off", NULL};
static const char *const indices[] = {"quadtree", "rtree", "geohash", "rtree_gpu", NULL};

#define AT(member) offsetof(struct config, member)
static const double DAY_MS = 86400000.0, TIB = 1099511627776.0;

static const struct config_key keys[CONFIG_KEY_COUNT] = {
    {"listen", "127.0.0.1:4000", "HOST:PORT of HTTP; port 0 takes a free one", CONFIG_TEXT,
     AT(listen), 0, 0, NULL, false},
    {"data_root", "./data", "directory of the store", CONFIG_TEXT, AT(data_root), 0, 0, NULL,
     false},
    {"threads", "0", "worker threads; 0: one a CPU", CONFIG_NUMBER, AT(threads), 0, 200, NULL,
     false},
    {"log.level", "info", "least level that is logged", CONFIG_CHOICE, AT(log_level), 0, 0, levels,
     true},
    {"log.format", "human", "lines for people or JSON", CONFIG_CHOICE, AT(log_format), 0, 0,
     formats, false},
    {"wal.enabled", "true", "keep changes on disk; false: everything is gone at exit", CONFIG_BOOL,
     AT(wal_enabled), 0, 0, NULL, false},
    {"wal.mode", "interval",
     "always: on disk before the answer; interval: a power cut loses at most one interval; off",
     CONFIG_CHOICE, AT(wal_mode), 0, 0, modes, false},
    {"wal.sync_interval", "1000ms", "time between syncs of mode interval", CONFIG_MS,
     AT(wal_sync_interval_ms), 1, 3600000, NULL, false},
    {"spatial_index", "quadtree", "index of new collections", CONFIG_CHOICE, AT(spatial_index), 0,
     0, indices, false},
    {"default_shard_count", "0", "shards; 0: twice the CPUs", CONFIG_NUMBER,
     AT(default_shard_count), 0, 64, NULL, false},
    {"limits.bbox_degrees", "10", "widest and highest box of a search; 0: no limit", CONFIG_DEGREES,
     AT(limit_bbox_degrees), 0, 360, NULL, true},
    {"limits.results", "10000", "most features in one answer", CONFIG_NUMBER, AT(limit_results), 1,
     1000000, NULL, true},
    {"limits.ring_vertices", "10000", "most vertices of a ring", CONFIG_NUMBER,
     AT(limit_ring_vertices), 4, 10000000, NULL, true},
    {"limits.import_vertices", "1000000", "the same for bulk import", CONFIG_NUMBER,
     AT(limit_import_vertices), 4, 100000000, NULL, true},
    {"limits.body_bytes", "1MiB", "longest body of a request, inflated", CONFIG_BYTES,
     AT(limit_body_bytes), 1024, 4294967296.0, NULL, true},
    {"limits.batch_bytes", "64MiB", "the same for batches and bulk import", CONFIG_BYTES,
     AT(limit_batch_bytes), 1024, 4294967295.0, NULL, true},
    {"limits.header_bytes", "32KiB", "longest header of a request", CONFIG_BYTES,
     AT(limit_header_bytes), 1024, 1048576, NULL, true},
    {"limits.connections", "16384", "most connections at a time", CONFIG_NUMBER,
     AT(limit_connections), 1, 4000000, NULL, true},
    {"limits.memory_bytes", "0", "memory above which writes are refused; 0: no limit", CONFIG_BYTES,
     AT(limit_memory_bytes), 0, TIB * 64, NULL, false},
    {"timeouts.header", "10s", "time for the header of a request", CONFIG_SECONDS,
     AT(timeout_header_ms), 0, DAY_MS, NULL, true},
    {"timeouts.body", "60s", "time for its body, and a second more for each 16 KiB", CONFIG_SECONDS,
     AT(timeout_body_ms), 0, DAY_MS, NULL, true},
    {"timeouts.idle", "75s", "time that a connection may be silent", CONFIG_SECONDS,
     AT(timeout_idle_ms), 0, DAY_MS, NULL, true},
    {"timeouts.drain", "10s", "time for requests in flight at shutdown", CONFIG_SECONDS,
     AT(timeout_drain_ms), 0, DAY_MS, NULL, true},
    {"gzip_level", "3", "compression of large answers; 0: none", CONFIG_NUMBER, AT(gzip_level), 0,
     9, NULL, false},
    {"cors.origins", "", "origins that browsers may ask from: *, or a list", CONFIG_LIST,
     AT(cors_origins), 0, 0, NULL, true},
    {"auth.secret", "", "secret of tokens; not available yet, refused when set", CONFIG_SECRET,
     AT(auth_secret), 0, 0, NULL, false},
    {"resp.listen", "127.0.0.1:9851",
     "HOST:PORT of Tile38 and Redis clients; port 0 takes a free one; empty: none", CONFIG_TEXT,
     AT(resp_listen), 0, 0, NULL, false},
    {"resp.password", "", "password that those clients give by AUTH", CONFIG_SECRET,
     AT(resp_password), 0, 0, NULL, true},
    {"resp.limit_bytes", "64MiB", "longest RESP command", CONFIG_BYTES, AT(resp_limit_bytes), 1024,
     4294967295.0, NULL, true},
    {"resp.client_bytes", "32MiB", "unread messages above which a subscriber is cut off",
     CONFIG_BYTES, AT(resp_client_bytes), 1024, 4294967295.0, NULL, true},
    {"events.retention_seconds", "604800", "how long events can be read again and delivered",
     CONFIG_NUMBER, AT(events_retention_s), 1, 4294967295.0, NULL, false},
    {"events.retention_bytes", "1GiB", "and how many bytes of them; in memory at most 64 MiB",
     CONFIG_BYTES, AT(events_retention_bytes), 1048576, TIB * 64, NULL, false},
    {"webhooks.retry_schedule", "0,5,300,1800,7200,18000,36000,50400,72000,86400",
     "seconds before each try; after the last one the webhook is disabled", CONFIG_LIST,
     AT(webhooks_retry_schedule), 0, 0, NULL, false},
    {"webhooks.timeout", "15s", "time for a receiver's answer", CONFIG_SECONDS,
     AT(webhooks_timeout_ms), 100, DAY_MS, NULL, false},
    {"webhooks.connections", "1024", "most requests to receivers at a time", CONFIG_NUMBER,
     AT(webhooks_connections), 2, 100000, NULL, false},
    {"webhooks.allow_private", "false",
     "webhooks may reach private, link-local and loopback addresses", CONFIG_BOOL,
     AT(webhooks_allow_private), 0, 0, NULL, false},
    {"scripts.time_limit", "5s", "time that a Lua script may run", CONFIG_SECONDS,
     AT(scripts_time_ms), 1, DAY_MS, NULL, false},
    {"scripts.memory_bytes", "64MiB", "memory of one running Lua script", CONFIG_BYTES,
     AT(scripts_memory_bytes), 1048576, TIB, NULL, false},
    {"region", "", "where this node is, for people", CONFIG_TEXT, AT(region), 0, 0, NULL, false},
    {"datacenter", "", "where exactly", CONFIG_TEXT, AT(datacenter), 0, 0, NULL, false},
    {"node_name", "", "name of this node, for people", CONFIG_TEXT, AT(node_name), 0, 0, NULL,
     false},
};

static void key_suggest(struct str name, char out[NAME_BYTES]);
static unsigned distance(struct str a, struct str b);

static void *value_at(struct config *c, const struct config_key *key) {
    return (char *)c + key->offset;
}

static bool owns_text(const struct config_key *key) {
    return key->kind == CONFIG_TEXT || key->kind == CONFIG_SECRET || key->kind == CONFIG_LIST;
}

const struct config_key *config_key(size_t i) {
    return i < CONFIG_KEY_COUNT ? &keys[i] : NULL;
}

enum status config_init(struct config *c) {
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        enum status st =
            config_value_parse(&keys[i], str_of(keys[i].fallback), value_at(c, &keys[i]), NULL);
        if (st != STATUS_OK) {
            config_deinit(c);
            return st;
        }
    }
    return STATUS_OK;
}

void config_deinit(struct config *c) {
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        if (!owns_text(&keys[i])) continue;
        char **text = value_at(c, &keys[i]);
        mem_free(*text);
        *text = NULL;
    }
    mem_free(c->file);
    c->file = NULL;
}

static enum status set(struct config *c, size_t i, struct str value, enum config_source source,
                       const char *where, struct reason *why) {
    if (c->sources[i] > source) return STATUS_OK;
    struct reason detail = {0};
    enum status st = config_value_parse(&keys[i], value, value_at(c, &keys[i]), &detail);
    if (st == STATUS_OK) {
        c->sources[i] = (uint8_t)source;
        return st;
    }
    if (st == STATUS_NO_MEMORY) return st;
    return reason_set(why, st, "%s: %s: %s", where, keys[i].name, detail.text);
}

enum status config_set(struct config *c, struct str key, struct str value,
                       enum config_source source, const char *where, struct reason *why) {
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        if (str_eq(key, str_of(keys[i].name))) return set(c, i, value, source, where, why);
    }
    char near[NAME_BYTES];
    key_suggest(key, near);
    return reason_set(why, STATUS_NOT_FOUND, "%s: unknown key \"%.*s\"%s%s%s", where, STR_ARGS(key),
                      *near ? "; did you mean \"" : "", near, *near ? "\"?" : "");
}

static size_t flag_find(struct str flag) {
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        char name[NAME_BYTES];
        config_flag_name(&keys[i], name, sizeof name);
        if (str_eq(flag, str_of(name))) return i;
    }
    return CONFIG_KEY_COUNT;
}

bool config_is_flag(struct str flag) {
    return flag_find(flag) < CONFIG_KEY_COUNT;
}

enum status config_set_flag(struct config *c, struct str flag, struct str value,
                            struct reason *why) {
    size_t i = flag_find(flag);
    char where[NAME_BYTES + 8];
    snprintf(where, sizeof where, "%.*s", (int)(flag.len < NAME_BYTES ? flag.len : NAME_BYTES),
             flag.p);
    if (i < CONFIG_KEY_COUNT) return set(c, i, value, CONFIG_FROM_FLAG, where, why);

    char near[NAME_BYTES], best[NAME_BYTES] = "";
    unsigned least = 4;
    for (i = 0; i < CONFIG_KEY_COUNT; i++) {
        config_flag_name(&keys[i], near, sizeof near);
        unsigned d = distance(flag, str_of(near));
        if (d < least) {
            least = d;
            memcpy(best, near, sizeof best);
        }
    }
    return reason_set(why, STATUS_NOT_FOUND, "unknown option %s%s%s%s", where,
                      *best ? "; did you mean " : "", best, *best ? "?" : "");
}

enum status config_load_env(struct config *c, char *const *environment,
                            void (*warn)(void *ctx, const char *line), void *ctx,
                            struct reason *why) {
    for (; environment && *environment; environment++) {
        struct str value = str_of(*environment), name;
        if (!str_starts(value, STR("WARP_")) || !str_split(&value, '=', &name)) continue;
        unsigned least = UINT32_MAX;
        char nearest[NAME_BYTES] = "";
        for (size_t i = 0; i < CONFIG_KEY_COUNT && least; i++) {
            char known[NAME_BYTES];
            config_env_name(&keys[i], known, sizeof known);
            unsigned d = distance(name, str_of(known));
            if (d >= least) continue;
            least = d;
            memcpy(nearest, known, sizeof nearest);
            if (d) continue;
            enum status st = set(c, i, value, CONFIG_FROM_ENV, known, why);
            if (st != STATUS_OK) return st;
        }
        if (!warn || least == 0 || least > 2) continue;
        char line[256];
        snprintf(line, sizeof line, "the environment variable %.*s is not used; did you mean %s?",
                 (int)(name.len < 100 ? name.len : 100), name.p, nearest);
        warn(ctx, line);
    }
    return STATUS_OK;
}

static enum status value_copy(const struct config *from, struct config *to, size_t i) {
    const struct config_key *key = &keys[i];
    const void *source = (const char *)from + key->offset;
    to->sources[i] = from->sources[i];
    if (owns_text(key)) {
        return config_value_parse(key, str_of(*(char *const *)source), value_at(to, key), NULL);
    }
    bool wide = key->kind == CONFIG_BYTES || key->kind == CONFIG_DEGREES;
    memcpy(value_at(to, key), source, key->kind == CONFIG_BOOL ? sizeof(bool) : wide ? 8 : 4);
    return STATUS_OK;
}

enum status config_copy(const struct config *c, struct config *out) {
    enum status st = config_init(out);
    for (size_t i = 0; i < CONFIG_KEY_COUNT && st == STATUS_OK; i++)
        st = value_copy(c, out, i);
    if (st == STATUS_OK && c->file) {
        size_t size = strlen(c->file) + 1;
        out->file = mem_alloc(size);
        if (out->file) memcpy(out->file, c->file, size);
        if (!out->file) st = STATUS_NO_MEMORY;
    }
    if (st != STATUS_OK) config_deinit(out);
    return st;
}

enum status config_copy_flags(const struct config *c, struct config *out) {
    enum status st = config_init(out);
    for (size_t i = 0; i < CONFIG_KEY_COUNT && st == STATUS_OK; i++) {
        if (c->sources[i] == CONFIG_FROM_FLAG) st = value_copy(c, out, i);
    }
    if (st != STATUS_OK) config_deinit(out);
    return st;
}

enum status config_check(const struct config *c, struct reason *why) {
    if (*c->auth_secret) {
        return reason_set(why, STATUS_NOT_IMPLEMENTED,
                          "auth.secret is set, but authentication is not available yet: the server "
                          "would serve everybody. Unset it to serve this machine only");
    }
    struct address a;
    enum status st = address_parse(str_of(c->listen), &a, why);
    if (st != STATUS_OK) return st;
    if (!address_is_loopback(&a)) {
        return reason_set(why, STATUS_INVALID,
                          "listen: %s can be reached by others, and there is no authentication: "
                          "listen on 127.0.0.1 or [::1], behind a proxy that authenticates",
                          c->listen);
    }
    if (*c->resp_listen) {
        st = address_parse(str_of(c->resp_listen), &a, why);
        if (st != STATUS_OK) return st;
        if (!address_is_loopback(&a) && !*c->resp_password) {
            return reason_set(why, STATUS_INVALID,
                              "resp.listen: %s can be reached by others, and there is no password: "
                              "set resp.password, or listen on 127.0.0.1 or [::1]",
                              c->resp_listen);
        }
    }
    if (strlen(c->resp_password) > PASSWORD_MAX) {
        return reason_set(why, STATUS_INVALID, "resp.password is longer than %d bytes",
                          PASSWORD_MAX);
    }
    if (!*c->data_root && c->wal_enabled) {
        return reason_set(why, STATUS_INVALID, "data_root is empty: name a directory");
    }
    if (c->limit_batch_bytes < c->limit_body_bytes) {
        return reason_set(why, STATUS_INVALID,
                          "limits.batch_bytes is below limits.body_bytes: raise it");
    }
    return STATUS_OK;
}

void config_env_name(const struct config_key *key, char *out, size_t size) {
    snprintf(out, size, "WARP_%s", key->name);
    for (char *p = out; *p; p++) {
        if (*p == '.') *p = '_';
        if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 'a' + 'A');
    }
}

void config_flag_name(const struct config_key *key, char *out, size_t size) {
    const char *name = key->name;
    if (strcmp(name, "data_root") == 0) name = "data";
    if (strcmp(name, "resp.listen") == 0) name = "resp";
    snprintf(out, size, "--%s", name);
    for (char *p = out; *p; p++) {
        if (*p == '.' || *p == '_') *p = '-';
    }
}

void config_show(const struct config *c, size_t key, struct buf *out) {
    config_value_show(&keys[key], (const char *)c + keys[key].offset, out);
}

bool config_same(const struct config *a, const struct config *b, size_t key) {
    return config_value_same(&keys[key], (const char *)a + keys[key].offset,
                             (const char *)b + keys[key].offset);
}

enum index_kind config_index_kind(const struct config *c) {
    enum index_kind kind = INDEX_QUADTREE;
    bool known = index_kind_parse(str_of(indices[c->spatial_index]), &kind);
    (void)known;
    return kind;
}

static void key_suggest(struct str name, char out[NAME_BYTES]) {
    unsigned least = 4; // further away it is another word
    out[0] = 0;
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        unsigned d = distance(name, str_of(keys[i].name));
        if (d >= least) continue;
        least = d;
        snprintf(out, NAME_BYTES, "%s", keys[i].name);
    }
}

/// Edit distance (Wagner and Fischer, 1974).
static unsigned distance(struct str a, struct str b) {
    unsigned row[NAME_BYTES + 1];
    if (a.len > NAME_BYTES || b.len > NAME_BYTES) return NAME_BYTES;
    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned change = diagonal + (a.p[i - 1] != b.p[j - 1]);
            unsigned insert = row[j - 1] + 1, drop = row[j] + 1;
            diagonal = row[j];
            row[j] = change < insert ? change : insert;
            if (drop < row[j]) row[j] = drop;
        }
    }
    return row[b.len];
}
