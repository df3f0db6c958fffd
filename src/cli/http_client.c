#include "cli/http_client.h"

#include <curl/curl.h>

#include "base/mem.h"
#include "cli/answer.h"

enum { CONNECT_S = 10, SILENCE_S = 60 };

struct http_client {
    CURL *curl;
    char *url; // without a slash at its end
    long code; // of the last answer; 0: there was none
    char error[CURL_ERROR_SIZE];
};

static void set_options(struct http_client *c);
static enum status set_call(struct http_client *c, const struct target_call *call,
                            struct curl_slist **headers, struct buf *url);
static enum status call_failed(struct http_client *c, CURLcode code, struct reason *why);
static size_t on_data(char *data, size_t size, size_t count, void *ctx);
static char *copy_text(const char *text);

enum status http_client_new(const char *url, struct http_client **out, struct reason *why) {
    struct str text = str_of(url);
    while (text.len && text.p[text.len - 1] == '/')
        text.len--;
    if (!str_starts(text, STR("http://")) && !str_starts(text, STR("https://"))) {
        return reason_set(why, STATUS_INVALID, "--url must begin with http:// or https://, not %s",
                          url);
    }
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_alloc, mem_free, mem_realloc, copy_text,
                             mem_zalloc) != CURLE_OK) {
        return reason_set(why, STATUS_NO_MEMORY, "libcurl does not start");
    }
    struct http_client *c = mem_zalloc(1, sizeof *c);
    if (c) c->curl = curl_easy_init();
    if (c) c->url = mem_alloc(text.len + 1);
    if (!c || !c->curl || !c->url) {
        http_client_free(c);
        return reason_set(why, STATUS_NO_MEMORY, "no memory for a connection");
    }
    memcpy(c->url, text.p, text.len);
    c->url[text.len] = '\0';
    set_options(c);
    *out = c;
    return STATUS_OK;
}

void http_client_free(struct http_client *c) {
    if (!c) return;
    if (c->curl) curl_easy_cleanup(c->curl);
    mem_free(c->url);
    mem_free(c);
    curl_global_cleanup(); // counted by libcurl
}

enum status http_client_call(struct http_client *c, const struct target_call *call,
                             struct reason *why) {
    struct curl_slist *headers = NULL;
    struct buf url;
    buf_init(&url);
    buf_clear(call->answer);
    c->code = 0;
    c->error[0] = '\0';
    enum status st = set_call(c, call, &headers, &url);
    if (st == STATUS_OK) {
        CURLcode code = curl_easy_perform(c->curl);
        curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &c->code);
        st = code == CURLE_OK ? answer_status(c->code, call->answer, c->url, why)
                              : call_failed(c, code, why);
    }
    curl_slist_free_all(headers);
    buf_deinit(&url);
    return st;
}

long http_client_code(const struct http_client *c) {
    return c->code;
}

static void set_options(struct http_client *c) {
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c->curl, CURLOPT_PROXY, ""); // a database is spoken to directly
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(c->curl, CURLOPT_ACCEPT_ENCODING, NULL);
    curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "warpengine/" WARP_VERSION);
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
}

static enum status set_call(struct http_client *c, const struct target_call *call,
                            struct curl_slist **headers, struct buf *url) {
    buf_printf(url, "%s%s", c->url, call->path);
    buf_append_char(url, '\0');
    if (url->failed) return STATUS_NO_MEMORY;
    curl_easy_setopt(c->curl, CURLOPT_URL, url->data);
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, call->method);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, call->answer);
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME,
                     (long)(call->silence_s ? call->silence_s : SILENCE_S));
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    if (!call->type) {
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, NULL);
        curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
        return STATUS_OK;
    }
    char type[96];
    snprintf(type, sizeof type, "Content-Type: %s", call->type);
    struct curl_slist *list = curl_slist_append(NULL, type);
    if (list) *headers = list;
    if (list) list = curl_slist_append(list, "Expect:"); // no pause before the body
    if (!list) return STATUS_NO_MEMORY;
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, *headers);
    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, call->body.len ? call->body.p : "");
    return STATUS_OK;
}

static enum status call_failed(struct http_client *c, CURLcode code, struct reason *why) {
    const char *text = c->error[0] ? c->error : curl_easy_strerror(code);
    if (code == CURLE_OUT_OF_MEMORY || code == CURLE_WRITE_ERROR)
        return reason_set(why, STATUS_NO_MEMORY, "no memory for the answer");
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        return reason_set(why, STATUS_INVALID, "--url %.120s: %s", c->url, text);
    bool absent = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST;
    return reason_set(why, STATUS_UNAVAILABLE, "%.120s: %.100s%s", c->url, text,
                      absent ? "; is the server running? (warpengine serve)" : "");
}

static size_t on_data(char *data, size_t size, size_t count, void *ctx) {
    struct buf *answer = ctx;
    buf_append(answer, data, size * count);
    return answer->failed ? 0 : size * count;
}

static char *copy_text(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = mem_alloc(size);
    if (copy) memcpy(copy, text, size);
    return copy;
}
