#include "cli/sender.h"

#include <pthread.h>

#include "api/json.h"
#include "base/mem.h"
#include "proto/http.h"

struct batch {
    struct buf text; // NDJSON
    uint64_t *lines; // of the input, one for each object
    size_t count, cap;
};

enum sending { SENDING_NONE, SENDING_ASKED, SENDING_DONE };

struct sender {
    struct sender_options options;
    struct buf path;      // NUL-terminated
    struct batch filling; // the caller's
    uint64_t stored, refused;
    bool has_thread;
    pthread_t thread;
    pthread_mutex_t lock; // of all below
    pthread_cond_t changed;
    enum sending sending;
    bool ending;
    struct batch sent; // the thread's while SENDING_ASKED, else the caller's
    struct buf answer;
    enum status result;
    struct reason why;
};

static void *send_batches(void *ctx);
static enum status hand_over(struct sender *s, struct reason *why);
static enum status settle(struct sender *s, struct reason *why);
static enum status read_answer(struct sender *s, struct reason *why);
static bool note_line(struct batch *b, uint64_t line);
static void batch_deinit(struct batch *b);

enum status sender_open(const struct sender_options *options, struct sender **out,
                        struct reason *why) {
    struct sender *s = mem_zalloc(1, sizeof *s);
    if (!s) return reason_set(why, STATUS_NO_MEMORY, "no memory to send");
    s->options = *options;
    buf_init(&s->path);
    buf_init(&s->filling.text);
    buf_init(&s->sent.text);
    buf_init(&s->answer);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    buf_append_str(&s->path, STR("/api/v1/admin/bulk_import?collection="));
    http_encode(&s->path, options->collection);
    buf_append_char(&s->path, '\0');
    s->has_thread = !s->path.failed && pthread_create(&s->thread, NULL, send_batches, s) == 0;
    if (!s->has_thread) {
        sender_close(s);
        return reason_set(why, STATUS_NO_MEMORY, "no memory for a thread that sends");
    }
    *out = s;
    return STATUS_OK;
}

void sender_close(struct sender *s) {
    if (!s) return;
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (s->has_thread) pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    batch_deinit(&s->filling);
    batch_deinit(&s->sent);
    buf_deinit(&s->answer);
    buf_deinit(&s->path);
    mem_free(s);
}

enum status sender_put(struct sender *s, struct str text, const struct feature_time *time,
                       uint64_t line, struct reason *why) {
    struct batch *b = &s->filling;
    buf_append_str(&b->text, text);
    feature_text_end(time, &b->text);
    buf_append_char(&b->text, '\n');
    if (b->text.failed || !note_line(b, line))
        return reason_set(why, STATUS_NO_MEMORY, "no memory for a batch");
    bool full = b->count >= s->options.batch_objects || b->text.len >= s->options.batch_bytes;
    return full ? hand_over(s, why) : STATUS_OK;
}

enum status sender_flush(struct sender *s, struct reason *why) {
    enum status st = s->filling.count ? hand_over(s, why) : STATUS_OK;
    return st == STATUS_OK ? settle(s, why) : st;
}

uint64_t sender_stored(const struct sender *s) {
    return s->stored;
}

uint64_t sender_refused(const struct sender *s) {
    return s->refused;
}

static void *send_batches(void *ctx) {
    struct sender *s = ctx;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (s->sending != SENDING_ASKED && !s->ending)
            pthread_cond_wait(&s->changed, &s->lock);
        if (s->ending) break;
        pthread_mutex_unlock(&s->lock);
        struct target_call call = {.method = "POST",
                                   .path = s->path.data,
                                   .type = "application/x-ndjson",
                                   .body = buf_str(&s->sent.text),
                                   .answer = &s->answer};
        struct reason why = {0};
        enum status st = target_call(s->options.target, &call, s->options.patience_s, &why);
        pthread_mutex_lock(&s->lock);
        s->result = st;
        s->why = why;
        s->sending = SENDING_DONE;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/// What is filled becomes what is sent, once the batch before has been answered.
static enum status hand_over(struct sender *s, struct reason *why) {
    enum status st = settle(s, why);
    if (st != STATUS_OK) return st;
    struct batch empty = s->sent;
    pthread_mutex_lock(&s->lock);
    s->sent = s->filling;
    s->sending = SENDING_ASKED;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    s->filling = empty;
    buf_clear(&s->filling.text);
    s->filling.count = 0;
    return STATUS_OK;
}

/// Wait for the batch under way, if any, and take its answer.
static enum status settle(struct sender *s, struct reason *why) {
    pthread_mutex_lock(&s->lock);
    while (s->sending == SENDING_ASKED)
        pthread_cond_wait(&s->changed, &s->lock);
    bool answered = s->sending == SENDING_DONE;
    s->sending = SENDING_NONE;
    enum status st = s->result;
    pthread_mutex_unlock(&s->lock);
    if (!answered) return STATUS_OK;
    if (st != STATUS_OK) {
        if (why) *why = s->why;
        return st;
    }
    return read_answer(s, why);
}

static enum status read_answer(struct sender *s, struct reason *why) {
    struct json json;
    struct reason unread;
    if (json_parse(buf_str(&s->answer), NULL, &json, &unread) != STATUS_OK)
        return reason_set(why, STATUS_INTERNAL, "the answer is not what a WarpEngine server says");
    s->stored += yyjson_get_uint(yyjson_obj_get(json.root, "stored"));
    s->refused += yyjson_get_uint(yyjson_obj_get(json.root, "failed"));
    yyjson_arr_iter iter = yyjson_arr_iter_with(yyjson_obj_get(json.root, "errors"));
    for (yyjson_val *error; (error = yyjson_arr_iter_next(&iter));) {
        uint64_t place = yyjson_get_uint(yyjson_obj_get(error, "line"));
        const char *text = yyjson_get_str(yyjson_obj_get(error, "error"));
        uint64_t line = place >= 1 && place <= s->sent.count ? s->sent.lines[place - 1] : 0;
        s->options.on_refused(s->options.ctx, line, text ? text : "refused");
    }
    json_free(&json);
    return STATUS_OK;
}

static bool note_line(struct batch *b, uint64_t line) {
    if (b->count == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 1024;
        uint64_t *lines = mem_realloc(b->lines, cap * sizeof *lines);
        if (!lines) return false;
        b->lines = lines;
        b->cap = cap;
    }
    b->lines[b->count++] = line;
    return true;
}

static void batch_deinit(struct batch *b) {
    buf_deinit(&b->text);
    mem_free(b->lines);
}
