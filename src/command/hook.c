#include "command/hook.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "command/commands_state.h"
#include "command/reply.h"
#include "realtime/delivery.h"

#define EVERYWHERE_M 20100000.0 // half the way round
#define EXPIRY_MOST_S 1e10

static enum status endpoints_parse(struct args *a, struct hook *h);
static enum status clauses_parse(struct args *a, struct hook *h, int64_t expires_ms,
                                 enum search_kind *kind);
static enum status search_parse(struct args *a, struct hook *h, enum search_kind kind);
static enum status details_write(struct hook *h);
static enum fence_verdict on_accept(const void *ctx, const struct object *o, unsigned command);
static void on_free(void *ctx);

static enum status hook_new(struct command_call *call, enum fence_kind kind, struct hook **out) {
    struct hook *h = mem_zalloc(1, sizeof *h);
    if (!h) return STATUS_NO_MEMORY;
    arena_init(&h->arena, 1024);
    h->commands = call->commands;
    h->kind = kind;
    *out = h;
    return STATUS_OK;
}

enum status hook_parse(struct command_call *call, enum fence_kind kind, int64_t expires_ms,
                       struct hook **out) {
    struct args a = args_begin(call, 1);
    struct str name;
    enum search_kind search = SEARCH_NEARBY;
    enum status st = args_text(&a, &name);
    if (st != STATUS_OK) return st;
    if (name.len == 0) return reply_arguments(call);
    if (name.len > FENCE_ID_MAX || !str_is_utf8(name)) return reply_invalid(call, name);
    struct hook *h;
    st = hook_new(call, kind, &h);
    if (st != STATUS_OK) return st;
    h->name = arena_str(&h->arena, name);
    st = h->name.p ? endpoints_parse(&a, h) : STATUS_NO_MEMORY;
    if (st == STATUS_OK) st = clauses_parse(&a, h, expires_ms, &search);
    if (st == STATUS_OK) st = search_parse(&a, h, search);
    if (st == STATUS_OK) st = details_write(h);
    if (st != STATUS_OK) {
        hook_free(h);
        return st;
    }
    *out = h;
    return STATUS_OK;
}

enum status hook_parse_live(struct command_call *call, enum search_kind kind, struct hook **out) {
    struct args a = args_begin(call, 1);
    struct hook *h;
    enum status st = hook_new(call, FENCE_LIVE, &h);
    if (st != STATUS_OK) return st;
    st = search_parse(&a, h, kind);
    if (st != STATUS_OK) {
        hook_free(h);
        return st;
    }
    *out = h;
    return STATUS_OK;
}

void hook_free(struct hook *h) {
    if (!h) return;
    search_args_release(&h->search);
    arena_deinit(&h->arena);
    mem_free(h);
}

static bool same_words(const struct str *a, const struct str *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!str_eq(a[i], b[i])) return false;
    return true;
}

bool hook_same(const struct hook *a, const struct hook *b) {
    if (a->kind != b->kind || a->expires_ms != b->expires_ms || a->word_count != b->word_count ||
        a->endpoint_count != b->endpoint_count || a->meta_count != b->meta_count) {
        return false;
    }
    for (size_t i = 0; i < a->meta_count; i++) {
        if (!str_eq(a->metas[i].name, b->metas[i].name) ||
            !str_eq(a->metas[i].value, b->metas[i].value)) {
            return false;
        }
    }
    return str_eq(a->name, b->name) && same_words(a->endpoints, b->endpoints, a->endpoint_count) &&
           same_words(a->words, b->words, a->word_count);
}

// --- the command ---

/// A copy that lives as long as the hook; STR_NONE without memory.
static struct str keep(struct hook *h, struct str text) {
    return arena_str(&h->arena, text);
}

static enum status endpoint_check(struct args *a, struct str url) {
    struct delivery *delivery = a->call->commands->options.delivery;
    if (!delivery) return STATUS_OK;
    struct reason why = {0};
    enum status st = delivery_check_url(delivery, url, &why);
    if (st != STATUS_INVALID) return st;
    return reason_set(a->call->why, STATUS_BAD_REQUEST, "invalid argument '%.*s': %.120s",
                      (int)(url.len < 80 ? url.len : 80), url.p, why.text);
}

