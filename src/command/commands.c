#include "base/hash.h"
#include "base/mem.h"
#include "command/commands_state.h"

enum status commands_new(const struct commands_options *options, struct commands **out) {
    struct commands *c = mem_zalloc(1, sizeof *c);
    if (!c) {
        return STATUS_NO_MEMORY;
    }
    c->options = *options;
    size_t count;
    const struct command *all = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        struct str name = str_of(all[i].name);
        size_t at = hash_bytes(name.p, name.len, 0) % COMMANDS_TABLE;
        while (c->table[at]) {
            at = (at + 1) % COMMANDS_TABLE;
        }
        c->table[at] = &all[i];
    }
    *out = c;
    return STATUS_OK;
}

void commands_free(struct commands *c) {
    mem_free(c);
}

struct engine *commands_engine(const struct commands *c) {
    return c->options.engine;
}
