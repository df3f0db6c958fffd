// log.h - structured lines on a descriptor, JSON or human, one write(2) each.
//
// A struct log is set up once and then read by any thread; SIGHUP replaces level by an atomic store.
// A NULL log swallows everything. Values are escaped; a line is cut at 4 KiB.

#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_HUMAN, LOG_JSON };

struct log {
    int fd;
    _Atomic int level;
    enum log_format format;
};

struct log_field {
    const char *key; // NULL ends the list
    enum { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_FLOAT } kind;
    struct str s;
    int64_t i;
    double f;
};

#define LOG_STR(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_STR, .s = (v)})
#define LOG_Z(k, v) LOG_STR(k, str_of(v))
#define LOG_INT(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_INT, .i = (int64_t)(v)})
#define LOG_FLOAT(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_FLOAT, .f = (v)})

/// log_write(log, LOG_INFO, "listening", LOG_Z("address", a), LOG_INT("port", p));
#define log_write(log, level, message, ...)                                                        \
    log_write_fields(log, level, message,                                                          \
                     (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.key = NULL}})

void log_init(struct log *log, int fd, enum log_level level, enum log_format format);
void log_write_fields(struct log *log, enum log_level level, const char *message,
                      const struct log_field *fields);
bool log_parse_level(struct str s, enum log_level *out);

static inline bool log_on(const struct log *log, enum log_level level) {
    return log && (int)level >= atomic_load_explicit(&log->level, memory_order_relaxed);
}

#endif
