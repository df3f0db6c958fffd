// replay.c - warpengine replay: recorded tracks sent as if they happened now, faster if asked.
//
// A position of the file's time t is due at start + (t - first) / speed, and that is its time in the database.

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "api/json.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/progress.h"
#include "cli/reading.h"
#include "cli/tracks.h"
#include "proto/http.h"

enum { TICK_MS = 100, AWAY_MS = 1000, BATCH_POINTS = 5000, SILENCE_S = 20 };

struct replay {
    const char *file;
    double speed;
    bool loop;
    struct reading reading;
    struct tracks tracks;
    struct http_client *client;
    struct buf path, batch, answer;
    struct progress progress;
    size_t next;      // point
    int64_t begun_ms; // when the first point of this round was due, Unix
    uint64_t sent, refused;
    bool is_away; // and that was said
};

static int replay_open(const struct options *options, struct replay *r);
static void replay_close(struct replay *r);
static int begin_at(struct replay *r, double from_s);
static int replay_run(struct replay *r);
static int64_t gather(struct replay *r, size_t *end);
static enum status deliver(struct replay *r, struct reason *why);
static void note_refused(struct replay *r);
static bool wait_or_stop(int64_t ms);

static int replay(const struct options *options) {
    struct replay r = {0};
    int code = replay_open(options, &r);
    if (code == CLI_DONE) code = replay_run(&r);
    replay_close(&r);
    return code;
}

static int replay_open(const struct options *options, struct replay *r) {
    struct reason why = {0};
    const char *url = options_get(options, "url");
    buf_init(&r->path);
    buf_init(&r->batch);
    buf_init(&r->answer);
    r->loop = options_has(options, "loop");
    double from_s;
    if (options_number(options, "speed", 0.001, 1e6, 1, &r->speed, &why) != STATUS_OK ||
        options_number(options, "from", 0, 1e9, 0, &from_s, &why) != STATUS_OK)
        return command_fail(CLI_USAGE, "%s", why.text);
    int code = reading_open(options, &r->reading);
    if (code != CLI_DONE) return code;
    r->file = options->arguments[0];
    if (http_client_new(url ? url : HTTP_CLIENT_URL, &r->client, &why) != STATUS_OK)
        return command_fail(CLI_USAGE, "%s", why.text);
    enum status st = tracks_open(r->reading.reader, &r->tracks, &why);
    if (st != STATUS_OK) {
        return command_fail(CLI_FAILED, "%s: %s", r->file,
                            why.text[0] ? why.text : status_text(st));
    }
    if (r->tracks.skipped) {
        fprintf(stderr, "warpengine: %s: %" PRIu64 " records passed over, the first: %s\n", r->file,
                r->tracks.skipped, r->tracks.first_skipped.text);
    }
    buf_append_str(&r->path, STR("/api/v1/objects/batch?collection="));
    http_encode(&r->path, r->reading.collection);
    buf_append_char(&r->path, '\0');
    return r->path.failed ? command_fail(CLI_FAILED, "out of memory") : begin_at(r, from_s);
}

static int begin_at(struct replay *r, double from_s) {
    int64_t first_ms = r->tracks.points[0].time_ms, from_ms = (int64_t)(from_s * 1000);
    while (r->next < r->tracks.count && r->tracks.points[r->next].time_ms - first_ms < from_ms)
        r->next++;
    if (r->next == r->tracks.count)
        return command_fail(CLI_USAGE, "--from %.15g: %s ends before that", from_s, r->file);
    r->begun_ms = clock_wall_ms() - (int64_t)((double)from_ms / r->speed);
    return CLI_DONE;
}

static void replay_close(struct replay *r) {
    reading_close(&r->reading);
    tracks_close(&r->tracks);
    http_client_free(r->client);
    buf_deinit(&r->path);
    buf_deinit(&r->batch);
    buf_deinit(&r->answer);
}

