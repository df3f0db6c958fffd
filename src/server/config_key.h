// config_key.h - one line of the table of keys.

#ifndef SERVER_CONFIG_KEY_H
#define SERVER_CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>

enum config_kind {
    CONFIG_TEXT,
    CONFIG_SECRET, // a text that is never shown
    CONFIG_LIST,   // comma-separated text, or a YAML sequence
    CONFIG_BOOL,
    CONFIG_NUMBER,  // uint32_t
    CONFIG_BYTES,   // uint64_t; "64MiB"
    CONFIG_MS,      // uint32_t of milliseconds; a bare number is milliseconds; "1s"
    CONFIG_SECONDS, // uint32_t of milliseconds; a bare number is seconds
    CONFIG_DEGREES, // double
    CONFIG_CHOICE,  // int, an index into choices
};

struct config_key {
    const char *name;     // "limits.body_bytes"; WARP_LIMITS_BODY_BYTES; --limits-body-bytes
    const char *fallback; // the default, as text
    const char *help;
    enum config_kind kind;
    size_t offset;   // in struct config
    double min, max; // of numbers, in the unit that is stored
    const char *const *choices;
    bool reloads; // SIGHUP takes it up without a restart
};

#endif
