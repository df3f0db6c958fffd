// config.h - what can be set: one table of keys drives the file, the environment, the flags and `check`.
//
//   flag  >  WARP_* environment  >  YAML file  >  default
//
// Messages name the key, where it was set (file and line, variable or flag) and what is allowed.
// docs/configuration.md lists the same keys (a test holds them together).
//
// Owner: whoever made it. Threads: one, const when shared.

#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "base/log.h"
#include "base/reason.h"
#include "index/index_make.h"
#include "server/config_key.h"
#include "storage/storage.h"

enum config_source { CONFIG_FROM_DEFAULT, CONFIG_FROM_FILE, CONFIG_FROM_ENV, CONFIG_FROM_FLAG };

#define CONFIG_KEY_COUNT 41

struct config {
    char *listen;
    char *data_root;
    uint32_t threads; // 0: one a CPU
    int log_level;    // enum log_level
    int log_format;   // enum log_format
    bool wal_enabled;
    int wal_mode; // enum storage_mode
    uint32_t wal_sync_interval_ms;
    int spatial_index; // CONFIG_INDEX_*: config_index_kind
    uint32_t default_shard_count;
    double limit_bbox_degrees;
    uint32_t limit_results, limit_ring_vertices, limit_import_vertices, limit_connections;
    uint64_t limit_body_bytes, limit_batch_bytes, limit_header_bytes, limit_memory_bytes;
    uint32_t timeout_header_ms, timeout_body_ms, timeout_idle_ms, timeout_drain_ms;
    uint32_t gzip_level;
    char *cors_origins;
    char *auth_secret;
    char *resp_listen, *resp_password;
    uint64_t resp_limit_bytes, resp_client_bytes;
    uint32_t events_retention_s;
    uint64_t events_retention_bytes;
    char *webhooks_retry_schedule;
    uint32_t webhooks_timeout_ms, webhooks_connections;
    bool webhooks_allow_private;
    uint32_t scripts_time_ms;
    uint64_t scripts_memory_bytes;
    char *region, *datacenter;
    char *node_name;
    char *file;                        // NULL: none was read
    uint8_t sources[CONFIG_KEY_COUNT]; // enum config_source
};

const struct config_key *config_key(size_t i);

/// All defaults.
MUST_USE enum status config_init(struct config *c);
void config_deinit(struct config *c);
MUST_USE enum status config_copy(const struct config *c, struct config *out);
/// All defaults, but for what flags have set in `c`.
MUST_USE enum status config_copy_flags(const struct config *c, struct config *out);

/// One value of one key, unless a stronger source has set it. `where` goes into the message: "line 3 of warp.yaml".
/// NOT_FOUND: no such key; the reason suggests the nearest.
MUST_USE enum status config_set(struct config *c, struct str key, struct str value,
                                enum config_source source, const char *where, struct reason *why);
/// "--listen" "127.0.0.1:4000"; any key is a flag. NOT_FOUND as above.
MUST_USE enum status config_set_flag(struct config *c, struct str flag, struct str value,
                                     struct reason *why);
/// Is it a flag of a key (without value: "--wal-enabled" would still need one)?
bool config_is_flag(struct str flag);
/// Every WARP_* variable that is a key. Those that look like a misspelt key go to `warn` (may be NULL).
MUST_USE enum status config_load_env(struct config *c, char *const *environment,
                                     void (*warn)(void *ctx, const char *line), void *ctx,
                                     struct reason *why);
/// What one value alone cannot tell: the address, protected mode, limits that contradict each other.
MUST_USE enum status config_check(const struct config *c, struct reason *why);

/// WARP_LIMITS_BODY_BYTES; --limits-body-bytes (data_root: --data, resp.listen: --resp).
void config_env_name(const struct config_key *key, char *out, size_t size);
void config_flag_name(const struct config_key *key, char *out, size_t size);
/// The value as text; secrets as "(set)".
void config_show(const struct config *c, size_t key, struct buf *out);
bool config_same(const struct config *a, const struct config *b, size_t key);

enum index_kind config_index_kind(const struct config *c);

#endif
