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

struct commands;

struct commands_options {
    struct engine *engine;        // borrowed
    struct registry *metrics;     // borrowed; may be NULL
    struct log *log;              // may be NULL
    uint32_t limit_ring_vertices; // of an OBJECT; 0: 10,000
};

MUST_USE enum status commands_new(const struct commands_options *options, struct commands **out);
void commands_free(struct commands *commands);
struct engine *commands_engine(const struct commands *commands);

/// What a connection has said about itself; the session's, zero at first.
struct command_client {
    uint64_t id;
    bool json; // OUTPUT json
    bool authenticated;
    bool quit; // close after this answer
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
    uint64_t wait_lsn;   // answer when this LSN is durable; 0: now
    struct reason *why;  // filled by command_answer
};

/// Always appends exactly one complete reply (unless memory runs out: out->failed), errors included: RESP, or with
/// client->json a JSON object in a bulk string.
void command_answer(struct command_call *call);
/// The same with the JSON object bare: for HTTP, the native framing, WebSockets and scripts.
void command_answer_bare(struct command_call *call);

enum command_flag {
    COMMAND_READ = 1,    // looks at objects
    COMMAND_WRITE = 2,   // changes objects or fences
    COMMAND_ADMIN = 4,   // configuration, other clients, the store
    COMMAND_OPEN = 8,    // allowed before AUTH
    COMMAND_SCRIPT = 16, // may be called by a script
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
