#include "command/endpoints.h"

#define R COMMAND_READ | COMMAND_SCRIPT
#define W COMMAND_WRITE | COMMAND_SCRIPT
#define A COMMAND_ADMIN

// One line a command: name, function, flags, arguments at least and at most (0: any), help.
static const struct command table[] = {
    // connection
    {"ping", command_ping, COMMAND_OPEN | COMMAND_SCRIPT | COMMAND_PUBSUB, 1, 2, "PING [message]"},
    {"echo", command_echo, COMMAND_OPEN, 2, 2, "ECHO message"},
    {"quit", command_quit, COMMAND_OPEN | COMMAND_PUBSUB, 1, 1, "QUIT"},
    {"output", command_output, COMMAND_OPEN, 1, 2, "OUTPUT [json|resp]"},
    {"auth", command_auth, COMMAND_OPEN, 2, 3, "AUTH password"},
    {"timeout", command_timeout, COMMAND_READ, 2, 0, "TIMEOUT seconds COMMAND [argument ...]"},
    {"client", command_client, A, 2, 0,
     "CLIENT LIST|ID|GETNAME|SETNAME name|KILL [ID id|ADDR] address"},
    {"monitor", command_monitor, A, 1, 1, "MONITOR"},
    // channels
    {"subscribe", command_subscribe, COMMAND_PUBSUB, 2, 0, "SUBSCRIBE channel [channel ...]"},
    {"psubscribe", command_psubscribe, COMMAND_PUBSUB, 2, 0, "PSUBSCRIBE pattern [pattern ...]"},
    {"unsubscribe", command_unsubscribe, COMMAND_PUBSUB, 1, 0, "UNSUBSCRIBE [channel ...]"},
    {"punsubscribe", command_punsubscribe, COMMAND_PUBSUB, 1, 0, "PUNSUBSCRIBE [pattern ...]"},
    {"publish", command_publish, COMMAND_SCRIPT, 3, 3, "PUBLISH channel message"},
    // server
    {"config get", command_config_get, A, 1, 0, "CONFIG GET pattern"},
    {"config set", command_config_set, A, 1, 0, "CONFIG SET name value"},
    {"config rewrite", command_config_rewrite, A, 1, 2, "CONFIG REWRITE"},
    {"server", command_server, COMMAND_READ, 1, 2, "SERVER [ext]"},
    {"info", command_info, COMMAND_READ, 1, 2, "INFO [section]"},
    {"healthz", command_healthz, COMMAND_OPEN, 1, 1, "HEALTHZ"},
    {"role", command_role, COMMAND_READ, 1, 1, "ROLE"},
    {"readonly", command_readonly, A, 2, 2, "READONLY yes|no"},
    {"flushdb", command_flushdb, COMMAND_WRITE, 1, 1, "FLUSHDB"},
    {"gc", command_gc, A, 1, 1, "GC"},
    {"aofshrink", command_aofshrink, A, 1, 1, "AOFSHRINK"},
    {"command", command_command, 0, 1, 0, "COMMAND [COUNT|LIST|DOCS|INFO [name ...]]"},
    {"aof", command_unsupported, A, 1, 0, "AOF position"},
    {"aofmd5", command_unsupported, A, 1, 0, "AOFMD5 position size"},
    {"follow", command_unsupported, A, 1, 0, "FOLLOW host port"},
    {"slaveof", command_unsupported, A, 1, 0, "SLAVEOF host port"},
    {"replicaof", command_unsupported, A, 1, 0, "REPLICAOF host port"},
    {"replconf", command_unsupported, A, 1, 0, "REPLCONF option value"},
    {"massinsert", command_unsupported, A, 1, 0, "MASSINSERT"},
    {"sleep", command_unsupported, A, 1, 0, "SLEEP"},
    {"shutdown", command_unsupported, A, 1, 0, "SHUTDOWN"},
    {"bgrewriteaof", command_unsupported, A, 1, 0, "BGREWRITEAOF"},
    {"bgsave", command_unsupported, A, 1, 0, "BGSAVE"},
    {"save", command_unsupported, A, 1, 0, "SAVE"},
    // keys
    {"set", command_set, W, 1, 0,
     "SET key id [FIELD name value]... [EX seconds] [NX|XX] [RETURN] POINT lat lon [z] | BOUNDS "
     "minlat minlon "
     "maxlat maxlon | HASH geohash | OBJECT geojson | STRING text"},
    {"get", command_get, R, 3, 0, "GET key id [WITHFIELDS] [OBJECT|POINT|BOUNDS|HASH precision]"},
    {"fset", command_fset, W, 5, 0, "FSET key id [XX] name value [name value]... [RETURN]"},
    {"fget", command_fget, R, 4, 4, "FGET key id name"},
    {"fexists", command_fexists, R, 4, 4, "FEXISTS key id name"},
    {"exists", command_exists, R, 3, 3, "EXISTS key id"},
    {"expire", command_expire, W, 4, 4, "EXPIRE key id seconds"},
    {"persist", command_persist, W, 3, 3, "PERSIST key id"},
    {"ttl", command_ttl, R, 3, 3, "TTL key id"},
    {"del", command_del, W, 3, 0, "DEL key id [ERRON404]"},
    {"pdel", command_pdel, W, 3, 3, "PDEL key pattern"},
    {"drop", command_drop, W, 2, 2, "DROP key"},
    {"rename", command_rename, W, 3, 3, "RENAME key newkey"},
    {"renamenx", command_renamenx, W, 3, 3, "RENAMENX key newkey"},
    {"keys", command_keys, R, 2, 2, "KEYS pattern"},
    {"type", command_type, R, 2, 2, "TYPE key"},
    {"bounds", command_bounds, R, 2, 2, "BOUNDS key"},
    {"stats", command_stats, R, 2, 0, "STATS key..."},
    // Redis GEO
    {"geoadd", command_geoadd, W, 5, 0,
     "GEOADD key [NX|XX] [CH] lon lat member [lon lat member]..."},
    {"geopos", command_geopos, R, 2, 0, "GEOPOS key member..."},
    {"geodist", command_geodist, R, 4, 5, "GEODIST key member member [M|KM|FT|MI]"},
    {"geohash", command_geohash, R, 2, 0, "GEOHASH key member..."},
    {"geosearch", command_geosearch, R, 7, 0,
     "GEOSEARCH key FROMMEMBER member | FROMLONLAT lon lat BYRADIUS radius unit | BYBOX width "
     "height unit "
     "[ASC|DESC] [COUNT n [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]"},
    {"geosearchstore", command_geosearchstore, W, 8, 0,
     "GEOSEARCHSTORE destination source, then as GEOSEARCH without WITH..."},
    {"georadius", command_georadius, R, 6, 0,
     "GEORADIUS key lon lat radius unit [ASC|DESC] [COUNT n [ANY]] [WITHCOORD] [WITHDIST] "
     "[WITHHASH]"},
    {"georadius_ro", command_georadius, R, 6, 0, "as GEORADIUS"},
    {"georadiusbymember", command_georadiusbymember, R, 5, 0,
     "GEORADIUSBYMEMBER key member radius unit, then as GEORADIUS"},
    {"georadiusbymember_ro", command_georadiusbymember, R, 5, 0, "as GEORADIUSBYMEMBER"},
    {"jset", command_jset, W, 5, 6, "JSET key id path value [RAW|STR]"},
    {"jget", command_jget, R, 3, 5, "JGET key id [path [RAW]]"},
    {"jdel", command_jdel, W, 4, 4, "JDEL key id path"},
    // search
    {"nearby", command_nearby, R, 2, 0,
     "NEARBY key [options] [output] POINT lat lon [metres] | FENCE ... ROAM key pattern metres"},
    {"within", command_within, R, 2, 0, "WITHIN key [options] [output] area"},
    {"intersects", command_intersects, R, 2, 0, "INTERSECTS key [options] [output] area"},
    {"scan", command_scan, R, 2, 0, "SCAN key [options] [output]"},
    {"search", command_search, R, 2, 0, "SEARCH key [options] [output]"},
    {"test", command_test, R, 2, 0, "TEST area WITHIN|INTERSECTS [CLIP] area"},
    // scripts
    {"eval", command_eval, COMMAND_WRITE, 3, 0, "EVAL script numkeys [key ...] [arg ...]"},
    {"evalsha", command_evalsha, COMMAND_WRITE, 3, 0, "EVALSHA sha1 numkeys [key ...] [arg ...]"},
    {"evalro", command_evalro, COMMAND_READ, 3, 0, "EVALRO script numkeys [key ...] [arg ...]"},
    {"evalrosha", command_evalrosha, COMMAND_READ, 3, 0,
     "EVALROSHA sha1 numkeys [key ...] [arg ...]"},
    {"evalna", command_evalna, COMMAND_WRITE, 3, 0, "EVALNA script numkeys [key ...] [arg ...]"},
    {"evalnasha", command_evalnasha, COMMAND_WRITE, 3, 0,
     "EVALNASHA sha1 numkeys [key ...] [arg ...]"},
    {"script load", command_script_load, COMMAND_READ, 3, 3, "SCRIPT LOAD script"},
    {"script exists", command_script_exists, COMMAND_READ, 3, 0, "SCRIPT EXISTS sha1 [sha1 ...]"},
    {"script flush", command_script_flush, COMMAND_READ, 2, 2, "SCRIPT FLUSH"},
    // hooks and channels
    {"sethook", command_sethook, COMMAND_WRITE, 3, 0,
     "SETHOOK name endpoint [META name value ...] [EX seconds] NEARBY|WITHIN|INTERSECTS key FENCE "
     "..."},
    {"delhook", command_delhook, COMMAND_WRITE, 2, 2, "DELHOOK name"},
    {"pdelhook", command_pdelhook, COMMAND_WRITE, 2, 2, "PDELHOOK pattern"},
    {"hooks", command_hooks, COMMAND_READ, 2, 2, "HOOKS pattern"},
    {"setchan", command_setchan, COMMAND_WRITE, 2, 0,
     "SETCHAN name [META name value ...] [EX seconds] NEARBY|WITHIN|INTERSECTS key FENCE ..."},
    {"delchan", command_delchan, COMMAND_WRITE, 2, 2, "DELCHAN name"},
    {"pdelchan", command_pdelchan, COMMAND_WRITE, 2, 2, "PDELCHAN pattern"},
    {"chans", command_chans, COMMAND_READ, 2, 2, "CHANS pattern"},
};

const struct command *command_table(size_t *count) {
    *count = sizeof table / sizeof table[0];
    return table;
}
