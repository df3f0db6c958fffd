// text.h - the Prometheus text format, version 0.0.4, of a registry.
//
// Content type: text/plain; version=0.0.4; charset=utf-8

#ifndef METRICS_TEXT_H
#define METRICS_TEXT_H

#include "base/buf.h"
#include "metrics/registry.h"

/// Append everything registered: HELP and TYPE once per family, then its metrics. `out->failed`
/// when memory ran out. Threads: any; waits for registrations and other writers only.
void metrics_write(struct registry *r, struct buf *out);

#endif
