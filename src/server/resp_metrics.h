// resp_metrics.h - commands counted by name, how long they took, bytes both ways.
//
// The labels are the names in the table of commands, so the number of series is bounded. Threads: any.

#ifndef SERVER_RESP_METRICS_H
#define SERVER_RESP_METRICS_H

#include "command/command.h"

struct resp_metrics;

MUST_USE enum status resp_metrics_new(struct registry *registry, struct resp_metrics **out);
/// The registry keeps the numbers. NULL is allowed.
void resp_metrics_free(struct resp_metrics *m);
/// `command` NULL: there is none of the name. `m` may be NULL, here and below.
void resp_metrics_command(struct resp_metrics *m, const struct command *command, uint64_t ns);
/// `count` of them that took `ns` each.
void resp_metrics_run(struct resp_metrics *m, const struct command *command, uint64_t count,
                      uint64_t ns);
void resp_metrics_bytes(struct resp_metrics *m, uint64_t in, uint64_t out);
void resp_metrics_opened(struct resp_metrics *m);
/// So far.
uint64_t resp_metrics_commands(const struct resp_metrics *m);
uint64_t resp_metrics_accepted(const struct resp_metrics *m);

#endif
