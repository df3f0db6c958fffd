#include "cli/tile38_import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/command.h"
#include "cli/progress.h"
#include "cli/tile38_plan.h"
#include "cli/tile38_sender.h"
#include "cli/tile38_source.h"

enum { ERRORS_SHOWN = 10, PASSWORD_BYTES = 512 };

struct tile38_run {
    const char *name; // of the file or the source
    bool live;
    struct resp_client *client;
    struct tile38_sender sender;
    struct progress progress;
    uint64_t expected; // objects of the source; 0: unknown
    uint64_t left_out; // commands that this server refuses unseen
    uint64_t shown;    // errors
};

static int open_target(const struct options *options, struct tile38_run *run);
static int import_file(const struct options *options, struct tile38_run *run);
static int import_source(const struct options *options, const char *url, struct tile38_run *run);
static int finish(struct tile38_run *run, enum status st, const struct reason *why);
static void on_refused(void *ctx, const char *brief, uint64_t offset, struct str text);

static const char *source_url(const struct options *options) {
    const char *source = options_get(options, "source");
    if (source) return source;
    bool named =
        options->argument_count == 1 && str_starts(str_of(options->arguments[0]), STR("redis://"));
    return named ? options->arguments[0] : NULL;
}

bool tile38_import_is_meant(const struct options *options) {
    const char *format = options_get(options, "format");
    return (format && strcmp(format, "tile38") == 0) || source_url(options);
}

int tile38_import(const struct options *options) {
    struct tile38_run run = {0};
    const char *url = source_url(options);
    size_t names = options_has(options, "source") ? 0 : 1;
    if (options->argument_count != names)
        return command_fail(CLI_USAGE,
                            "name one file to read, or - for standard input, or --source "
                            "redis://HOST:PORT");
    if (options_has(options, "data"))
        return command_fail(CLI_USAGE,
                            "--format tile38 goes to a running server: --url redis://HOST:PORT");
    if (options_has(options, "after") && !url)
        return command_fail(CLI_USAGE, "--after goes with --source");
    int code = open_target(options, &run);
    if (code == CLI_DONE)
        code = url ? import_source(options, url, &run) : import_file(options, &run);
    tile38_sender_deinit(&run.sender);
    resp_client_close(run.client);
    return code;
}

/// Its first line.
static int read_password(const char *path, char out[PASSWORD_BYTES]) {
    FILE *file = fopen(path, "re");
    bool read = file && fgets(out, PASSWORD_BYTES, file);
    if (file) fclose(file);
    if (!read) return command_fail(CLI_FAILED, "%s: no password can be read from it", path);
    out[strcspn(out, "\r\n")] = '\0';
    return CLI_DONE;
}

static int open_target(const struct options *options, struct tile38_run *run) {
    char room[PASSWORD_BYTES];
    const char *file = options_get(options, "password-file");
    const char *password = getenv("WARP_RESP_PASSWORD");
    const char *url = options_get(options, "url");
    if (file) {
        int code = read_password(file, room);
        if (code != CLI_DONE) return code;
        password = room;
    }
    struct reason why = {0};
    enum status st = resp_client_open(url ? url : RESP_CLIENT_URL, password, &run->client, &why);
    if (st == STATUS_OK) st = tile38_sender_init(&run->sender, run->client);
    run->sender.on_refused = on_refused;
    run->sender.ctx = run;
    if (st == STATUS_OK) return CLI_DONE;
    return command_fail(st == STATUS_INVALID ? CLI_USAGE : CLI_FAILED, "--url: %s%s",
                        why.text[0] ? why.text : status_text(st),
                        st == STATUS_UNAVAILABLE ? "; is the server running? (warpengine serve)"
                                                 : "");
}

static void show_error(struct tile38_run *run, const char *text) {
    if (run->shown++ >= ERRORS_SHOWN) return;
    if (run->progress.shown) fputs("\r\x1b[K", stderr);
    fprintf(stderr, "warpengine: %s: %s\n", run->name, text);
}

