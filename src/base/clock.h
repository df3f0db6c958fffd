// clock.h - times: wall (Unix ms), monotonic (ns), CPU (ns).

#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

int64_t clock_wall_ms(void);
uint64_t clock_mono_ns(void);
/// CPU time of the calling thread / of the process.
uint64_t clock_thread_cpu_ns(void);
uint64_t clock_process_cpu_ns(void);

/// RFC 3339 ("2026-01-02T03:04:05.678Z", any offset, lower case t/z, leap second read as :59) -> Unix ms.
/// Years 0001..9999. False when it is not one.
bool clock_parse_rfc3339(struct str s, int64_t *unix_ms);

#endif