// SIGINT and SIGTERM are blocked and looked for while it waits: a batch is never cut in two.
static int replay_run(struct replay *r) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    progress_start(&r->progress, "positions sent");
    struct reason why = {0};
    enum status st = STATUS_OK;
    bool stopped = false;
    while (st == STATUS_OK && !stopped && (r->next < r->tracks.count || r->loop)) {
        size_t end;
        int64_t wait_ms = gather(r, &end);
        if (end > r->next) {
            st = deliver(r, &why);
            if (st == STATUS_UNAVAILABLE || st == STATUS_BUSY || st == STATUS_TOO_MANY) {
                st = STATUS_OK;
                wait_ms = AWAY_MS;
            } else if (st == STATUS_OK) {
                r->next = end;
            }
        }
        if (st == STATUS_OK) stopped = wait_or_stop(wait_ms);
    }
    progress_end(&r->progress);
    printf("%.*s: %" PRIu64 " positions sent, %.1f s\n", STR_ARGS(r->reading.collection), r->sent,
           progress_seconds(&r->progress));
    if (st != STATUS_OK)
        return command_fail(CLI_FAILED, "%s", why.text[0] ? why.text : status_text(st));
    if (r->refused)
        return command_fail(CLI_FAILED, "%" PRIu64 " positions were refused", r->refused);
    return CLI_DONE;
}

static int64_t due_ms(const struct replay *r, size_t i) {
    double after = (double)(r->tracks.points[i].time_ms - r->tracks.points[0].time_ms);
    return r->begun_ms + (int64_t)(after / r->speed);
}

/// What is due by now into the batch, up to `*end`. Gives how long to wait afterwards.
static int64_t gather(struct replay *r, size_t *end) {
    int64_t now = clock_wall_ms();
    buf_clear(&r->batch);
    if (r->next == r->tracks.count && r->loop) {
        int64_t begin = r->begun_ms + (int64_t)((double)tracks_length_ms(&r->tracks) / r->speed);
        if (begin > now) {
            *end = r->next;
            return begin - now < TICK_MS ? begin - now : TICK_MS;
        }
        r->begun_ms = begin;
        r->next = 0;
    }
    size_t i = r->next;
    for (; i < r->tracks.count && i - r->next < BATCH_POINTS; i++) {
        int64_t due = due_ms(r, i);
        if (due > now) break;
        tracks_write(&r->tracks, i, due, &r->batch);
    }
    *end = i;
    return i - r->next == BATCH_POINTS ? 0 : TICK_MS;
}

static enum status deliver(struct replay *r, struct reason *why) {
    struct target_call call = {.method = "POST",
                               .path = r->path.data,
                               .type = "application/x-ndjson",
                               .body = buf_str(&r->batch),
                               .answer = &r->answer,
                               .silence_s = SILENCE_S};
    if (r->batch.failed) return reason_set(why, STATUS_NO_MEMORY, "no memory for a batch");
    enum status st = http_client_call(r->client, &call, why);
    if (st == STATUS_OK) {
        if (r->is_away) fprintf(stderr, "warpengine: the server answers again\n");
        r->is_away = false;
        note_refused(r);
        progress_show(&r->progress, r->sent, -1);
    } else if ((st == STATUS_UNAVAILABLE || st == STATUS_BUSY) && !r->is_away) {
        fprintf(stderr, "warpengine: %s; trying again every second\n", why->text);
        r->is_away = true;
    }
    return st;
}

static void note_refused(struct replay *r) {
    struct json json;
    struct reason unread;
    if (json_parse(buf_str(&r->answer), NULL, &json, &unread) != STATUS_OK) return;
    uint64_t failed = yyjson_get_uint(yyjson_obj_get(json.root, "failed"));
    yyjson_val *first = yyjson_arr_get_first(yyjson_obj_get(json.root, "errors"));
    const char *text = yyjson_get_str(yyjson_obj_get(first, "error"));
    if (failed && !r->refused)
        fprintf(stderr, "warpengine: refused, the first: %s\n", text ? text : "no reason");
    r->refused += failed;
    r->sent += yyjson_get_uint(yyjson_obj_get(json.root, "stored"));
    json_free(&json);
}

/// True: asked to end.
static bool wait_or_stop(int64_t ms) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    return sigtimedwait(&set, NULL, &t) > 0;
}

static const struct option replay_options[] = {
    READING_OPTIONS,
    {"speed", "N", "Play N times as fast as it was; default 1."},
    {"from", "SECONDS", "Begin this far into the tracks; default 0."},
    {"loop", NULL, "Begin anew at the end."},
    {"url", "URL", "The running server; http://127.0.0.1:4000 by default."},
    {0},
};

const struct command command_replay = {
    .name = "replay",
    .usage = "FILE|- --collection NAME [--speed N] [--from SECONDS] [--loop] [--url URL]",
    .summary = "Play recorded tracks into a server as if they happened now, until Ctrl-C.",
    .options = replay_options,
    .run = replay,
};
