// webhook_guard.h - which addresses a webhook may reach: a rule's author must not make this server speak to what
// only this server can reach (SSRF).
//
// The look at the address that is connected to decides, after names were looked up; the look at the URL only tells early.

#ifndef REALTIME_WEBHOOK_GUARD_H
#define REALTIME_WEBHOOK_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/reason.h"
#include "base/str.h"

struct webhook_guard {
    bool allow_private;  // private, link-local and loopback addresses
    bool allow_loopback; // of protected mode
};

/// Multicast and unspecified addresses never.
bool webhook_guard_allows(const struct webhook_guard *guard, const struct sockaddr *address);
/// http or https, a host, no user and password; a literal address must be allowed. INVALID with the reason.
MUST_USE enum status webhook_guard_check(const struct webhook_guard *guard, struct str url,
                                         struct reason *why);

#endif
