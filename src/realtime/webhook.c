#include "realtime/webhook.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define TIMEOUT_MS 15000u
#define CONNECTIONS 1024u
#define IDLE_CONNECTIONS 256l
#define ANSWER_MOST (256u * 1024) // longer ones are not waited for
#define SPARE_MOST 256u

/// A transfer, used again after its end.
struct transfer {
    struct transfer *next; // spare ones, or those under way
    struct transfer *before;
    struct webhook_client *client;
    CURL *easy;
    struct curl_slist *headers;
    void *job;
    uint64_t begin_ns;
    size_t received;
    bool refused; // by the guard
    char error[CURL_ERROR_SIZE];
};

struct webhook_client {
    CURLM *multi;
    struct webhook_options options;
    struct transfer *spare, *under_way;
    unsigned busy, spares;
};

static struct transfer *transfer_get(struct webhook_client *c);
static void transfer_put(struct webhook_client *c, struct transfer *t);
static void transfer_free(struct transfer *t);
static bool transfer_set(struct transfer *t, const struct webhook_request *r);
static void finish(struct webhook_client *c, struct transfer *t, CURLcode rc);
static size_t on_body(char *bytes, size_t size, size_t count, void *ctx);
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address);

enum status webhook_client_new(const struct webhook_options *options, struct webhook_client **out) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return STATUS_NO_MEMORY;
    struct webhook_client *c = mem_zalloc(1, sizeof *c);
    if (!c) return STATUS_NO_MEMORY;
    c->options = *options;
    if (!c->options.timeout_ms) c->options.timeout_ms = TIMEOUT_MS;
    if (!c->options.connections) c->options.connections = CONNECTIONS;
    c->multi = curl_multi_init();
    if (!c->multi) {
        mem_free(c);
        return STATUS_NO_MEMORY;
    }
    curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)c->options.connections);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
    *out = c;
    return STATUS_OK;
}

void webhook_client_free(struct webhook_client *c) {
    if (!c) return;
    while (c->under_way) {
        struct transfer *t = c->under_way;
        c->under_way = t->next;
        curl_multi_remove_handle(c->multi, t->easy);
        transfer_free(t);
    }
    while (c->spare) {
        struct transfer *t = c->spare;
        c->spare = t->next;
        transfer_free(t);
    }
    curl_multi_cleanup(c->multi);
    mem_free(c);
    curl_global_cleanup();
}

enum status webhook_post(struct webhook_client *c, const struct webhook_request *request,
                         void *job) {
    struct transfer *t = transfer_get(c);
    if (!t) return STATUS_NO_MEMORY;
    t->job = job;
    t->begin_ns = clock_mono_ns();
    t->received = 0;
    t->refused = false;
    t->error[0] = 0;
    if (!transfer_set(t, request) || curl_multi_add_handle(c->multi, t->easy) != CURLM_OK) {
        transfer_put(c, t);
        return STATUS_NO_MEMORY;
    }
    t->before = NULL;
    t->next = c->under_way;
    if (t->next) t->next->before = t;
    c->under_way = t;
    c->busy++;
    return STATUS_OK;
}

void webhook_run(struct webhook_client *c, int wait_ms) {
    int running = 0, left = 0;
    curl_multi_perform(c->multi, &running);
    // What has ended already is told first.
    if (running >= (int)c->busy && wait_ms > 0) {
        curl_multi_poll(c->multi, NULL, 0, wait_ms, NULL);
        curl_multi_perform(c->multi, &running);
    }
    for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left));) {
        if (m->msg != CURLMSG_DONE) continue;
        struct transfer *t = NULL;
        CURLcode rc = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        finish(c, t, rc);
    }
}

void webhook_wake(struct webhook_client *c) {
    curl_multi_wakeup(c->multi);
}

unsigned webhook_busy(const struct webhook_client *c) {
    return c->busy;
}

// --- transfers ---

static struct transfer *transfer_get(struct webhook_client *c) {
    struct transfer *t = c->spare;
    if (t) {
        c->spare = t->next;
        c->spares--;
        return t;
    }
    t = mem_zalloc(1, sizeof *t);
    if (!t) return NULL;
    t->client = c;
    t->easy = curl_easy_init();
    if (t->easy) return t;
    mem_free(t);
    return NULL;
}

static void transfer_put(struct webhook_client *c, struct transfer *t) {
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    if (c->spares >= SPARE_MOST) {
        transfer_free(t);
        return;
    }
    t->next = c->spare;
    c->spare = t;
    c->spares++;
}

static void transfer_free(struct transfer *t) {
    curl_slist_free_all(t->headers);
    curl_easy_cleanup(t->easy);
    mem_free(t);
}

static bool header_add(struct transfer *t, const char *name, struct str value) {
    struct buf line;
    buf_init(&line);
    buf_append_str(&line, str_of(name));
    buf_append_str(&line, value);
    buf_append_char(&line, 0);
    struct curl_slist *more = line.failed ? NULL : curl_slist_append(t->headers, line.data);
    buf_deinit(&line);
    if (more) t->headers = more;
    return more != NULL;
}

static bool headers_set(struct transfer *t, const struct webhook_request *r) {
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)r->timestamp_s);
    return header_add(t, "Content-Type: application/json", STR("")) &&
           header_add(t, "Expect:", STR("")) && // no question before the body
           header_add(t, "webhook-id: ", r->id) &&
           header_add(t, "webhook-timestamp: ", str_of(number)) &&
           (r->signature.len == 0 || header_add(t, "webhook-signature: ", r->signature));
}

static bool transfer_set(struct transfer *t, const struct webhook_request *r) {
    CURL *e = t->easy;
    if (!headers_set(t, r)) return false;
    curl_easy_reset(e);
    bool good = curl_easy_setopt(e, CURLOPT_URL, r->url) == CURLE_OK;
    good = good && curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    good = good && curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK;
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1l);
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0l);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1l);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "WarpEngine/" WARP_VERSION);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)t->client->options.timeout_ms);
    curl_easy_setopt(e, CURLOPT_POST, 1l);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body.p);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
    return good;
}

static void finish(struct webhook_client *c, struct transfer *t, CURLcode rc) {
    struct webhook_result result = {.ns = clock_mono_ns() - t->begin_ns};
    long status = 0;
    curl_off_t after = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after);
    // An answer that was too long to wait for has said all that matters.
    bool answered = rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && t->received > ANSWER_MOST);
    result.status = answered && status > 0 ? (unsigned)status : 0;
    result.retry_after_s = after > 0 && after < UINT32_MAX ? (uint32_t)after : 0;
    if (result.status == 0) {
        const char *why = t->refused    ? "the address is not public (webhooks.allow_private)"
                          : t->error[0] ? t->error
                                        : curl_easy_strerror(rc);
        snprintf(result.text, sizeof result.text, "%.110s", why);
    }
    curl_multi_remove_handle(c->multi, t->easy);
    if (t->before)
        t->before->next = t->next;
    else
        c->under_way = t->next;
    if (t->next) t->next->before = t->before;
    c->busy--;
    void *job = t->job;
    transfer_put(c, t);
    c->options.done(c->options.ctx, job, &result);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx) {
    struct transfer *t = ctx;
    (void)bytes;
    t->received += size * count;
    return t->received > ANSWER_MOST ? 0 : size * count;
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address) {
    struct transfer *t = ctx;
    if (purpose != CURLSOCKTYPE_IPCXN ||
        !webhook_guard_allows(&t->client->options.guard, &address->addr)) {
        t->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
