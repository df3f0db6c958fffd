#include "base/hash.h"
#include "base/mem.h"
#include "command/commands_state.h"
#include "command/scripts.h"

enum status commands_new(const struct commands_options *options, struct commands **out) {
    struct commands *c = mem_zalloc(1, sizeof *c);
    if (!c) {
        return STATUS_NO_MEMORY;
    }
    c->options = *options;
    c->options.password = NULL;
    atomic_init(&c->keepalive_s, COMMANDS_KEEPALIVE_S);
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->hooks_lock, NULL);
    c->where_eval = scripts_where;
    if (fence_groups_new(&c->groups) != STATUS_OK ||
        scripts_new(options->script_time_ms, options->script_memory_bytes, &c->scripts) !=
            STATUS_OK) {
        commands_free(c);
        return STATUS_NO_MEMORY;
    }
    if (commands_password(c, str_of(options->password ? options->password : "")) != STATUS_OK) {
        commands_free(c);
        return STATUS_INVALID;
    }
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
    if (!c) {
        return;
    }
    fence_groups_free(c->groups);
    scripts_free(c->scripts);
    pthread_mutex_destroy(&c->hooks_lock);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

struct engine *commands_engine(const struct commands *c) {
    return c->options.engine;
}

struct hub *commands_hub(const struct commands *c) {
    return c->options.hub;
}

enum status commands_password(struct commands *c, struct str password) {
    if (password.len > sizeof c->password - 1) {
        return STATUS_INVALID;
    }
    pthread_mutex_lock(&c->lock);
    memset(c->password, 0, sizeof c->password);
    if (password.len) {
        memcpy(c->password, password.p, password.len);
    }
    atomic_store(&c->asks_password, password.len > 0);
    pthread_mutex_unlock(&c->lock);
    return STATUS_OK;
}

bool commands_authenticate(struct commands *c, struct command_client *client, struct str password) {
    char given[COMMANDS_PASSWORD_BYTES] = {0};
    bool fits = password.len < sizeof given;
    if (fits && password.len) {
        memcpy(given, password.p, password.len);
    }
    unsigned differs = !fits; // in a time that tells nothing of where
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < sizeof given; i++) {
        differs |= (unsigned)(given[i] ^ c->password[i]);
    }
    pthread_mutex_unlock(&c->lock);
    client->authenticated |= differs == 0;
    return differs == 0;
}

bool commands_ask_password(const struct commands *c) {
    return atomic_load(&c->asks_password);
}

uint64_t commands_keepalive_s(const struct commands *c) {
    return atomic_load_explicit(&c->keepalive_s, memory_order_relaxed);
}
