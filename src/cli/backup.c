// backup.c - warpengine backup DIR: a copy of the store, through the running server or of a directory at rest.

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/command.h"
#include "cli/target.h"

enum { SILENCE_S = 3600, PATIENCE_S = 30 };

// The server has a working directory of its own.
static bool absolute_path(const char *dir, struct buf *out) {
    char here[PATH_MAX];
    if (dir[0] != '/') {
        if (!getcwd(here, sizeof here)) return false;
        buf_append_str(out, str_of(here));
        buf_append_char(out, '/');
    }
    buf_append_str(out, str_of(dir));
    return true;
}

static enum status ask(struct target *target, struct str dir, struct reason *why) {
    struct buf body, answer;
    buf_init(&body);
    buf_init(&answer);
    buf_append_str(&body, STR("{\"dir\":"));
    buf_append_json(&body, dir);
    buf_append_char(&body, '}');
    struct target_call call = {.method = "POST",
                               .path = "/api/v1/admin/backup",
                               .type = "application/json",
                               .body = buf_str(&body),
                               .answer = &answer,
                               .silence_s = SILENCE_S};
    enum status st = buf_status(&body);
    if (st == STATUS_OK) st = target_call(target, &call, PATIENCE_S, why);
    buf_deinit(&body);
    buf_deinit(&answer);
    return st;
}

static int backup(const struct options *options) {
    struct target *target;
    struct buf dir;
    struct reason why = {0}, later;
    if (options->argument_count != 1 || !options->arguments[0][0] ||
        !str_is_utf8(str_of(options->arguments[0]))) {
        return command_fail(CLI_USAGE, "name one new directory for the copy");
    }
    int code = target_open(options, TARGET_CHANGE, &target);
    if (code != CLI_DONE) return code;
    buf_init(&dir);
    enum status st = absolute_path(options->arguments[0], &dir) ? buf_status(&dir) : STATUS_IO;
    if (st == STATUS_OK) st = ask(target, buf_str(&dir), &why);
    enum status closed = target_close(target, &later);
    if (st == STATUS_OK && closed != STATUS_OK) {
        st = closed;
        why = later;
    }
    if (st == STATUS_OK) {
        printf("backed up into %.*s; start from it with: warpengine serve --data %.*s\n",
               STR_ARGS(buf_str(&dir)), STR_ARGS(buf_str(&dir)));
    }
    buf_deinit(&dir);
    if (st == STATUS_OK) return CLI_DONE;
    return command_fail(CLI_FAILED, "no backup was made: %s",
                        why.text[0] ? why.text : status_text(st));
}

static const struct option backup_options[] = {
    TARGET_OPTIONS,
    {0},
};

const struct command command_backup = {
    .name = "backup",
    .usage = "DIR [--url URL | --data DIR]",
    .summary = "Copy the store into a new directory, while the server runs or while none does.",
    .options = backup_options,
    .run = backup,
};