static enum status endpoints_parse(struct args *a, struct hook *h) {
    struct str list, url;
    if (h->kind == FENCE_CHANNEL) {
        struct str *own = arena_alloc(&h->arena, sizeof *own);
        char *text = arena_alloc(&h->arena, h->name.len + 8);
        if (!own || !text) return STATUS_NO_MEMORY;
        memcpy(text, "local://", 8);
        memcpy(text + 8, h->name.p, h->name.len);
        *own = (struct str){text, h->name.len + 8};
        h->endpoints = own;
        h->endpoint_count = 1;
        return STATUS_OK;
    }
    enum status st = args_text(a, &list);
    if (st != STATUS_OK) return st;
    if (list.len == 0) return reply_arguments(a->call);
    struct str *urls = arena_alloc(&h->arena, OUTBOX_URLS * sizeof *urls);
    if (!urls) return STATUS_NO_MEMORY;
    while (str_split(&list, ',', &url)) {
        url = str_trim(url);
        if (h->endpoint_count == OUTBOX_URLS) return reply_invalid(a->call, url);
        st = endpoint_check(a, url);
        if (st != STATUS_OK) return st;
        urls[h->endpoint_count] = keep(h, url);
        if (!urls[h->endpoint_count++].p) return STATUS_NO_MEMORY;
    }
    h->endpoints = urls;
    return STATUS_OK;
}

/// A word that must be there and not be empty.
static enum status take_word(struct args *a, struct str *out) {
    enum status st = args_text(a, out);
    return st == STATUS_OK && out->len == 0 ? reply_arguments(a->call) : st;
}

