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

bool resp_run_add(struct resp_session *s, const struct resp_command *command, size_t at) {
    struct resp_home *home = s->home;
    if (command->form != RESP_ARRAY || s->is_live || s->closing ||
        (home->is_serving && !home->is_serving(home->handler->ctx))) {
        return false;
    }
    struct command_call call = call_of(s);
    call.args = command->args;
    call.count = command->count;
    if (!command_run_add(home->run, &call)) return false;
    home->run_at[command_run_count(home->run) - 1] = at;
    return true;
}

static bool on_reply(void *ctx, size_t begin, uint64_t lsn) {
    struct resp_session *s = ctx;
    const struct buf *out = &s->home->out;
    if (lsn) resp_out_mark(s, begin, lsn, RESP_ARRAY);
    if (out->failed) return false;
    if (out->len <= RESP_GATHERED_MAX) return true;
    resp_out_flush(s);
    return !s->closing && !resp_out_is_full(s);
}

bool resp_run_answer(struct resp_session *s, size_t *at) {
    struct resp_home *home = s->home;
    size_t count = command_run_count(home->run);
    if (count == 0) return true;
    struct command_call call = call_of(s);
    s->form = RESP_ARRAY;
    size_t answered = command_run_answer(home->run, &call, on_reply, s);
    uint64_t now_ns = clock_mono_ns();
    resp_metrics_run(home->metrics, command_run_command(home->run), answered,
                     (now_ns - home->mark_ns) / answered);
    home->mark_ns = now_ns;
    if (!resp_out_settle(s) || answered == count) return true;
    resp_parser_deinit(&s->parser); // it has gone on
    *at = home->run_at[answered];
    return false;
}
