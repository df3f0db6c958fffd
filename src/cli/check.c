// check.c - warpengine check: is the configuration right, is the store whole?

#include <inttypes.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "storage/wal_store.h"

static void say(void *ctx, const char *line) {
    (void)ctx;
    printf("  %s\n", line);
}

static int check_store(const char *dir) {
    struct stat info;
    if (stat(dir, &info) != 0) {
        printf("store %s: not there yet; `warpengine serve` makes it\n", dir);
        return CLI_DONE;
    }
    struct wal_check_report report = {0};
    printf("store %s\n", dir);
    enum status st = wal_store_check(dir, &report, say, NULL);
    printf("  %" PRIu64 " segments, %" PRIu64 " snapshots, %" PRIu64 " frames, %" PRIu64
           " records, %" PRIu64 " bytes; readable up to LSN %" PRIu64 "\n",
           report.segments, report.snapshots, report.frames, report.records, report.bytes,
           report.surviving_lsn);
    if (st == STATUS_OK) {
        printf("store ok\n");
        return CLI_DONE;
    }
    return command_fail(CLI_FAILED, "the store in %s: %s", dir, status_text(st));
}

static int check(const struct options *options) {
    if (options->argument_count) {
        return command_fail(CLI_USAGE, "check takes no argument (%s)", options->arguments[0]);
    }
    struct config config;
    int code = command_config(options, &config);
    if (code != CLI_DONE) {
        return code;
    }
    printf("configuration ok\n");
    code = check_store(config.data_root);
    config_deinit(&config);
    return code;
}

const struct command command_check = {
    .name = "check",
    .usage = "[--config FILE] [--data DIR]",
    .summary = "Validate the configuration and the store, naming what is wrong.",
    .options = (const struct option[]){{0}},
    .takes_config = true,
    .run = check,
};
