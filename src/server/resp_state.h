// resp_state.h - a connection of the RESP port, as the files resp_*.c share it.

#ifndef SERVER_RESP_STATE_H
#define SERVER_RESP_STATE_H

#include "net/conn.h"
#include "server/resp_home.h"

#define RESP_GATHERED_MAX (1 << 18) // bytes of replies that are gathered

enum resp_mode {
    RESP_MODE_NEW, // nothing has come yet
    RESP_MODE_RESP,
    RESP_MODE_HTTP,
    RESP_MODE_WEBSOCKET,
};

/// A reply of home->out that waits for the disk.
struct resp_mark {
    size_t begin, end;
    uint64_t lsn;
    bool json;
    uint8_t form;
};

struct resp_held;
struct resp_web;

struct resp_session {
    struct resp_home *home;
    struct resp_session *prev, *next;
    struct resp_session *wait_prev, *wait_next; // in home->waiting while held_first
    struct conn *conn;
    struct command_client client;
    struct hub_subscriber *subscriber; // NULL: never asked for
    struct command_live live;
    struct resp_clients_entry entry;
    struct resp_parser parser;
    struct resp_web *web; // HTTP and WebSocket
    struct resp_held *held_first, *held_last;
    size_t held_bytes;
    uint8_t mode; // enum resp_mode
    uint8_t form; // enum resp_form of the last command
    bool is_live, paused, closing;
};

// resp_out.c

/// Reads the clock and enters the engine, once a turn.
void resp_out_enter(struct resp_home *home);
/// Run one command; its reply is appended to home->out, framed as this connection has it. False: no command may follow.
bool resp_out_command(struct resp_session *s, const struct str *args, size_t count,
                      enum resp_form form);
/// A command is answered: memory may have run out on the way. False: the connection is cut.
bool resp_out_settle(struct resp_session *s);
/// The reply from `begin` to the end of home->out waits for this LSN.
void resp_out_mark(struct resp_session *s, size_t begin, uint64_t lsn, enum resp_form form);
/// What stands behind `begin` of a reply, or a message, is framed.
void resp_out_frame(struct resp_session *s, enum resp_form form, bool json, struct buf *out,
                    size_t begin);
/// Send what is in home->out, or hold it until it is durable.
void resp_out_flush(struct resp_session *s);
/// Forget what was gathered for a connection that was cut: nobody else may get it.
void resp_out_drop(struct resp_home *home);
/// Send these bytes after what is held.
void resp_out_send(struct resp_session *s, struct str bytes);
/// Send what is gathered, then close.
void resp_out_close(struct resp_session *s);
/// The same after QUIT: a WebSocket says goodbye.
void resp_out_quit(struct resp_session *s);
/// Unsent or held: read no more for now.
bool resp_out_is_full(const struct resp_session *s);
/// Let go what is durable, or refused.
void resp_out_release(struct resp_session *s, uint64_t durable, enum status refusal,
                      const char *why);
void resp_out_deinit(struct resp_session *s);

// resp_run.c

/// Let the command, which begins `at` in the bytes, wait for what follows, to be answered with it.
bool resp_run_add(struct resp_session *s, const struct resp_command *command, size_t at);
/// Answer those that wait. False: the peer does not take replies so quickly, and `*at` is where the first without an answer
/// begins; it is to be read again later.
bool resp_run_answer(struct resp_session *s, size_t *at);

// resp_live.c

struct hub_subscriber *resp_live_subscriber(struct command_client *client);
/// The command just run has set `live`.
void resp_live_begin(struct resp_session *s, const struct command_live *live);
/// The connection goes.
void resp_live_end(struct resp_session *s);
extern const struct hub_port_events resp_live_port_events;

// resp_web.c

/// Is this the first line of an HTTP request? `*whole` false: more bytes are needed to know.
bool resp_web_is_http(struct str bytes, bool *whole);
MUST_USE enum status resp_web_open(struct resp_session *s);
void resp_web_close(struct resp_session *s);
/// Like on_data of a connection.
size_t resp_web_data(struct resp_session *s, const char *bytes, size_t len);
/// What stands behind `begin` becomes a message of the WebSocket, or the body of an HTTP answer.
void resp_web_frame(struct resp_session *s, struct buf *out, size_t begin);
/// Say goodbye with this close code.
void resp_web_goodbye(struct resp_session *s, unsigned code);

#endif
