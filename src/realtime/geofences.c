#include "realtime/geofences.h"

#include <limits.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/keep.h"
#include "realtime/delivery.h"
#include "realtime/geofence_event.h"
#include "realtime/geofence_json.h"

struct geofences {
    struct engine *engine;
    struct delivery *delivery; // may be NULL
    pthread_mutex_t changes;   // one at a time
};

struct restoring {
    struct geofences *all;
    size_t count;
    enum status status;
    struct reason *why;
};

static bool restore_one(void *ctx, struct str name, struct str body);
static enum status restore_text(struct geofences *all, struct str body, struct reason *why);
static enum status put_locked(struct geofences *all, struct geofence *g, const struct geofence *old,
                              uint64_t *lsn, struct reason *why);
static enum status keep(struct geofences *all, const struct geofence *g, const struct geofence *old,
                        uint64_t *lsn, struct reason *why);
static enum status forget(struct geofences *all, struct str id, uint64_t *lsn, struct reason *why);
static bool has_target(const struct geofence *g, const struct geofence_rule *of);
static enum status targets_put(struct geofences *all, const struct geofence *g);
static void targets_remove(struct geofences *all, const struct geofence *old,
                           const struct geofence *now);

enum status geofences_new(struct engine *engine, struct delivery *delivery,
                          struct geofences **out) {
    struct geofences *all = mem_zalloc(1, sizeof *all);
    if (!all) return STATUS_NO_MEMORY;
    all->engine = engine;
    all->delivery = delivery;
    pthread_mutex_init(&all->changes, NULL);
    *out = all;
    return STATUS_OK;
}

void geofences_free(struct geofences *all) {
    if (!all) return;
    pthread_mutex_destroy(&all->changes);
    mem_free(all);
}

enum status geofences_restore(struct geofences *all, size_t *count, struct reason *why) {
    struct restoring r = {.all = all, .why = why};
    enum status st = engine_keep_each(all->engine, STR(GEOFENCES_KEEP_PREFIX), restore_one, &r);
    if (count) *count = r.count;
    return st == STATUS_OK ? r.status : st;
}

struct geofence *geofences_find(struct geofences *all, struct str id) {
    struct fence *f = engine_fence_find(all->engine, FENCE_GEOFENCE, id);
    if (!f) return NULL;
    struct geofence *g = geofence_ref(geofence_of(f));
    fence_unref(f);
    return g;
}

enum status geofences_put(struct geofences *all, struct geofence *g, bool only_new,
                          geofences_check_fn *check, void *ctx, bool *created, uint64_t *lsn,
                          struct reason *why) {
    pthread_mutex_lock(&all->changes);
    struct geofence *old = geofences_find(all, g->id);
    enum status st = STATUS_OK;
    if (old && only_new) {
        st = reason_set(why, STATUS_EXISTS, "there is a geofence of this id: PUT replaces it");
    }
    if (st == STATUS_OK && check) st = check(ctx, old, why);
    if (st == STATUS_OK) st = put_locked(all, g, old, lsn, why);
    if (created) *created = !old;
    geofence_unref(old);
    pthread_mutex_unlock(&all->changes);
    return st;
}

enum status geofences_remove(struct geofences *all, struct str id, geofences_check_fn *check,
                             void *ctx, uint64_t *lsn, struct reason *why) {
    pthread_mutex_lock(&all->changes);
    struct geofence *old = geofences_find(all, id);
    enum status st = STATUS_OK;
    if (!old) st = reason_set(why, STATUS_NOT_FOUND, "there is no geofence of this id");
    if (st == STATUS_OK && check) st = check(ctx, old, why);
    if (st == STATUS_OK) st = forget(all, id, lsn, why);
    if (st == STATUS_OK) st = engine_fence_remove(all->engine, FENCE_GEOFENCE, id);
    if (st == STATUS_OK) targets_remove(all, old, NULL);
    geofence_unref(old);
    pthread_mutex_unlock(&all->changes);
    return st;
}

