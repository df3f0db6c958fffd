// command.h - one function per RESP command: arguments become a reply. No sockets here.
//
//   session --command_answer--> table (command_table.c) --> the command's function --> engine --> reply (reply.h)
//
// The answers are Tile38's and Redis', byte for byte where clients look; a Tile38 key is a collection, FIELDs are
// properties, and what REST writes is read here and the other way round. What a command answers when it fails is the
// text in `why`, without "ERR ": functions fill it with what Tile38 says and return any status but OK.
//
// Threads: a struct commands is shared; a struct command_call and a struct command_client are one thread's.

#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include "base/log.h"
#include "engine/engine.h"
#include "metrics/registry.h"
#include "realtime/hub.h"

struct commands;
struct command;
struct command_client;
struct delivery;

/// What SERVER and INFO tell of the process.
struct command_facts {
    const char *version, *id; // id: the node's name, or its address
    uint64_t uptime_ms, pid, cpus, threads;
    uint64_t connections, accepted, commands; // open; so far
    uint16_t port;
};

/// One connected client, for CLIENT LIST.
struct command_client_facts {
    uint64_t id, age_s, idle_s;
    struct str address, name;
};

/// What only the wiring can do. Each function may be NULL: then the command says that it cannot be had here.
struct command_host {
    void *ctx;
    void (*facts)(void *ctx, struct command_facts *out);
    /// Begin a snapshot and come back at once. BUSY while one is being taken.
    enum status (*snapshot)(void *ctx, struct reason *why);
    /// In the order of their ids. `each` must not call the host.
    void (*clients)(void *ctx, void (*each)(void *each_ctx, const struct command_client_facts *c),
                    void *each_ctx);
    /// Close by id, or by address when `id` is 0; how many.
    size_t (*client_kill)(void *ctx, uint64_t id, struct str address);
    /// For the list. NO_MEMORY.
    enum status (*client_name)(void *ctx, uint64_t id, struct str name);
};

struct commands_options {
    struct engine *engine;     // borrowed
    struct registry *metrics;  // borrowed; may be NULL
    struct log *log;           // may be NULL
    struct hub *hub;           // borrowed; NULL: no channels
    struct delivery *delivery; // borrowed; NULL: hooks are kept, but nothing is sent
    struct command_host host;
    const char *password;         // copied; NULL or "": none is asked for
    uint32_t limit_ring_vertices; // of an OBJECT; 0: 10,000
    uint64_t script_time_ms;      // 0: 5,000
    size_t script_memory_bytes;   // 0: 64 MiB
};

MUST_USE enum status commands_new(const struct commands_options *options, struct commands **out);
void commands_free(struct commands *commands);
struct engine *commands_engine(const struct commands *commands);
struct hub *commands_hub(const struct commands *commands);
/// AUTH: is this the password? True also marks the client.
bool commands_authenticate(struct commands *commands, struct command_client *client,
                           struct str password);
/// Ask for another; empty: for none. INVALID when it is longer than 255 bytes.
MUST_USE enum status commands_password(struct commands *commands, struct str password);
/// CONFIG SET keepalive: seconds of silence after which the peer's host is asked for a sign of life; 0: never.
uint64_t commands_keepalive_s(const struct commands *commands);
/// Is one asked for?
bool commands_ask_password(const struct commands *commands);

/// What a connection has said about itself; the session's, zero at first.
struct command_client {
    uint64_t id;
    bool json; // OUTPUT json
    bool authenticated;
    bool quit;           // close after this answer
    bool subscribed;     // by SUBSCRIBE or PSUBSCRIBE: little else is allowed
    const char *address; // borrowed; NULL: not known
    /// The connection's place in the hub, made when first asked for. The member itself is NULL where nothing can be sent
    /// later (HTTP, scripts), the result when memory runs out.
    struct hub_subscriber *(*subscriber)(struct command_client *client);
};

/// A connection that goes live: command_live_open has given it a private channel of the hub, from now on it sends what is
/// published there, and takes nothing but QUIT. The session answers "+OK", in JSON {"ok":true,"live":true}.
struct command_live {
    /// Once, on the connection's thread, inside engine_enter, when the connection goes. NULL: it is not live.
    void (*end)(void *ctx);
    void *ctx;
    bool raw; // what is published is sent as it is (MONITOR), not as a bulk string
};

/// One command on its way.
struct command_call {
    struct commands *commands;
    struct command_client *client;
    const struct str *args; // args[0]: the command's name, as it came
    size_t count;
    struct buf *out;     // the reply is appended
    struct arena *arena; // empties after the reply was written
    unsigned reader;     // of the engine; the thread is inside engine_enter
    uint64_t begin_ns;   // for "elapsed"
    size_t *parts;       // ends in `out` when there are several replies (SUBSCRIBE), in the arena
    size_t part_count;
    uint64_t wait_lsn; // answer when this LSN is durable; 0: now
    uint64_t
        deadline_ns; // monotonic, of TIMEOUT or a script; 0: none. Long searches look at it: command_is_late
    bool timed;                    // under TIMEOUT, where nothing may be written
    struct command_live live;      // set by a command that goes live; it writes no reply then
    const struct command *command; // filled by command_answer; NULL: there is none of this name
    struct reason *why;            // filled by command_answer
};

/// Past the deadline: fail with STATUS_TIMEOUT and the text "timeout". Looks at the clock only when there is one.
bool command_is_late(const struct command_call *call);
/// Before a command goes live: a new private channel, already subscribed to, so that nothing published from now on is
/// lost. Its name is in the call's arena. Fails with a text where the connection cannot go live.
MUST_USE enum status command_live_open(struct command_call *call, struct str *channel);

/// Always appends exactly one complete reply (unless memory runs out: out->failed), errors included: RESP, or with
/// client->json a JSON object in a bulk string.
void command_answer(struct command_call *call);
/// The same with the JSON object bare: for HTTP, WebSockets, the native framing and scripts.
void command_answer_bare(struct command_call *call);
/// A bare reply that refuses: `text` is as in `why`; NULL: what `st` says. `args` are not looked at.
void command_refuse(struct command_call *call, enum status st, const char *text);

enum command_flag {
    COMMAND_READ = 1,    // looks at objects
    COMMAND_WRITE = 2,   // changes objects or fences
    COMMAND_ADMIN = 4,   // configuration, other clients, the store
    COMMAND_OPEN = 8,    // allowed before AUTH
    COMMAND_SCRIPT = 16, // may be called by a script
    COMMAND_PUBSUB = 32, // allowed while subscribed
};

typedef enum status command_fn(struct command_call *call);

struct command {
    const char *name; // lower case; two words: "script load"
    command_fn *run;
    unsigned flags;   // enum command_flag
    uint16_t least;   // arguments with the name; fewer are refused
    uint16_t most;    // 0: any number
    const char *help; // "GET key id [WITHFIELDS] [OBJECT|POINT|BOUNDS|HASH precision]"
};

/// NULL when there is none. `words` is how many arguments the name took: 1 or 2.
const struct command *command_find(const struct commands *commands, const struct str *args,
                                   size_t count, size_t *words);
/// All of them, for tests and documents.
const struct command *command_table(size_t *count);

#endif
