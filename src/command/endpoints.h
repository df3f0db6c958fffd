// endpoints.h - the functions of the table (command_table.c); the file that holds one stands before it.

#ifndef COMMAND_ENDPOINTS_H
#define COMMAND_ENDPOINTS_H

#include "command/command.h"

// connection.c
command_fn command_ping, command_echo, command_quit, command_output, command_auth, command_timeout;
// clients.c, monitor.c
command_fn command_client, command_monitor;
// server_config.c
command_fn command_config_get, command_config_set, command_config_rewrite;
// server_facts.c
command_fn command_server, command_info, command_healthz, command_role;
// server_control.c
command_fn command_readonly, command_flushdb, command_gc, command_aofshrink, command_unsupported;
// server_command.c
command_fn command_command;
// pubsub.c
command_fn command_subscribe, command_psubscribe, command_unsubscribe, command_punsubscribe,
    command_publish;

// set.c, get.c, fields.c, expire.c
command_fn command_set, command_get, command_fset, command_fget, command_fexists, command_exists;
command_fn command_expire, command_persist, command_ttl;

// keys.c
command_fn command_del, command_pdel, command_drop, command_keys, command_type, command_bounds;
command_fn command_stats, command_rename, command_renamenx;

// redis_geo.c, redis_geosearch.c
command_fn command_geoadd, command_geopos, command_geodist, command_geohash, command_geosearch;
command_fn command_geosearchstore, command_georadius, command_georadiusbymember;

// json_edit.c
command_fn command_jset, command_jget, command_jdel;

// search.c
command_fn command_nearby, command_within, command_intersects, command_scan, command_search;

// script_commands.c
command_fn command_eval, command_evalsha, command_evalro, command_evalrosha, command_evalna,
    command_evalnasha, command_script_load, command_script_exists, command_script_flush;

// test_command.c
command_fn command_test;

// hooks.c, hooks_list.c
command_fn command_sethook, command_delhook, command_pdelhook, command_hooks;
command_fn command_setchan, command_delchan, command_pdelchan, command_chans;

// fence_live.c: a search with FENCE turns the connection live. Takes what it keeps of `args` for itself.
struct search_args;
MUST_USE enum status command_live_fence(struct command_call *call, const struct search_args *args);

#endif
