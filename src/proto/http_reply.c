// http_reply.c - a reply becomes bytes.

#include "proto/http.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "proto/gzip.h"

enum { COMPRESS_FROM_BYTES = 1024, DATE_BYTES = 40 };

struct http_writer {
    int64_t second;
    char date[DATE_BYTES]; // the whole line
    size_t date_len;
    int level;
    struct gzip *gzip; // made when first needed
};

static struct str status_line(int status);
static bool compressible(const struct http_reply *r);
static void body_compress(struct http_writer *w, struct http_reply *r, bool *done);
enum form { FORM_PLAIN, FORM_GZIP, FORM_STREAM };
static void head_write(struct http_writer *w, const struct http_reply *r,
                       const struct http_request *q, enum form form, bool vary, struct buf *out);

void http_reply_init(struct http_reply *r) {
    r->status = 200;
    r->content_type = STR_NONE;
    buf_init(&r->body);
    r->header_count = 0;
    r->wait_lsn = 0;
    r->close = r->no_compress = false;
}

void http_reply_deinit(struct http_reply *r) {
    buf_deinit(&r->body);
}

void http_reply_header(struct http_reply *r, struct str name, struct str value) {
    assert(r->header_count < HTTP_MAX_REPLY_HEADERS);
    if (r->header_count == HTTP_MAX_REPLY_HEADERS) return;
    r->headers[r->header_count++] = (struct http_header){name, value};
}

enum status http_writer_new(int gzip_level, struct http_writer **out) {
    struct http_writer *w = mem_zalloc(1, sizeof *w);
    if (!w) return STATUS_NO_MEMORY;
    w->level = gzip_level;
    w->second = INT64_MIN;
    *out = w;
    return STATUS_OK;
}

void http_writer_free(struct http_writer *w) {
    if (!w) return;
    gzip_free(w->gzip);
    mem_free(w);
}

int http_writer_gzip_level(const struct http_writer *w) {
    return w->level;
}

void http_writer_tick(struct http_writer *w, int64_t unix_ms) {
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t second = (time_t)(unix_ms / 1000);
    if (second == w->second) return;
    struct tm t;
    if (!gmtime_r(&second, &t)) return;
    w->second = second;
    int n = snprintf(w->date, sizeof w->date, "Date: %.3s, %02u %.3s %04u %02u:%02u:%02u GMT\r\n",
                     days + 3 * t.tm_wday, (unsigned)t.tm_mday % 100u, months + 3 * t.tm_mon,
                     (unsigned)(t.tm_year + 1900) % 10000u, (unsigned)t.tm_hour % 100u,
                     (unsigned)t.tm_min % 100u, (unsigned)t.tm_sec % 100u);
    w->date_len = n > 0 && (size_t)n < sizeof w->date ? (size_t)n : 0;
}

static bool has_header(const struct http_reply *r, struct str name) {
    for (size_t i = 0; i < r->header_count; i++) {
        if (str_eq_nocase(r->headers[i].name, name)) return true;
    }
    return false;
}

// A weak tag names the content, whatever its coding.
static bool has_strong_etag(const struct http_reply *r) {
    for (size_t i = 0; i < r->header_count; i++) {
        if (!str_eq_nocase(r->headers[i].name, STR("etag"))) continue;
        return !str_starts(r->headers[i].value, STR("W/"));
    }
    return false;
}

enum status http_reply_write(struct http_writer *w, struct http_reply *r,
                             const struct http_request *request, bool may_stream, struct buf *out,
                             enum http_rest *rest) {
    *rest = HTTP_REST_NONE;
    if (r->body.failed) return STATUS_NO_MEMORY;
    enum form form = FORM_PLAIN;
    bool vary = w->level > 0 && compressible(r);
    if (vary &&
        http_accepts_coding(http_request_header(request, STR("accept-encoding")), STR("gzip"))) {
        bool packed = false;
        if (may_stream && r->body.len > HTTP_STREAM_BYTES && !request->http10) {
            form = FORM_STREAM;
        } else {
            body_compress(w, r, &packed);
            form = packed ? FORM_GZIP : FORM_PLAIN;
        }
    }
    head_write(w, r, request, form, vary, out);
    bool bodyless = request->method == HTTP_HEAD || r->status == 204 || r->status == 304;
    if (!bodyless && form == FORM_STREAM) {
        *rest = HTTP_REST_STREAM;
    } else if (!bodyless && r->body.len > HTTP_INLINE_BODY_BYTES) {
        *rest = HTTP_REST_BODY;
    } else if (!bodyless) {
        buf_append(out, r->body.data, r->body.len);
    }
    return buf_status(out);
}

