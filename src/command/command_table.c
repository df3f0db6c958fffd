#include "command/endpoints.h"

#define R COMMAND_READ | COMMAND_SCRIPT
#define W COMMAND_WRITE | COMMAND_SCRIPT

// One line a command: name, function, flags, arguments at least and at most (0: any), help.
static const struct command table[] = {
    // connection
    {"ping", command_ping, COMMAND_OPEN | COMMAND_SCRIPT | COMMAND_PUBSUB, 1, 2, "PING [message]"},
    {"echo", command_echo, COMMAND_OPEN, 2, 2, "ECHO message"},
    {"quit", command_quit, COMMAND_OPEN | COMMAND_PUBSUB, 1, 1, "QUIT"},
    {"output", command_output, COMMAND_OPEN, 1, 2, "OUTPUT [json|resp]"},
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
    {"keys", command_keys, R, 2, 2, "KEYS pattern"},
    {"type", command_type, R, 2, 2, "TYPE key"},
    {"bounds", command_bounds, R, 2, 2, "BOUNDS key"},
    {"stats", command_stats, R, 2, 0, "STATS key..."},
    {"jset", command_jset, W, 5, 6, "JSET key id path value [RAW|STR]"},
    {"jget", command_jget, R, 3, 5, "JGET key id [path [RAW]]"},
    {"jdel", command_jdel, W, 4, 4, "JDEL key id path"},
};

const struct command *command_table(size_t *count) {
    *count = sizeof table / sizeof table[0];
    return table;
}