static void on_refused(void *ctx, const char *brief, uint64_t offset, struct str text) {
    struct tile38_run *run = ctx;
    char line[512];
    char said[256];
    tile38_sender_brief(&text, 1, said, sizeof said);
    if (run->live) {
        snprintf(line, sizeof line, "%s: %s", brief, said);
    } else {
        snprintf(line, sizeof line, "offset %" PRIu64 ": %s: %s", offset, brief, said);
    }
    show_error(run, line);
}

// --- an append-only file ---

/// Seconds since it was last written to; 0: not known.
static double age_of(const char *path) {
    struct stat info;
    if (strcmp(path, "-") == 0 || stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
    double age = difftime(time(NULL), info.st_mtime);
    return age > 0 ? age : 0;
}

static enum status send_commands(struct tile38_run *run, struct input *in, struct tile38_file *file,
                                 struct tile38_plan *plan, struct reason *why) {
    for (uint64_t n = 0;; n++) {
        struct tile38_command command;
        enum status st = tile38_file_next(file, &command, why);
        if (st == STATUS_NOT_FOUND) return STATUS_OK;
        if (st != STATUS_OK) return st;
        enum tile38_verdict verdict;
        size_t sent;
        struct reason refusal = {0};
        st = tile38_plan_take(plan, &command, &verdict, &sent, &refusal);
        if (st != STATUS_OK) return st;
        if (verdict == TILE38_SEND)
            st = tile38_sender_put(&run->sender, command.args, command.count, command.offset,
                                   buf_str(&plan->wire), sent, why);
        if (st != STATUS_OK) return st;
        if (verdict == TILE38_REFUSE) {
            char brief[160];
            tile38_sender_brief(command.args, command.count, brief, sizeof brief);
            on_refused(run, brief, command.offset, str_of(refusal.text));
            run->left_out++;
        }
        progress_show(&run->progress, n, input_progress(in));
    }
}

static enum status send_fences(struct tile38_run *run, const struct tile38_plan *plan,
                               struct reason *why) {
    size_t at = 0;
    for (const struct name_entry *e; (e = name_map_next(&plan->fences, &at));) {
        struct str args[] = {tile38_plan_fence_word(e), name_entry_name(e)};
        enum status st = tile38_sender_put(&run->sender, args, 2, 0, name_entry_text(e), 1, why);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static enum status run_file(struct tile38_run *run, struct input *in, struct tile38_file *file,
                            struct tile38_plan *plan, struct reason *why) {
    enum status st = send_commands(run, in, file, plan, why);
    struct reason later = {0};
    // What came before a damaged place is kept, its fences too.
    bool ended = st == STATUS_OK || st == STATUS_CORRUPT;
    enum status rest = ended ? send_fences(run, plan, &later) : STATUS_OK;
    if (rest == STATUS_OK && st != STATUS_UNAVAILABLE)
        rest = tile38_sender_flush(&run->sender, &later);
    if (st != STATUS_OK || rest == STATUS_OK) return st;
    *why = later;
    return rest;
}

static int import_file(const struct options *options, struct tile38_run *run) {
    struct input *in = NULL;
    struct tile38_file *file = NULL;
    struct tile38_plan plan;
    struct reason why = {0};
    const char *collection = options_get(options, "collection");
    run->name = options->arguments[0];
    tile38_plan_init(&plan);
    plan.collection = str_of(collection ? collection : "");
    plan.age_s = age_of(run->name);
    enum status st = input_open(run->name, &in, &why);
    if (st == STATUS_OK) st = tile38_file_open(in, &file);
    progress_start(&run->progress, "commands");
    if (st == STATUS_OK) st = run_file(run, in, file, &plan, &why);
    progress_end(&run->progress);
    int code = finish(run, st, &why);
    uint64_t offset, torn = file ? tile38_file_torn(file, &offset) : 0;
    if (plan.expired)
        printf("  %" PRIu64 " lives had ended: the file is %.0f s old\n", plan.expired, plan.age_s);
    if (torn) {
        fprintf(stderr,
                "warpengine: %s: the last command is not whole and was left out: %" PRIu64
                " bytes from offset %" PRIu64 " on\n",
                run->name, torn, offset);
    }
    tile38_file_close(file);
    input_close(in);
    tile38_plan_deinit(&plan);
    return code;
}

// --- a running Tile38 ---

static enum status take_object(void *ctx, const struct str brief[3], struct str wire,
                               struct reason *why) {
    struct tile38_run *run = ctx;
    uint64_t n = tile38_sender_total(&run->sender).done;
    double part = run->expected ? (double)n / (double)run->expected : -1;
    progress_show(&run->progress, n, part > 1 ? 1 : part);
    return tile38_sender_put(&run->sender, brief, 3, 0, wire, 1, why);
}

/// `key`: the last one that is wholly over there.
static enum status run_source(struct tile38_run *run, struct tile38_source *source, struct str only,
                              struct str *key, struct reason *why) {
    struct str next;
    enum status st;
    while ((st = tile38_source_key(source, *key, &next)) == STATUS_OK) {
        if (only.len == 0 || str_eq(only, next)) {
            st = tile38_source_scan(source, next, take_object, run, why);
            if (st == STATUS_OK) st = tile38_sender_flush(&run->sender, why);
            if (st != STATUS_OK) return st;
        }
        *key = next;
    }
    st = tile38_source_fences(source, only, take_object, run, why);
    return st == STATUS_OK ? tile38_sender_flush(&run->sender, why) : st;
}

static int import_source(const struct options *options, const char *url, struct tile38_run *run) {
    struct tile38_source *source;
    struct reason why = {0};
    const char *after = options_get(options, "after"), *only = options_get(options, "collection");
    enum status st = tile38_source_open(url, NULL, &source, &why);
    if (st != STATUS_OK) {
        return command_fail(st == STATUS_INVALID ? CLI_USAGE : CLI_FAILED, "--source: %s",
                            why.text[0] ? why.text : status_text(st));
    }
    run->live = true;
    run->name = tile38_source_name(source);
    if (!after && !only) run->expected = tile38_source_objects(source);
    struct str key = str_of(after ? after : "");
    progress_start(&run->progress, "imported");
    st = run_source(run, source, str_of(only ? only : ""), &key, &why);
    progress_end(&run->progress);
    int code = finish(run, st, &why);
    if (st != STATUS_OK && key.len) {
        fprintf(stderr,
                "warpengine: everything up to the key %.*s is there: go on with --after %.*s\n",
                STR_ARGS(key), STR_ARGS(key));
    }
    tile38_source_close(source);
    return code;
}

// --- the end ---

static int finish(struct tile38_run *run, enum status st, const struct reason *why) {
    struct tile38_count total = tile38_sender_total(&run->sender);
    uint64_t refused = total.refused + run->left_out;
    if (run->shown > ERRORS_SHOWN)
        fprintf(stderr, "warpengine: ... and %" PRIu64 " errors more\n", run->shown - ERRORS_SHOWN);
    printf("%s: %" PRIu64 " commands", run->name, total.done);
    if (total.idle) printf(", %" PRIu64 " without effect", total.idle);
    if (refused) printf(", %" PRIu64 " refused", refused);
    printf(", %.1f s\n", progress_seconds(&run->progress));
    for (size_t i = 0; i < run->sender.count_count; i++) {
        const struct tile38_count *c = &run->sender.counts[i];
        printf("  %s %" PRIu64 "\n", c->name, c->done);
    }
    fflush(stdout);
    if (st != STATUS_OK)
        return command_fail(CLI_FAILED, "%s: %s", run->name,
                            why->text[0] ? why->text : status_text(st));
    if (refused)
        return command_fail(CLI_FAILED, "%s: %" PRIu64 " commands were refused", run->name,
                            refused);
    return CLI_DONE;
}
