// geofence_write.c - geofence -> JSON; and what a geofence takes over from the one before it.

#include "base/hash.h"
#include "base/rand.h"
#include "geo/geojson.h"
#include "realtime/geofence_json.h"

#define LITERAL(out, text) buf_append((out), (text), sizeof(text) - 1)

#define ETAG_SEED 0x67656f66656e6365u
#define SECRET_BYTES 32
#define SECRET_SHOWN 4 // characters at its end

enum secrets { SECRETS_HIDDEN, SECRETS_NEW, SECRETS_WHOLE };

static const struct geofence_rule *rule_before(const struct geofence *old,
                                               const struct geofence_rule *rule);
static enum status give_id(struct geofence *g, struct geofence_rule *rule);
static enum status inherit_secrets(struct geofence *g, struct geofence_rule *rule,
                                   const struct geofence_rule *before, struct reason *why);
static enum status make_secret(struct geofence *g, struct geofence_rule *rule);
static struct str take_text(struct geofence *g, struct buf *text_take);
static void write_geofence(const struct geofence *g, enum secrets secrets, struct buf *out);
static void write_rule(const struct geofence_rule *rule, enum secrets secrets, struct buf *out);
static void write_secrets(const struct geofence_rule *rule, enum secrets secrets, struct buf *out);
static void write_text(const char *name, struct str text, struct buf *out);

// --- inheritance ---

enum status geofence_inherit(struct geofence *g, const struct geofence *old, struct reason *why) {
    for (unsigned i = 0; i < g->rule_count; i++) {
        struct geofence_rule *rule = &g->rules[i];
        const struct geofence_rule *before = old ? rule_before(old, rule) : NULL;
        enum status st = STATUS_OK;
        if (!rule->id.p && before) rule->id = arena_str(&g->arena, before->id);
        if (!rule->id.p) st = before ? STATUS_NO_MEMORY : give_id(g, rule);
        if (st == STATUS_OK && rule->webhook_url.p) st = inherit_secrets(g, rule, before, why);
        if (st != STATUS_OK) {
            reason_prefix(why, "/rules/%u", i);
            return st;
        }
    }
    return STATUS_OK;
}

// A rule without an id is that of the same trigger and receiver.
static const struct geofence_rule *rule_before(const struct geofence *old,
                                               const struct geofence_rule *rule) {
    for (unsigned i = 0; i < old->rule_count; i++) {
        const struct geofence_rule *before = &old->rules[i];
        bool same = rule->id.p ? str_eq(rule->id, before->id)
                               : rule->trigger == before->trigger &&
                                     str_eq(rule->webhook_url, before->webhook_url) &&
                                     str_eq(rule->channel, before->channel);
        if (same) return before;
    }
    return NULL;
}

static bool id_is_free(const struct geofence *g, struct str id) {
    for (unsigned i = 0; i < g->rule_count; i++) {
        if (g->rules[i].id.p && str_eq(g->rules[i].id, id)) return false;
    }
    return true;
}

