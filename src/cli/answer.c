#include "cli/answer.h"

#include "api/json.h"

static enum status status_of(long code) {
    for (int st = STATUS_BAD_REQUEST; st < STATUS_COUNT; st++)
        if (status_http((enum status)st) == code) return (enum status)st;
    return STATUS_INTERNAL;
}

enum status answer_status(long code, const struct buf *answer, const char *who,
                          struct reason *why) {
    if (answer->failed) return reason_set(why, STATUS_NO_MEMORY, "no memory for the answer");
    if (code >= 200 && code <= 299) return STATUS_OK;
    enum status st = status_of(code);
    struct json json;
    struct reason unread;
    if (json_parse(buf_str(answer), NULL, &json, &unread) != STATUS_OK)
        return reason_set(why, st, "%.150s answers %ld", who, code);
    const char *detail = yyjson_get_str(yyjson_obj_get(json.root, "detail"));
    if (!detail) detail = yyjson_get_str(yyjson_obj_get(json.root, "error"));
    if (detail) {
        (void)reason_set(why, st, "%s (%ld)", detail, code);
    } else {
        (void)reason_set(why, st, "%.150s answers %ld", who, code);
    }
    json_free(&json);
    return st;
}
