// command.c - what the commands share.

#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "server/config_file.h"

int command_fail(int code, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "warpengine: %s\n", text);
    return code;
}

static void warn(void *ctx, const char *line) {
    (void)ctx;
    fprintf(stderr, "warpengine: %s\n", line);
}

static enum status set_flags(const struct options *options, struct config *config,
                             struct reason *why) {
    for (size_t i = 0; options->table[i].name; i++) {
        char flag[OPTIONS_NAME_BYTES + 2];
        snprintf(flag, sizeof flag, "--%s", options->table[i].name);
        if (!options->values[i] || !config_is_flag(str_of(flag))) {
            continue;
        }
        enum status st = config_set_flag(config, str_of(flag), str_of(options->values[i]), why);
        if (st != STATUS_OK) {
            return st;
        }
    }
    return STATUS_OK;
}

int command_config(const struct options *options, struct config *config) {
    struct reason why = {0};
    if (config_init(config) != STATUS_OK) {
        return command_fail(CLI_FAILED, "out of memory");
    }
    enum status st = set_flags(options, config, &why);
    const char *file = options_get(options, "config");
    if (st == STATUS_OK && file) {
        st = config_file_load(config, file, &why);
    }
    if (st == STATUS_OK) {
        st = config_load_env(config, environ, warn, NULL, &why);
    }
    if (st == STATUS_OK) {
        st = config_check(config, &why);
    }
    if (st == STATUS_OK) {
        return CLI_DONE;
    }
    config_deinit(config);
    return command_fail(CLI_USAGE, "%s", why.text[0] ? why.text : status_text(st));
}
