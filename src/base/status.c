// status.c - the texts and numbers of status.h, and errno read as a status.

#include "base/status.h"

#include <assert.h>
#include <errno.h>

static const struct {
    const char *name;
    const char *resp;
    const char *text;
    int http;
} lines[STATUS_COUNT] = {
#define STATUS_LINE(name, http, resp, text) {#name, resp, text, http},
    STATUS_LIST(STATUS_LINE)
#undef STATUS_LINE
};

int status_http(enum status st) {
    assert((unsigned)st < STATUS_COUNT);
    return lines[st].http;
}

const char *status_resp(enum status st) {
    assert((unsigned)st < STATUS_COUNT);
    return lines[st].resp;
}

const char *status_text(enum status st) {
    assert((unsigned)st < STATUS_COUNT);
    return lines[st].text;
}

const char *status_name(enum status st) {
    assert((unsigned)st < STATUS_COUNT);
    return lines[st].name;
}

enum status status_from_errno(int err) {
    switch (err) {
    case 0: return STATUS_OK;
    case ENOMEM: return STATUS_NO_MEMORY;
    case ENOENT:
    case ENOTDIR: return STATUS_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY: return STATUS_EXISTS;
    case EACCES:
    case EPERM: return STATUS_FORBIDDEN;
    case EROFS: return STATUS_READ_ONLY;
    case ENOSPC:
    case EDQUOT: return STATUS_DISK_FULL;
    case EFBIG: return STATUS_TOO_LARGE;
    case ETIMEDOUT: return STATUS_TIMEOUT;
    case EAGAIN:
    case EBUSY: return STATUS_BUSY;
    case EPIPE:
    case ECONNRESET: return STATUS_CLOSED;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EMFILE:
    case ENFILE: return STATUS_UNAVAILABLE;
    case EINVAL: return STATUS_BAD_REQUEST;
    default: return STATUS_IO;
    }
}
