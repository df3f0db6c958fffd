#include "server/config_reload.h"

#include "server/config_file.h"

enum status config_reload(const struct config *c, char *const *environment, struct config *out,
                          struct reason *why) {
    enum status st = config_copy_flags(c, out);
    if (st != STATUS_OK) return st;
    if (c->file) st = config_file_load(out, c->file, why);
    if (st == STATUS_OK) st = config_load_env(out, environment, NULL, NULL, why);
    if (st == STATUS_OK) st = config_check(out, why);
    if (st != STATUS_OK) config_deinit(out);
    return st;
}
