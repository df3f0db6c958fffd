// config_reload.h - the configuration read again while the server runs.

#ifndef SERVER_CONFIG_RELOAD_H
#define SERVER_CONFIG_RELOAD_H

#include "server/config.h"

/// File (that of `c`) and environment anew, keeping what flags have set, and checked. On failure `out` is not set.
MUST_USE enum status config_reload(const struct config *c, char *const *environment,
                                   struct config *out, struct reason *why);

#endif