// "enter", "enter-2", ...
static enum status give_id(struct geofence *g, struct geofence_rule *rule) {
    struct buf id;
    buf_init(&id);
    for (unsigned n = 1; n == 1 || !id_is_free(g, buf_str(&id)); n++) {
        buf_clear(&id);
        buf_append_str(&id, str_of(fence_trigger_name(rule->trigger)));
        if (n > 1) {
            buf_append_char(&id, '-');
            buf_append_u64(&id, n);
        }
        if (id.failed) break;
    }
    rule->id = take_text(g, &id);
    return rule->id.p ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status inherit_secrets(struct geofence *g, struct geofence_rule *rule,
                                   const struct geofence_rule *before, struct reason *why) {
    if (rule->webhook_secret_count == 0 && before && before->webhook_secret_count) {
        rule->webhook_secret_count = before->webhook_secret_count;
        for (unsigned i = 0; i < rule->webhook_secret_count; i++) {
            rule->webhook_secrets[i] = before->webhook_secrets[i];
        }
    } else if (rule->webhook_secret_count == 0) {
        return make_secret(g, rule);
    }
    for (unsigned i = 0; i < rule->webhook_secret_count; i++) {
        struct str *secret = &rule->webhook_secrets[i];
        if (str_starts(*secret, STR(GEOFENCE_HIDDEN))) {
            struct str hidden = *secret, end = str_sub(hidden, sizeof GEOFENCE_HIDDEN - 1,
                                                       hidden.len - (sizeof GEOFENCE_HIDDEN - 1));
            *secret = STR_NONE;
            for (unsigned k = 0; before && k < before->webhook_secret_count; k++) {
                struct str whole = before->webhook_secrets[k];
                struct str tail = str_sub(whole, whole.len - SECRET_SHOWN, SECRET_SHOWN);
                if (str_eq(tail, end)) *secret = whole;
            }
        }
        if (!secret->p) {
            reason_set(why, STATUS_INVALID, "this is how a secret is shown, and none of this rule");
            reason_prefix(why, "/webhook_secret");
            return STATUS_INVALID;
        }
        *secret = arena_str(&g->arena, *secret);
        if (!secret->p) return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static enum status make_secret(struct geofence *g, struct geofence_rule *rule) {
    uint8_t bytes[SECRET_BYTES];
    enum status st = rand_secure(bytes, sizeof bytes);
    if (st != STATUS_OK) return st;
    struct buf text;
    buf_init(&text);
    LITERAL(&text, "whsec_");
    buf_append_base64(&text, bytes, sizeof bytes);
    rule->webhook_secrets[0] = take_text(g, &text);
    rule->webhook_secret_count = 1;
    rule->secret_is_new = true;
    return rule->webhook_secrets[0].p ? STATUS_OK : STATUS_NO_MEMORY;
}

static struct str take_text(struct geofence *g, struct buf *text_take) {
    struct str text = text_take->failed ? STR_NONE : arena_str(&g->arena, buf_str(text_take));
    buf_deinit(text_take);
    return text;
}

// --- what events show ---

enum status geofence_finish(struct geofence *g) {
    struct buf text;
    buf_init(&text);
    LITERAL(&text, "{\"id\":");
    buf_append_json(&text, g->id);
    LITERAL(&text, ",\"name\":");
    buf_append_json(&text, g->name.len ? g->name : g->id);
    LITERAL(&text, ",\"version\":");
    buf_append_u64(&text, g->version);
    buf_append_char(&text, '}');
    g->head = take_text(g, &text);
    if (!g->head.p) return STATUS_NO_MEMORY;
    for (unsigned i = 0; i < g->rule_count; i++) {
        struct geofence_rule *rule = &g->rules[i];
        buf_init(&text);
        write_text("{\"id\":", rule->id, &text);
        write_text(",\"trigger\":", str_of(fence_trigger_name(rule->trigger)), &text);
        if (rule->channel.p) write_text(",\"channel\":", rule->channel, &text);
        LITERAL(&text, ",\"metadata\":");
        buf_append_str(&text, rule->metadata);
        buf_append_char(&text, '}');
        rule->text = take_text(g, &text);
        if (!rule->text.p) return STATUS_NO_MEMORY;
    }
    buf_init(&text);
    geofence_keep_text(g, &text);
    enum status st = buf_status(&text);
    if (st == STATUS_OK) g->etag = hash_bytes(text.data, text.len, ETAG_SEED);
    buf_deinit(&text);
    return st;
}

// --- JSON ---

void geofence_show(const struct geofence *g, bool made, struct buf *out) {
    write_geofence(g, made ? SECRETS_NEW : SECRETS_HIDDEN, out);
}

void geofence_keep_text(const struct geofence *g, struct buf *out) {
    write_geofence(g, SECRETS_WHOLE, out);
}

static void write_text(const char *name, struct str text, struct buf *out) {
    buf_append_str(out, str_of(name));
    buf_append_json(out, text);
}

static void write_flag(const char *name, bool flag, struct buf *out) {
    buf_append_str(out, str_of(name));
    buf_append_str(out, flag ? STR("true") : STR("false"));
}

static void write_shape(const struct geofence *g, struct buf *out) {
    switch (g->shape) {
    case FENCE_AREA:
        LITERAL(out, ",\"geometry\":");
        geojson_write(g->geometry, out);
        break;
    case FENCE_SET:
        write_text(",\"geometry\":{\"collection\":", g->set_collection, out);
        buf_append_char(out, '}');
        break;
    case FENCE_ROAM:
        write_text(",\"roam\":{\"collection\":", g->roam_collection, out);
        if (g->roam_id.len) write_text(",\"id\":", g->roam_id, out);
        write_flag(",\"nodwell\":", g->roam_nodwell, out);
        buf_append_char(out, '}');
        break;
    }
    if (!(g->radius_m > 0)) return;
    LITERAL(out, ",\"radius\":");
    buf_append_double(out, g->radius_m);
}

static void write_geofence(const struct geofence *g, enum secrets secrets, struct buf *out) {
    write_text("{\"id\":", g->id, out);
    write_text(",\"name\":", g->name.len ? g->name : g->id, out);
    write_shape(g, out);
    if (g->collection.len) write_text(",\"collection\":", g->collection, out);
    if (g->filter_text.len) {
        LITERAL(out, ",\"filter\":");
        buf_append_str(out, g->filter_text);
    }
    LITERAL(out, ",\"rules\":[");
    for (unsigned i = 0; i < g->rule_count; i++) {
        if (i) buf_append_char(out, ',');
        write_rule(&g->rules[i], secrets, out);
    }
    buf_append_char(out, ']');
    write_flag(",\"active\":", g->active, out);
    LITERAL(out, ",\"created_at\":\"");
    buf_append_time(out, g->created_ms);
    LITERAL(out, "\",\"updated_at\":\"");
    buf_append_time(out, g->updated_ms);
    LITERAL(out, "\",\"version\":");
    buf_append_u64(out, g->version);
    LITERAL(out, ",\"applies_from_seq\":");
    buf_append_u64(out, g->applies_from_seq);
    buf_append_char(out, '}');
}

static void write_rule(const struct geofence_rule *rule, enum secrets secrets, struct buf *out) {
    write_text("{\"id\":", rule->id, out);
    write_text(",\"trigger\":", str_of(fence_trigger_name(rule->trigger)), out);
    if (rule->webhook_url.p) {
        write_text(",\"webhook_url\":", rule->webhook_url, out);
        LITERAL(out, ",\"webhook_secret\":");
        write_secrets(rule, secrets, out);
    }
    if (rule->channel.p) write_text(",\"channel\":", rule->channel, out);
    LITERAL(out, ",\"metadata\":");
    buf_append_str(out, rule->metadata);
    buf_append_char(out, '}');
}

static void write_secret(struct str secret, bool whole, struct buf *out) {
    if (whole) {
        buf_append_json(out, secret);
        return;
    }
    LITERAL(out, "\"" GEOFENCE_HIDDEN);
    buf_append_str(out, str_sub(secret, secret.len - SECRET_SHOWN, SECRET_SHOWN));
    buf_append_char(out, '"');
}

static void write_secrets(const struct geofence_rule *rule, enum secrets secrets, struct buf *out) {
    bool whole = secrets == SECRETS_WHOLE || (secrets == SECRETS_NEW && rule->secret_is_new);
    if (rule->webhook_secret_count == 1) {
        write_secret(rule->webhook_secrets[0], whole, out);
        return;
    }
    buf_append_char(out, '[');
    for (unsigned i = 0; i < rule->webhook_secret_count; i++) {
        if (i) buf_append_char(out, ',');
        write_secret(rule->webhook_secrets[i], whole, out);
    }
    buf_append_char(out, ']');
}
