// main.c - warpengine COMMAND: finds the command and gives it its options.

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static const struct command *const commands[] = {
    &command_serve,  &command_import, &command_export, &command_replay,
    &command_backup, &command_check,  &command_bench,
};

static const struct command *find(const char *name) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

// A command's options, with those of the configuration where it takes them.
struct table {
    struct option options[OPTIONS_MAX];
    char names[CONFIG_KEY_COUNT][OPTIONS_NAME_BYTES];
};

static void table_init(struct table *t, const struct command *c) {
    size_t n = 0;
    memset(t, 0, sizeof *t);
    for (; c->options[n].name; n++) {
        assert(n + CONFIG_KEY_COUNT + 2 < OPTIONS_MAX);
        t->options[n] = c->options[n];
    }
    if (!c->takes_config) {
        return;
    }
    t->options[n++] = (struct option){"config", "FILE", "Read this YAML file."};
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = config_key(i);
        char flag[OPTIONS_NAME_BYTES + 2];
        config_flag_name(key, flag, sizeof flag);
        snprintf(t->names[i], sizeof t->names[i], "%s", flag + 2);
        t->options[n++] = (struct option){t->names[i], "VALUE", key->help};
    }
}

static void help_all(FILE *to) {
    fprintf(to,
            "warpengine %s - the geospatial database for things that move\n\n"
            "usage: warpengine COMMAND [OPTIONS]\n\n",
            WARP_VERSION);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    }
    fprintf(to, "  %-10s %s\n  %-10s %s\n\n", "version", "Print the version.", "help",
            "Explain a command: warpengine help COMMAND.");
}

static void help_one(const struct command *c, FILE *to) {
    fprintf(to, "usage: warpengine %s %s\n\n%s\n\n", c->name, c->usage, c->summary);
    struct table table;
    table_init(&table, c);
    options_help(table.options, to);
}

static int help(int argc, char **argv) {
    if (argc < 1) {
        help_all(stdout);
        return CLI_DONE;
    }
    const struct command *c = find(argv[0]);
    if (!c) {
        return command_fail(CLI_USAGE, "there is no command %s; try: warpengine help", argv[0]);
    }
    help_one(c, stdout);
    return CLI_DONE;
}

static bool asks_for_help(int argc, char **argv) {
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static int run(const struct command *c, int argc, char **argv) {
    if (asks_for_help(argc, argv)) {
        help_one(c, stdout);
        return CLI_DONE;
    }
    struct table table;
    struct options options;
    struct reason why;
    table_init(&table, c);
    if (options_parse(&options, table.options, argc, argv, &why) != STATUS_OK) {
        return command_fail(CLI_USAGE, "%s (see: warpengine help %s)", why.text, c->name);
    }
    return c->run(&options);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        help_all(stderr);
        return CLI_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0) {
        puts("warpengine " WARP_VERSION);
        return CLI_DONE;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return help(argc - 2, argv + 2);
    }
    const struct command *c = find(name);
    if (!c) {
        return command_fail(CLI_USAGE, "there is no command %s; try: warpengine help", name);
    }
    return run(c, argc - 2, argv + 2);
}
