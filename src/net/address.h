// address.h - "HOST:PORT" as text and as the kernel's struct.

#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/reason.h"
#include "base/str.h"

struct address {
    struct sockaddr_storage sa;
    socklen_t len;
};

#define ADDRESS_TEXT_BYTES 64

/// "HOST:PORT", "[::1]:PORT", ":PORT" (every address of the machine). A name is looked up and may block; its first
/// address is taken. INVALID with the reason otherwise.
MUST_USE enum status address_parse(struct str text, struct address *out, struct reason *why);
/// Reachable from this machine only (127.0.0.0/8, ::1)?
bool address_is_loopback(const struct address *a);
uint16_t address_port(const struct address *a);
void address_set_port(struct address *a, uint16_t port);
/// "127.0.0.1:4000", "[::1]:4000".
void address_write(const struct address *a, char out[ADDRESS_TEXT_BYTES]);

#endif
