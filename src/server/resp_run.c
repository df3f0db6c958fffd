// resp_run.c - commands of one connection that are answered together.

#include "base/clock.h"
#include "server/resp_state.h"

static struct command_call call_of(struct resp_session *s) {
    struct resp_home *home = s->home;
    return (struct command_call){.commands = home->commands,
                                 .client = &s->client,
                                 .out = &home->out,
                                 .arena = &home->arena,
                                 .reader = home->reader,
                                 .begin_ns = home->mark_ns};
}

bool resp_run_add(struct resp_session *s, const struct resp_command *command) {
    struct resp_home *home = s->home;
    if (command->form != RESP_ARRAY || s->is_live || s->closing ||
        (home->is_serving && !home->is_serving(home->handler->ctx))) {
        return false;
    }
    struct command_call call = call_of(s);
    call.args = command->args;
    call.count = command->count;
    return command_run_add(home->run, &call);
}

static void mark(void *ctx, size_t begin, uint64_t lsn) {
    if (lsn) resp_out_mark(ctx, begin, lsn, RESP_ARRAY);
}

bool resp_run_answer(struct resp_session *s) {
    struct resp_home *home = s->home;
    size_t count = command_run_count(home->run);
    if (count == 0) return true;
    struct command_call call = call_of(s);
    s->form = RESP_ARRAY;
    command_run_answer(home->run, &call, mark, s);
    uint64_t now_ns = clock_mono_ns();
    resp_metrics_run(home->metrics, command_run_command(home->run), count,
                     (now_ns - home->mark_ns) / count);
    home->mark_ns = now_ns;
    return resp_out_settle(s);
}