// --- changes ---

static enum status put_locked(struct geofences *all, struct geofence *g, const struct geofence *old,
                              uint64_t *lsn, struct reason *why) {
    struct fence *f = NULL;
    g->updated_ms = clock_wall_ms();
    g->created_ms = old ? old->created_ms : g->updated_ms;
    g->version = old ? old->version + 1 : 1;
    g->applies_from_seq = engine_event_seq(all->engine) + 1;
    enum status st = geofence_inherit(g, old, why);
    if (st == STATUS_OK) st = geofence_finish(g);
    if (st == STATUS_OK) st = geofence_fence(g, &f, why);
    if (st == STATUS_OK) st = keep(all, g, old, lsn, why);
    if (st != STATUS_OK) {
        fence_unref(f);
        return st;
    }
    st = targets_put(all, g);
    if (st == STATUS_OK) st = engine_fence_put(all->engine, f, NULL);
    fence_unref(f);
    if (st == STATUS_OK) {
        targets_remove(all, old, g);
        return st;
    }
    // No memory: what is kept shall be what is there. Failing that too, the geofence comes with the next start.
    struct reason ignored;
    uint64_t undone;
    enum status back =
        old ? keep(all, old, old, &undone, &ignored) : forget(all, g->id, &undone, &ignored);
    targets_remove(all, g, old);
    return back == STATUS_OK ? st : back;
}

static struct str keep_name(struct str id, char buffer[static 64 + GEOFENCE_ID_MAX]) {
    const size_t len = sizeof GEOFENCES_KEEP_PREFIX - 1;
    memcpy(buffer, GEOFENCES_KEEP_PREFIX, len);
    memcpy(buffer + len, id.p, id.len);
    return (struct str){buffer, len + id.len};
}

/// Where a new target begins, and what that is kept as.
static enum status first_mark(const struct geofence *g, const struct geofence_rule *rule,
                              struct buf *name, struct buf *body) {
    struct buf target;
    buf_init(&target);
    geofence_target_write(g, rule, &target);
    enum status st = buf_status(&target);
    if (st == STATUS_OK) {
        st = delivery_first_mark(buf_str(&target), g->applies_from_seq - 1, name, body);
    }
    buf_deinit(&target);
    return st;
}

/// In one batch: its text, and the marks of targets that `old` has not; so a kill between finds both or none.
static enum status keep(struct geofences *all, const struct geofence *g, const struct geofence *old,
                        uint64_t *lsn, struct reason *why) {
    char name[64 + GEOFENCE_ID_MAX];
    struct buf text, marks[2 * GEOFENCE_RULES_MAX];
    struct engine_keep keeps[1 + GEOFENCE_RULES_MAX];
    size_t count = 1;
    buf_init(&text);
    geofence_keep_text(g, &text);
    enum status st = buf_status(&text);
    keeps[0] = (struct engine_keep){keep_name(g->id, name), buf_str(&text)};
    for (unsigned i = 0; i < g->rule_count && st == STATUS_OK; i++) {
        const struct geofence_rule *rule = &g->rules[i];
        if (!all->delivery || !rule->webhook_url.p || has_target(old, rule)) continue;
        struct buf *mark = &marks[2 * (count - 1)];
        buf_init(&mark[0]);
        buf_init(&mark[1]);
        st = first_mark(g, rule, &mark[0], &mark[1]);
        keeps[count++] = (struct engine_keep){buf_str(&mark[0]), buf_str(&mark[1])};
    }
    if (st == STATUS_OK) st = engine_keep(all->engine, keeps, count, lsn, why);
    for (size_t i = 0; i < 2 * (count - 1); i++)
        buf_deinit(&marks[i]);
    buf_deinit(&text);
    return st;
}

static enum status forget(struct geofences *all, struct str id, uint64_t *lsn, struct reason *why) {
    char name[64 + GEOFENCE_ID_MAX];
    return engine_keep_delete(all->engine, keep_name(id, name), lsn, why);
}

