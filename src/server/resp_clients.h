// resp_clients.h - who is connected to the RESP port, on whichever worker: for CLIENT LIST, KILL and SETNAME.
//
// Threads: any; a mutex. An entry lies in its session and is only that worker's to add and remove.

#ifndef SERVER_RESP_CLIENTS_H
#define SERVER_RESP_CLIENTS_H

#include <stdatomic.h>

#include "command/command.h"
#include "net/address.h"

struct resp_clients;

struct resp_clients_entry {
    struct resp_clients_entry *prev, *next; // by id
    uint64_t id, opened_ns;
    _Atomic uint64_t last_ns; // of its last command
    char address[ADDRESS_TEXT_BYTES];
    char *name; // NULL: none
    /// From any thread, under the mutex: have the connection of this id closed soon.
    void (*kill)(void *ctx, uint64_t id);
    void *ctx;
};

MUST_USE enum status resp_clients_new(struct resp_clients **out);
void resp_clients_free(struct resp_clients *c);
/// Gives the entry its id. address, kill and ctx are filled.
void resp_clients_add(struct resp_clients *c, struct resp_clients_entry *e, uint64_t now_ns);
void resp_clients_remove(struct resp_clients *c, struct resp_clients_entry *e);
size_t resp_clients_count(struct resp_clients *c);

/// As struct command_host has them; `ctx` is the struct resp_clients.
void resp_clients_each(void *ctx,
                       void (*each)(void *each_ctx, const struct command_client_facts *facts),
                       void *each_ctx);
size_t resp_clients_kill(void *ctx, uint64_t id, struct str address);
enum status resp_clients_rename(void *ctx, uint64_t id, struct str name);

#endif
