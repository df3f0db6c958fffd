// notify.h - what systemd is told (sd_notify(3)): one datagram each, on $NOTIFY_SOCKET. Without it nothing happens.

#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include <stdint.h>

/// "READY=1\nSTATUS=..." to `socket_path` (a path, or "@name" for an abstract one; NULL: nobody listens).
void notify_send(const char *socket_path, const char *text);
/// Milliseconds between signs of life from $WATCHDOG_USEC (half of it) when they are asked of this process; 0: none.
uint32_t notify_watchdog_ms(const char *watchdog_usec, const char *watchdog_pid);

#endif