// --- webhooks ---

static bool has_target(const struct geofence *g, const struct geofence_rule *of) {
    for (unsigned i = 0; g && i < g->rule_count; i++) {
        if (g->rules[i].webhook_url.p && str_eq(g->rules[i].id, of->id)) return true;
    }
    return false;
}

static enum status target_put(struct geofences *all, const struct geofence *g,
                              const struct geofence_rule *rule) {
    struct signature_key keys[GEOFENCE_SECRETS_MAX];
    struct buf name;
    enum status st = STATUS_OK;
    for (unsigned i = 0; i < rule->webhook_secret_count && st == STATUS_OK; i++)
        st = signature_key_parse(rule->webhook_secrets[i], &keys[i], NULL);
    if (st != STATUS_OK) return st;
    buf_init(&name);
    geofence_target_write(g, rule, &name);
    const struct outbox_spec spec = {.name = buf_str(&name),
                                     .kind = FENCE_GEOFENCE,
                                     .fence_id = g->id,
                                     .triggers = rule->trigger,
                                     .urls = &rule->webhook_url,
                                     .url_count = 1,
                                     .keys = keys,
                                     .key_count = rule->webhook_secret_count};
    st = buf_status(&name);
    if (st == STATUS_OK) st = delivery_put(all->delivery, &spec, g->applies_from_seq - 1);
    buf_deinit(&name);
    return st;
}

static enum status targets_put(struct geofences *all, const struct geofence *g) {
    enum status st = STATUS_OK;
    for (unsigned i = 0; all->delivery && i < g->rule_count && st == STATUS_OK; i++) {
        if (g->rules[i].webhook_url.p) st = target_put(all, g, &g->rules[i]);
    }
    return st;
}

/// Those of `old` that `now` (NULL: nothing) has not.
static void targets_remove(struct geofences *all, const struct geofence *old,
                           const struct geofence *now) {
    for (unsigned i = 0; all->delivery && old && i < old->rule_count; i++) {
        const struct geofence_rule *rule = &old->rules[i];
        if (!rule->webhook_url.p || has_target(now, rule)) continue;
        struct buf name;
        buf_init(&name);
        geofence_target_write(old, rule, &name);
        if (!name.failed) delivery_remove(all->delivery, buf_str(&name));
        buf_deinit(&name);
    }
}

// --- start ---

static bool restore_one(void *ctx, struct str name, struct str body) {
    struct restoring *r = ctx;
    r->status = restore_text(r->all, body, r->why);
    if (r->status != STATUS_OK) {
        struct reason inner = *r->why;
        reason_set(r->why, r->status, "%.*s: %s %s", name.len > 80 ? 80 : (int)name.len, name.p,
                   inner.text, inner.pointer);
        return false;
    }
    r->count++;
    return true;
}

static enum status restore_text(struct geofences *all, struct str body, struct reason *why) {
    static const struct geofence_limits limits = {.geometry = {UINT32_MAX, UINT32_MAX}};
    struct geofence *g = NULL;
    struct fence *f = NULL;
    struct arena arena;
    arena_init(&arena, 0);
    yyjson_doc *doc = NULL;
    enum status st = geofence_json_read(body, &arena, &doc, why);
    if (st == STATUS_OK)
        st = geofence_parse(yyjson_doc_get_root(doc), GEOFENCE_FROM_STORE, STR_NONE, &limits, &g,
                            why);
    if (st == STATUS_OK) st = geofence_inherit(g, NULL, why);
    if (st == STATUS_OK) st = geofence_finish(g);
    if (st == STATUS_OK) st = geofence_fence(g, &f, why);
    if (st == STATUS_OK) st = targets_put(all, g);
    if (st == STATUS_OK) st = engine_fence_put(all->engine, f, NULL);
    fence_unref(f);
    geofence_unref(g);
    arena_deinit(&arena);
    return st;
}
