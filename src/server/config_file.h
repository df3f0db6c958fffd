// config_file.h - the YAML file of the configuration: nested mappings become dotted keys.

#ifndef SERVER_CONFIG_FILE_H
#define SERVER_CONFIG_FILE_H

#include "server/config.h"

/// Reads `path` and remembers it in `c->file`. INVALID or NOT_FOUND with file and line; IO when it cannot be read.
MUST_USE enum status config_file_load(struct config *c, const char *path, struct reason *why);
/// The same from memory; `name` stands for the file in messages.
MUST_USE enum status config_file_parse(struct config *c, struct str text, const char *name,
                                       struct reason *why);

#endif
