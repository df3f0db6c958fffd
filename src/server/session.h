// session.h - one HTTP connection: bytes become requests, answers go out in their order.
//
//   conn --on_data--> parser --on_request--> handler (the api) --> reply --> conn_write
//                                                            \-> held until its LSN is durable (or the
//                                                                store refuses), those behind it too
//
// Reading stops while too many answers wait or too many bytes are unsent. A connection that says nothing costs
// its struct conn and struct session, no buffers.
//
// Owner thread: that of its home's loop. The home owns its sessions.

#ifndef SERVER_SESSION_H
#define SERVER_SESSION_H

#include "api/api.h"
#include "net/loop.h"
#include "server/http_metrics.h"

/// What answers: the api in the server, a stand-in in tests.
struct session_handler {
    void *ctx;
    enum status (*head)(void *ctx, const struct http_request *request, uint64_t *body_limit,
                        struct reason *why);
    void (*answer)(void *ctx, struct call *call);
    /// Wrap a turn's answers; may be NULL.
    void (*enter)(void *ctx, unsigned reader);
    void (*leave)(void *ctx, unsigned reader);
    /// NULL: every answer goes at once.
    uint64_t (*durable_lsn)(void *ctx);
    /// Not OK: what waits will not become durable soon, and is answered with this instead. NULL: never.
    enum status (*refusal)(void *ctx, struct reason *why);
};

struct session_settings {
    struct http_limits http;
    uint32_t header_ms, body_ms,
        idle_ms; // 0: no limit. Bodies and answers get a second more for each 16 KiB.
};

struct session;

/// What the sessions of one worker share.
struct session_home {
    struct loop *loop;
    const struct session_handler *handler;
    struct session_settings settings;
    struct log *log;
    struct http_writer *writer;
    struct http_pool *pool;
    struct http_metrics_cache *metrics;
    struct arena arena;
    struct buf out;
    struct buf body;  // room for the next answer's
    uint64_t mark_ns; // end of the last answer of this turn
    unsigned reader;
    bool inside;   // between handler->enter and leave
    bool draining; // answers close their connections
    struct session *first;
    size_t count;
    struct session *waiting;                     // those that hold answers back
    void (*on_count)(void *ctx, int difference); // may be NULL
    void *count_ctx;
};

/// `loop`, `handler`, `log` and `metrics` are borrowed. `gzip_level` 0: never.
MUST_USE enum status session_home_init(struct session_home *home, struct loop *loop,
                                       const struct session_handler *handler, int gzip_level);
/// No session may be left.
void session_home_deinit(struct session_home *home);
/// At the end of a turn: leave the engine, let the answers go that are durable, or refused. True: some still wait.
bool session_home_turn(struct session_home *home);
/// No more requests: idle connections are closed, busy ones after their answer.
void session_home_drain(struct session_home *home);
/// Cut what is left.
void session_home_abort(struct session_home *home);

/// Takes the descriptor, on failure too.
MUST_USE enum status session_open(struct session_home *home, int fd);

#endif
