// resp_home.h - what the RESP connections of one worker share.
//
// Owner thread: that of its loop.

#ifndef SERVER_RESP_HOME_H
#define SERVER_RESP_HOME_H

#include "command/command_run.h"
#include "net/loop.h"
#include "proto/resp_parser.h"
#include "server/resp_clients.h"
#include "server/resp_metrics.h"
#include "server/session.h"

struct resp_session;

struct resp_settings {
    struct resp_limits limits;
    size_t client_bytes;       // unsent bytes of a subscriber above which it is closed; 0: 32 MiB
    uint32_t body_ms, idle_ms; // time to send a whole command, and to take a reply; 0: no limit
    bool protected;            // no password: HTTP only from this machine's own pages
    const char *cors_origins;  // borrowed
    const char *listen;        // borrowed
};

/// What the sessions of one worker share.
struct resp_home {
    struct loop *loop;
    struct commands *commands;             // borrowed
    const struct session_handler *handler; // enter, leave, durable_lsn, refusal; borrowed
    bool (*is_serving)(void *ctx);         // of handler->ctx; NULL: always
    struct resp_settings settings;
    struct resp_clients *clients; // borrowed
    struct resp_metrics *metrics; // borrowed; may be NULL
    struct hub_port *port;
    struct http_writer *writer;
    struct http_pool *pool;
    struct resp_room room;
    struct arena arena;
    struct command_run *run; // commands of the connection being read that are not answered yet
    size_t run_at[COMMAND_RUN_MAX]; // where they begin in its bytes
    struct buf out;
    struct buf text; // of a reply before it is framed
    struct resp_mark *marks;
    size_t mark_count, mark_cap;
    uint64_t mark_ns; // end of the last command of this turn
    unsigned reader;
    bool inside; // between handler->enter and leave
    bool draining;
    struct resp_session *first;
    size_t count;
    struct resp_session *waiting;                // those that hold replies back
    void (*on_count)(void *ctx, int difference); // may be NULL
    void *count_ctx;
};

#endif
