// config_value.h - values of the configuration: text <-> what is stored.

#ifndef SERVER_CONFIG_VALUE_H
#define SERVER_CONFIG_VALUE_H

#include "base/buf.h"
#include "base/reason.h"
#include "server/config_key.h"

/// Store `text` at `at`. INVALID, the reason says what is allowed ("a size such as 64MiB, at least 1KiB").
MUST_USE enum status config_value_parse(const struct config_key *key, struct str text, void *at,
                                        struct reason *why);
void config_value_show(const struct config_key *key, const void *at, struct buf *out);
bool config_value_same(const struct config_key *key, const void *a, const void *b);
/// "1500ms", "1.5s", "2m", "1h"; a bare number is in `unit_ms`. At most UINT32_MAX ms.
bool config_value_parse_ms(struct str text, uint64_t unit_ms, uint32_t *out);

#endif
