#include "api/batch_report.h"

static void member_u64(struct buf *out, struct str name, uint64_t value);

void batch_report_error(struct batch_report *r, uint64_t number, struct str id, enum status st,
                        const struct reason *why) {
    struct buf *out = &r->errors;
    if (r->failed++ >= BATCH_REPORT_ERRORS) return;
    if (out->len) buf_append_char(out, ',');
    buf_append_char(out, '{');
    member_u64(out, STR("line"), number);
    if (id.len) {
        buf_append_str(out, STR(",\"id\":"));
        buf_append_json(out, id);
    }
    struct str text = str_of(why->text[0] ? why->text : status_text(st));
    buf_append_char(out, ',');
    member_u64(out, STR("status"), (uint64_t)status_http(st));
    buf_append_str(out, STR(",\"error\":"));
    buf_append_json(out, str_is_utf8(text) ? text : str_of(status_text(st)));
    if (why->pointer[0] && str_is_utf8(str_of(why->pointer))) {
        buf_append_str(out, STR(",\"pointer\":"));
        buf_append_json(out, str_of(why->pointer));
    }
    buf_append_char(out, '}');
}

void batch_report_write(const struct batch_report *r, struct buf *out) {
    uint64_t stored = r->created + r->updated;
    buf_append_char(out, '{');
    member_u64(out, STR("received"), stored + r->failed);
    buf_append_char(out, ',');
    member_u64(out, STR("stored"), stored);
    buf_append_char(out, ',');
    member_u64(out, STR("created"), r->created);
    buf_append_char(out, ',');
    member_u64(out, STR("updated"), r->updated);
    buf_append_char(out, ',');
    member_u64(out, STR("failed"), r->failed);
    buf_append_str(out, STR(",\"errors\":["));
    buf_append_str(out, buf_str(&r->errors));
    buf_append_char(out, ']');
    if (r->failed > BATCH_REPORT_ERRORS) {
        buf_append_char(out, ',');
        member_u64(out, STR("errors_omitted"), r->failed - BATCH_REPORT_ERRORS);
    }
    buf_append_char(out, '}');
    out->failed |= r->errors.failed;
}

void batch_report_deinit(struct batch_report *r) {
    buf_deinit(&r->errors);
}

static void member_u64(struct buf *out, struct str name, uint64_t value) {
    buf_append_json(out, name);
    buf_append_char(out, ':');
    buf_append_u64(out, value);
}
