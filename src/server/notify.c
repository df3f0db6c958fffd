#include "server/notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

void notify_send(const char *socket_path, const char *text) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!socket_path || (*socket_path != '/' && *socket_path != '@')) return;
    size_t len = strlen(socket_path);
    if (len >= sizeof to.sun_path) return;
    memcpy(to.sun_path, socket_path, len);
    if (*socket_path == '@') to.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    ssize_t n = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to, size);
    (void)n; // nobody to tell
    close(fd);
}

uint32_t notify_watchdog_ms(const char *watchdog_usec, const char *watchdog_pid) {
    uint64_t usec, pid;
    if (!watchdog_usec || !str_parse_u64(str_of(watchdog_usec), &usec)) return 0;
    if (watchdog_pid && (!str_parse_u64(str_of(watchdog_pid), &pid) || pid != (uint64_t)getpid())) {
        return 0;
    }
    uint64_t ms = usec / 2000;
    return ms > 3600000 ? 3600000 : (uint32_t)ms;
}