/// A later one of the same name takes the place of the earlier; in order of names.
static enum status meta_add(struct hook *h, struct hook_meta *metas, struct str name,
                            struct str value) {
    size_t at = 0;
    while (at < h->meta_count && str_compare(metas[at].name, name) < 0)
        at++;
    bool there = at < h->meta_count && str_eq(metas[at].name, name);
    if (!there) {
        memmove(metas + at + 1, metas + at, (h->meta_count - at) * sizeof *metas);
        h->meta_count++;
    }
    metas[at] = (struct hook_meta){keep(h, name), keep(h, value)};
    return metas[at].name.p && metas[at].value.p ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status meta_parse(struct args *a, struct hook *h, struct hook_meta *metas) {
    struct str name, value;
    enum status st = take_word(a, &name);
    if (st == STATUS_OK) st = take_word(a, &value);
    if (st == STATUS_OK && !str_is_utf8(name)) st = reply_invalid(a->call, name);
    if (st == STATUS_OK && !str_is_utf8(value)) st = reply_invalid(a->call, value);
    return st == STATUS_OK ? meta_add(h, metas, name, value) : st;
}

static enum status expiry_parse(struct args *a, struct hook *h, int64_t expires_ms) {
    struct str text;
    double seconds;
    enum status st = take_word(a, &text);
    if (st != STATUS_OK) return st;
    if (!str_parse_number(text, &seconds) || fabs(seconds) > EXPIRY_MOST_S) {
        return reply_invalid(a->call, text);
    }
    h->expires_ms = expires_ms >= 0 ? expires_ms : clock_wall_ms() + (int64_t)(seconds * 1000);
    return STATUS_OK;
}

static enum status clauses_parse(struct args *a, struct hook *h, int64_t expires_ms,
                                 enum search_kind *kind) {
    struct hook_meta *metas = arena_alloc(&h->arena, (a->call->count / 3 + 1) * sizeof *metas);
    if (!metas) return STATUS_NO_MEMORY;
    h->metas = metas;
    for (;;) {
        enum status st = STATUS_OK;
        if (args_take_word(a, "meta")) {
            st = meta_parse(a, h, metas);
        } else if (args_take_word(a, "ex")) {
            st = expiry_parse(a, h, expires_ms);
        } else if (args_take_word(a, "nearby")) {
            *kind = SEARCH_NEARBY;
            break;
        } else if (args_take_word(a, "within")) {
            *kind = SEARCH_WITHIN;
            break;
        } else if (args_take_word(a, "intersects")) {
            *kind = SEARCH_INTERSECTS;
            break;
        } else {
            st = args_peek(a).len ? reply_invalid(a->call, args_peek(a)) : reply_arguments(a->call);
        }
        if (st != STATUS_OK) return st;
    }
    // The search with its name, as HOOKS shows it.
    size_t from = a->at - 1;
    struct str *words = arena_alloc(&h->arena, (a->call->count - from) * sizeof *words);
    if (!words) return STATUS_NO_MEMORY;
    for (size_t i = from; i < a->call->count; i++) {
        words[i - from] = keep(h, a->call->args[i]);
        if (!words[i - from].p) return STATUS_NO_MEMORY;
    }
    h->words = words;
    h->word_count = a->call->count - from;
    return STATUS_OK;
}

static enum status search_parse(struct args *a, struct hook *h, enum search_kind kind) {
    enum status st = search_args_parse(a, kind, false, &h->arena, &h->search);
    if (st == STATUS_OK && !h->search.fence) {
        st = reason_set(a->call->why, STATUS_BAD_REQUEST, "missing FENCE argument");
        search_args_release(&h->search);
        h->search = (struct search_args){0};
    }
    return st;
}

static enum status details_write(struct hook *h) {
    struct buf text;
    buf_init(&text);
    buf_append_str(&text, STR(",\"hook\":"));
    buf_append_json(&text, h->name);
    for (size_t i = 0; i < h->meta_count; i++) {
        buf_append_str(&text, i ? STR(",") : STR(",\"meta\":{"));
        buf_append_json(&text, h->metas[i].name);
        buf_append_char(&text, ':');
        buf_append_json(&text, h->metas[i].value);
    }
    if (h->meta_count) buf_append_char(&text, '}');
    h->details = text.failed ? STR_NONE : keep(h, buf_str(&text));
    buf_deinit(&text);
    return h->details.p ? STATUS_OK : STATUS_NO_MEMORY;
}

// --- its fence ---

static unsigned triggers_of(const struct search_args *s) {
    static const struct {
        unsigned detect, trigger;
    } pairs[] = {{SEARCH_INSIDE, FENCE_INSIDE},
                 {SEARCH_OUTSIDE, FENCE_OUTSIDE},
                 {SEARCH_ENTER, FENCE_ENTER},
                 {SEARCH_EXIT, FENCE_EXIT},
                 {SEARCH_CROSS, FENCE_CROSS}};
    unsigned triggers = 0;
    if (s->roam.on) return FENCE_TRIGGERS_ROAM;
    for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (s->detect & pairs[i].detect) triggers |= pairs[i].trigger;
    return triggers;
}

static unsigned commands_of(const struct search_args *s) {
    unsigned commands = 0;
    if (s->changes & SEARCH_SET) commands |= FENCE_SET_OBJECT;
    if ((s->changes & SEARCH_FSET) && !s->nofields) commands |= FENCE_SET_FIELDS;
    if (s->changes & SEARCH_DEL) commands |= FENCE_DELETE | FENCE_EXPIRE;
    if (s->changes & SEARCH_DROP) commands |= FENCE_DROP;
    return commands;
}

/// Shape, geometry (`*made` is to be given back) and radius.
static enum status area_fill(const struct search_args *s, struct fence_spec *spec,
                             struct geometry **made, struct reason *why) {
    *made = NULL;
    if (s->roam.on) {
        spec->shape = FENCE_ROAM;
        spec->roam_collection = s->roam.key;
        spec->roam_id = s->roam.id;
        spec->radius_m = s->roam.radius_m;
        spec->nodwell = s->nodwell;
        return STATUS_OK;
    }
    spec->shape = FENCE_AREA;
    enum status st = STATUS_OK;
    if (s->area.kind == AREA_CIRCLE) {
        spec->radius_m = fmin(s->area.radius_m, EVERYWHERE_M);
        st = geometry_new_point(s->area.center, made);
    } else {
        st = area_geometry(&s->area, made);
    }
    if (st == STATUS_OK && !*made) {
        st = reason_set(why, STATUS_BAD_REQUEST, "the area of the fence is empty");
    }
    spec->geometry = *made;
    return st;
}

enum status hook_fence(struct hook *h, struct str id, struct fence **out, struct reason *why) {
    const struct search_args *s = &h->search;
    bool tests = s->glob_count > 0 || s->where;
    struct fence_spec spec = {
        .kind = h->kind,
        .id = id,
        .collection = s->key,
        .relation = s->kind == SEARCH_NEARBY   ? FENCE_NEARBY
                    : s->kind == SEARCH_WITHIN ? FENCE_WITHIN
                                               : FENCE_INTERSECTS,
        .triggers = triggers_of(s),
        .commands = commands_of(s),
        .accept = tests ? on_accept : NULL,
        .ctx = h,
        .free_ctx = on_free,
        .durable = h->kind == FENCE_HOOK,
        .expires_ms = h->expires_ms,
        .version = 1,
    };
    struct geometry *geometry;
    enum status st = area_fill(s, &spec, &geometry, why);
    if (st == STATUS_OK) st = fence_new(&spec, out, why);
    geometry_unref(geometry);
    if (st != STATUS_OK) hook_free(h);
    return st;
}

static void on_free(void *ctx) {
    hook_free(ctx);
}

/// MATCH for all, WHERE for what is still there: what was deleted is told of whatever it was like.
static enum fence_verdict on_accept(const void *ctx, const struct object *o, unsigned command) {
    const struct hook *h = ctx;
    if (!search_args_globs(&h->search, object_id(o))) return FENCE_UNCONCERNED;
    bool gone = command & (FENCE_DELETE | FENCE_EXPIRE | FENCE_DROP);
    if (!h->search.where || gone) return FENCE_ACCEPTED;
    struct arena arena;
    struct reason why = {0};
    struct command_client client = {0};
    struct command_call call = {
        .commands = h->commands, .client = &client, .arena = &arena, .why = &why};
    bool match = false;
    arena_init(&arena, 0);
    enum status st = where_matches(h->search.where, &call, o, &match);
    arena_deinit(&arena);
    return st == STATUS_OK && match ? FENCE_ACCEPTED : FENCE_NEVER_IN;
}

// --- as it is kept: "1 expires_ms\n", then each argument with its length in front ---

void hook_keep_name(enum fence_kind kind, struct str name, struct buf *out) {
    buf_append_str(out, kind == FENCE_CHANNEL ? STR("chan/") : STR("hook/"));
    buf_append_str(out, name);
}

void hook_keep_write(const struct str *args, size_t count, int64_t expires_ms, struct buf *out) {
    buf_append_str(out, STR("1 "));
    buf_append_i64(out, expires_ms);
    buf_append_char(out, '\n');
    for (size_t i = 0; i < count; i++) {
        buf_append_u64(out, args[i].len);
        buf_append_char(out, ' ');
        buf_append_str(out, args[i]);
    }
}

enum status hook_keep_read(struct str body, struct arena *arena, const struct str **args,
                           size_t *count, int64_t *expires_ms) {
    struct str line, length, rest = body;
    if (!str_split(&rest, '\n', &line) || !str_starts(line, STR("1 ")) ||
        !str_parse_i64(str_sub(line, 2, line.len - 2), expires_ms)) {
        return STATUS_CORRUPT;
    }
    struct str *list = arena_alloc(arena, (rest.len / 2 + 1) * sizeof *list);
    if (!list) return STATUS_NO_MEMORY;
    *count = 0;
    while (rest.len) {
        uint64_t len;
        if (!str_split(&rest, ' ', &length) || !str_parse_u64(length, &len) || len > rest.len) {
            return STATUS_CORRUPT;
        }
        list[(*count)++] = str_sub(rest, 0, (size_t)len);
        rest = str_sub(rest, (size_t)len, rest.len - (size_t)len);
    }
    *args = list;
    return STATUS_OK;
}