static bool compressible(const struct http_reply *r) {
    struct str type = r->content_type;
    if (r->no_compress || r->body.len < COMPRESS_FROM_BYTES) return false;
    if (has_strong_etag(r) || has_header(r, STR("content-encoding"))) return false;
    type = str_sub(type, 0, str_find(type, ';'));
    if (str_starts(type, STR("text/")) || str_starts(type, STR("application/json"))) return true;
    bool json = type.len > 5 && str_eq(str_sub(type, type.len - 5, 5), STR("+json"));
    return json || str_eq(type, STR("application/x-ndjson")) ||
           str_eq(type, STR("application/geo+json-seq")) ||
           str_eq(type, STR("application/vnd.mapbox-vector-tile"));
}

/// Without memory for it the body stays plain.
static void body_compress(struct http_writer *w, struct http_reply *r, bool *done) {
    if (!w->gzip && gzip_new(w->level, &w->gzip) != STATUS_OK) return;
    struct buf packed;
    buf_init(&packed);
    *done = gzip_deflate(w->gzip, buf_str(&r->body), &packed) == STATUS_OK;
    if (*done) {
        buf_deinit(&r->body);
        r->body = packed;
    } else {
        buf_deinit(&packed);
    }
}

static void line(struct buf *out, struct str name, struct str value) {
    buf_append_str(out, name);
    buf_append(out, ": ", 2);
    buf_append_str(out, value);
    buf_append(out, "\r\n", 2);
}

static void head_write(struct http_writer *w, const struct http_reply *r,
                       const struct http_request *q, enum form form, bool vary, struct buf *out) {
    struct str first = status_line(r->status);
    if (first.p) {
        buf_append_str(out, first);
    } else {
        buf_printf(out, "HTTP/1.1 %d Status\r\n", r->status);
    }
    buf_append(out, w->date, w->date_len);
    if (r->content_type.p && r->status != 304) line(out, STR("Content-Type"), r->content_type);
    if (form != FORM_PLAIN) line(out, STR("Content-Encoding"), STR("gzip"));
    if (vary) line(out, STR("Vary"), STR("Accept-Encoding"));
    for (size_t i = 0; i < r->header_count; i++)
        line(out, r->headers[i].name, r->headers[i].value);
    if (form == FORM_STREAM) {
        line(out, STR("Transfer-Encoding"), STR("chunked"));
    } else if (r->status != 204 && r->status != 304) {
        buf_append_str(out, STR("Content-Length: "));
        buf_append_u64(out, r->body.len);
        buf_append(out, "\r\n", 2);
    }
    if (r->close || !q->keep_alive) {
        buf_append_str(out, STR("Connection: close\r\n"));
    } else if (q->http10) {
        buf_append_str(out, STR("Connection: keep-alive\r\n"));
    }
    buf_append(out, "\r\n", 2);
}

static struct str status_line(int status) {
#define LINE(number, text)                                                                         \
    case number: return STR("HTTP/1.1 " #number " " text "\r\n")
    switch (status) {
        LINE(200, "OK");
        LINE(201, "Created");
        LINE(202, "Accepted");
        LINE(204, "No Content");
        LINE(207, "Multi-Status");
        LINE(301, "Moved Permanently");
        LINE(302, "Found");
        LINE(303, "See Other");
        LINE(304, "Not Modified");
        LINE(307, "Temporary Redirect");
        LINE(308, "Permanent Redirect");
        LINE(400, "Bad Request");
        LINE(401, "Unauthorized");
        LINE(403, "Forbidden");
        LINE(404, "Not Found");
        LINE(405, "Method Not Allowed");
        LINE(406, "Not Acceptable");
        LINE(408, "Request Timeout");
        LINE(409, "Conflict");
        LINE(410, "Gone");
        LINE(412, "Precondition Failed");
        LINE(413, "Content Too Large");
        LINE(414, "URI Too Long");
        LINE(415, "Unsupported Media Type");
        LINE(422, "Unprocessable Content");
        LINE(428, "Precondition Required");
        LINE(429, "Too Many Requests");
        LINE(431, "Request Header Fields Too Large");
        LINE(500, "Internal Server Error");
        LINE(501, "Not Implemented");
        LINE(503, "Service Unavailable");
    default: return STR_NONE;
    }
#undef LINE
}
