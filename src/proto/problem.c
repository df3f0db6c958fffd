#include "proto/problem.h"

/// The reason phrase without the number, as a title (RFC 9457 3.1.3: that of the status code).
static struct str title_of(int status) {
    switch (status) {
    case 304: return STR("Not Modified");
    case 400: return STR("Bad Request");
    case 401: return STR("Unauthorized");
    case 403: return STR("Forbidden");
    case 404: return STR("Not Found");
    case 405: return STR("Method Not Allowed");
    case 406: return STR("Not Acceptable");
    case 408: return STR("Request Timeout");
    case 409: return STR("Conflict");
    case 410: return STR("Gone");
    case 412: return STR("Precondition Failed");
    case 413: return STR("Content Too Large");
    case 414: return STR("URI Too Long");
    case 415: return STR("Unsupported Media Type");
    case 422: return STR("Unprocessable Content");
    case 429: return STR("Too Many Requests");
    case 431: return STR("Request Header Fields Too Large");
    case 501: return STR("Not Implemented");
    case 503: return STR("Service Unavailable");
    default: return STR("Internal Server Error");
    }
}

void problem_write(struct http_reply *reply, enum status st, const struct reason *why) {
    int status = status_http(st);
    struct str error = str_of(status_text(st));
    buf_deinit(&reply->body);
    http_reply_init(reply);
    reply->status = status;
    if (st == STATUS_NOT_MODIFIED) return;
    reply->content_type = STR("application/problem+json");
    struct buf *b = &reply->body;
    buf_append_str(b, STR("{\"type\":\"about:blank\",\"title\":"));
    buf_append_json(b, title_of(status));
    buf_append_str(b, STR(",\"status\":"));
    buf_append_i64(b, status);
    buf_append_str(b, STR(",\"detail\":"));
    struct str detail = why && why->text[0] ? str_of(why->text) : error;
    buf_append_json(b,
                    str_is_utf8(detail) ? detail : error); // a cut text may end inside a character
    buf_append_str(b, STR(",\"error\":"));
    buf_append_json(b, error);
    if (why && why->pointer[0] && str_is_utf8(str_of(why->pointer))) {
        buf_append_str(b, STR(",\"pointer\":"));
        buf_append_json(b, str_of(why->pointer));
    }
    buf_append_char(b, '}');
    if (status == 503) http_reply_header(reply, STR("Retry-After"), STR("1"));
}
