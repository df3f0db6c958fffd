#include "cli/target.h"

#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/local.h"

enum { FIRST_WAIT_MS = 20, LONGEST_WAIT_MS = 1000 };

struct target {
    struct http_client *http; // one of the two
    struct local *local;
};

static enum status call_once(struct target *t, const struct target_call *call, struct reason *why);
static int open_local(const struct options *options, enum target_use use, struct target *t);
static long last_code(const struct target *t);

int target_open(const struct options *options, enum target_use use, struct target **out) {
    const char *url = options_get(options, "url");
    bool is_local = options_has(options, "data");
    if (url && is_local) {
        return command_fail(CLI_USAGE, "--url and --data exclude each other: a server or a "
                                       "directory");
    }
    if (!is_local && options_has(options, "config"))
        return command_fail(CLI_USAGE, "--config goes with --data");
    struct target *t = mem_zalloc(1, sizeof *t);
    if (!t) return command_fail(CLI_FAILED, "out of memory");
    struct reason why = {0};
    int code = CLI_DONE;
    if (is_local) {
        code = open_local(options, use, t);
    } else if (http_client_new(url ? url : HTTP_CLIENT_URL, &t->http, &why) != STATUS_OK) {
        code = command_fail(CLI_USAGE, "%s", why.text);
    }
    if (code != CLI_DONE) {
        mem_free(t);
        return code;
    }
    *out = t;
    return CLI_DONE;
}

enum status target_call(struct target *t, const struct target_call *call, unsigned patience_s,
                        struct reason *why) {
    uint64_t until = clock_mono_ns() + (uint64_t)patience_s * 1000000000u;
    long wait_ms = FIRST_WAIT_MS;
    for (;;) {
        enum status st = call_once(t, call, why);
        long code = last_code(t);
        if ((code != 503 && code != 429) || clock_mono_ns() > until) return st;
        nanosleep(&(struct timespec){wait_ms / 1000, wait_ms % 1000 * 1000000}, NULL);
        if (wait_ms < LONGEST_WAIT_MS) wait_ms *= 2;
    }
}

bool target_is_away(const struct target *t) {
    return t->http && http_client_code(t->http) == 0;
}

bool target_is_local(const struct target *t) {
    return t->local != NULL;
}

enum status target_close(struct target *t, struct reason *why) {
    if (!t) return STATUS_OK;
    http_client_free(t->http);
    enum status st = local_close(t->local, why);
    mem_free(t);
    return st;
}

static enum status call_once(struct target *t, const struct target_call *call, struct reason *why) {
    return t->http ? http_client_call(t->http, call, why) : local_call(t->local, call, why);
}

static long last_code(const struct target *t) {
    return t->http ? http_client_code(t->http) : local_code(t->local);
}

static int open_local(const struct options *options, enum target_use use, struct target *t) {
    struct config config;
    struct reason why = {0};
    int code = command_config(options, &config);
    if (code != CLI_DONE) return code;
    enum status st = local_open(&config, use, &t->local, &why);
    config_deinit(&config);
    if (st == STATUS_OK) return CLI_DONE;
    return command_fail(CLI_FAILED, "%s%s", why.text[0] ? why.text : status_text(st),
                        st == STATUS_LOCKED ? "; give --url to go through that server" : "");
}
