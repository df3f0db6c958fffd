// serve.c - warpengine serve.

#include "cli/command.h"
#include "server/server.h"

static int serve(const struct options *options) {
    if (options->argument_count) {
        return command_fail(CLI_USAGE, "serve takes no argument (%s)", options->arguments[0]);
    }
    struct config config;
    int code = command_config(options, &config);
    if (code != CLI_DONE) {
        return code;
    }
    code = server_run(&config);
    config_deinit(&config);
    return code;
}

const struct command command_serve = {
    .name = "serve",
    .usage = "[--config FILE] [--listen HOST:PORT] [--data DIR] [--threads N] ...",
    .summary = "Serve until SIGTERM.",
    .options = (const struct option[]){{0}},
    .takes_config = true,
    .run = serve,
};
