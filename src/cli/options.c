// options.c - see options.h.

#include "cli/options.h"

#include <assert.h>
#include <string.h>

#include "base/str.h"

static int find(const struct option *table, struct str name);
static const char *nearest(const struct option *table, struct str name);

static enum status parse_one(struct options *o, int argc, char **argv, int *at,
                             struct reason *why) {
    struct str name = str_of(argv[*at] + 2);
    struct str value = STR_NONE;
    size_t equals = str_find(name, '=');
    if (equals < name.len) {
        value = str_sub(name, equals + 1, name.len - equals - 1);
        name.len = equals;
    }
    int i = find(o->table, name);
    if (i < 0) {
        const char *known = nearest(o->table, name);
        return reason_set(why, STATUS_INVALID, "unknown option --%.*s%s%s%s", STR_ARGS(name),
                          known ? "; did you mean --" : "", known ? known : "", known ? "?" : "");
    }
    const struct option *option = &o->table[i];
    if (!option->value) {
        if (value.p) {
            return reason_set(why, STATUS_INVALID, "--%s takes no value", option->name);
        }
        o->values[i] = "";
        return STATUS_OK;
    }
    if (!value.p) {
        if (*at + 1 >= argc) {
            return reason_set(why, STATUS_INVALID, "--%s needs a value: --%s %s", option->name,
                              option->name, option->value);
        }
        value = str_of(argv[++*at]);
    }
    o->values[i] = value.p; // NUL-terminated: the end of an argument
    return STATUS_OK;
}

enum status options_parse(struct options *o, const struct option *table, int argc, char **argv,
                          struct reason *why) {
    *o = (struct options){.table = table};
    bool only_arguments = false;
    for (int at = 0; at < argc; at++) {
        const char *arg = argv[at];
        if (!only_arguments && strcmp(arg, "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments && strncmp(arg, "--", 2) == 0) {
            enum status st = parse_one(o, argc, argv, &at, why);
            if (st != STATUS_OK) {
                return st;
            }
        } else if (!only_arguments && arg[0] == '-' && arg[1]) {
            return reason_set(why, STATUS_INVALID, "unknown option %s", arg);
        } else if (o->argument_count == OPTIONS_MAX_ARGUMENTS) {
            return reason_set(why, STATUS_INVALID, "too many arguments");
        } else {
            o->arguments[o->argument_count++] = arg;
        }
    }
    return STATUS_OK;
}

const char *options_get(const struct options *o, const char *name) {
    int i = find(o->table, str_of(name));
    assert(i >= 0);
    return o->values[i];
}

bool options_has(const struct options *o, const char *name) {
    return options_get(o, name) != NULL;
}

enum status options_number(const struct options *o, const char *name, double min, double max,
                           double fallback, double *out, struct reason *why) {
    const char *text = options_get(o, name);
    *out = fallback;
    if (!text) {
        return STATUS_OK;
    }
    if (!str_parse_double(str_of(text), out) || *out < min || *out > max) {
        return reason_set(why, STATUS_INVALID, "--%s must be a number from %.15g to %.15g, not %s",
                          name, min, max, text);
    }
    return STATUS_OK;
}

void options_help(const struct option *table, FILE *to) {
    for (const struct option *o = table; o->name; o++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        fprintf(to, "  %-28s %s\n", left, o->help);
    }
}

static int find(const struct option *table, struct str name) {
    for (int i = 0; table[i].name; i++) {
        if (str_eq(str_of(table[i].name), name)) {
            return i;
        }
    }
    return -1;
}

// Known options that begin like the given one, the longest common beginning first.
static const char *nearest(const struct option *table, struct str name) {
    const char *best = NULL;
    size_t best_len = 1;
    for (const struct option *o = table; o->name; o++) {
        size_t len = 0;
        while (len < name.len && o->name[len] && o->name[len] == name.p[len]) {
            len++;
        }
        if (len > best_len) {
            best = o->name;
            best_len = len;
        }
    }
    return best;
}
