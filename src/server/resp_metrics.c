#include "server/resp_metrics.h"

#include "base/mem.h"

enum kind { KIND_READ, KIND_WRITE, KIND_OTHER, KIND_COUNT };

struct resp_metrics {
    const struct command *table;
    size_t count;
    struct counter *unknown, *in, *out, *opened;
    struct histogram *seconds[KIND_COUNT];
    struct counter *commands[]; // as the table
};

static enum status register_all(struct registry *r, struct resp_metrics *m);

enum status resp_metrics_new(struct registry *registry, struct resp_metrics **out) {
    size_t count;
    const struct command *table = command_table(&count);
    struct resp_metrics *m = mem_zalloc(1, sizeof *m + count * sizeof m->commands[0]);
    if (!m) return STATUS_NO_MEMORY;
    m->table = table;
    m->count = count;
    enum status st = register_all(registry, m);
    if (st != STATUS_OK) {
        mem_free(m);
        return st;
    }
    *out = m;
    return STATUS_OK;
}

void resp_metrics_free(struct resp_metrics *m) {
    mem_free(m);
}

void resp_metrics_command(struct resp_metrics *m, const struct command *command, uint64_t ns) {
    resp_metrics_run(m, command, 1, ns);
}

void resp_metrics_run(struct resp_metrics *m, const struct command *command, uint64_t count,
                      uint64_t ns) {
    if (!m) return;
    counter_add(command ? m->commands[command - m->table] : m->unknown, count);
    unsigned flags = command ? command->flags : 0;
    enum kind kind = flags & COMMAND_WRITE  ? KIND_WRITE
                     : flags & COMMAND_READ ? KIND_READ
                                            : KIND_OTHER;
    histogram_observe_many_ns(m->seconds[kind], ns, count);
}

void resp_metrics_bytes(struct resp_metrics *m, uint64_t in, uint64_t out) {
    if (!m) return;
    counter_add(m->in, in);
    counter_add(m->out, out);
}

void resp_metrics_opened(struct resp_metrics *m) {
    if (m) counter_inc(m->opened);
}

uint64_t resp_metrics_commands(const struct resp_metrics *m) {
    uint64_t n = m ? counter_value(m->unknown) : 0;
    for (size_t i = 0; m && i < m->count; i++)
        n += counter_value(m->commands[i]);
    return n;
}

uint64_t resp_metrics_accepted(const struct resp_metrics *m) {
    return m ? counter_value(m->opened) : 0;
}

static enum status command_counter(struct registry *r, const char *name, struct counter **out) {
    struct metric_label labels[] = {{"command", name}, {NULL, NULL}};
    struct metric_spec spec = {"warp_resp_commands_total", "RESP commands answered", labels};
    return registry_counter(r, &spec, out);
}

static enum status register_all(struct registry *r, struct resp_metrics *m) {
    static const char *const kinds[KIND_COUNT] = {"read", "write", "other"};
    enum status st = command_counter(r, "unknown", &m->unknown);
    for (size_t i = 0; i < m->count && st == STATUS_OK; i++)
        st = command_counter(r, m->table[i].name, &m->commands[i]);
    for (unsigned i = 0; i < KIND_COUNT && st == STATUS_OK; i++) {
        struct metric_label labels[] = {{"kind", kinds[i]}, {NULL, NULL}};
        struct metric_spec spec = {"warp_resp_command_duration_seconds",
                                   "Time to answer a RESP command", labels};
        st = registry_histogram(r, &spec, &m->seconds[i]);
    }
    struct metric_spec in = {"warp_resp_received_bytes_total", "Bytes of RESP commands", NULL};
    struct metric_spec out = {"warp_resp_sent_bytes_total", "Bytes of RESP replies", NULL};
    struct metric_spec opened = {"warp_resp_connections_accepted_total",
                                 "RESP connections accepted", NULL};
    if (st == STATUS_OK) st = registry_counter(r, &in, &m->in);
    if (st == STATUS_OK) st = registry_counter(r, &out, &m->out);
    return st == STATUS_OK ? registry_counter(r, &opened, &m->opened) : st;
}
