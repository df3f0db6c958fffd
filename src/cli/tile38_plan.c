#include "cli/tile38_plan.h"

#include "cli/resp_client.h"
#include "proto/resp.h"

static const double LIFE_MAX_S = 1e12; // nothing to take off from

// What a command is about decides what is done with it.
enum form {
    FORM_KEY,      // NAME key ...
    FORM_SET,      // a life in it, perhaps
    FORM_EXPIRE,   // EXPIRE key id seconds
    FORM_RENAME,   // NAME key newkey
    FORM_FLUSH,    //
    FORM_FENCE,    // SETHOOK, SETCHAN
    FORM_UNFENCE,  // DELHOOK, DELCHAN name
    FORM_UNFENCES, // PDELHOOK, PDELCHAN pattern
    FORM_IDLE,     // of the server that wrote the file
};

struct known {
    const char *name;
    enum form form;
    size_t least; // arguments with the name
};

static const struct known known[] = {
    {"set", FORM_SET, 5},         {"fset", FORM_KEY, 5},          {"del", FORM_KEY, 3},
    {"pdel", FORM_KEY, 3},        {"drop", FORM_KEY, 2},          {"expire", FORM_EXPIRE, 4},
    {"persist", FORM_KEY, 3},     {"jset", FORM_KEY, 5},          {"jdel", FORM_KEY, 4},
    {"rename", FORM_RENAME, 3},   {"renamenx", FORM_RENAME, 3},   {"flushdb", FORM_FLUSH, 1},
    {"sethook", FORM_FENCE, 5},   {"setchan", FORM_FENCE, 4},     {"delhook", FORM_UNFENCE, 2},
    {"delchan", FORM_UNFENCE, 2}, {"pdelhook", FORM_UNFENCES, 2}, {"pdelchan", FORM_UNFENCES, 2},
    {"ping", FORM_IDLE, 1},       {"readonly", FORM_IDLE, 1},     {"config", FORM_IDLE, 1},
    {"replconf", FORM_IDLE, 1},   {"aofshrink", FORM_IDLE, 1},
};

static const struct known *find(struct str name);
static enum status take_set(struct tile38_plan *p, const struct tile38_command *c);
static enum status take_expire(struct tile38_plan *p, const struct tile38_command *c);
static enum status take_rename(struct tile38_plan *p, const struct tile38_command *c,
                               enum tile38_verdict *verdict, struct reason *why);
static enum status take_flush(struct tile38_plan *p, size_t *sent);
static enum status take_fence(struct tile38_plan *p, const struct tile38_command *c,
                              enum tile38_verdict *verdict, struct reason *why);
static void take_unfence(struct tile38_plan *p, const struct tile38_command *c, bool by_pattern);
static bool is_wanted(const struct tile38_plan *p, struct str key);
static enum status encode(struct tile38_plan *p, const struct str *args, size_t count);

void tile38_plan_init(struct tile38_plan *p) {
    *p = (struct tile38_plan){.collection = STR("")};
    buf_init(&p->wire);
}

void tile38_plan_deinit(struct tile38_plan *p) {
    name_map_deinit(&p->keys);
    name_map_deinit(&p->fences);
    buf_deinit(&p->wire);
}

enum status tile38_plan_take(struct tile38_plan *p, const struct tile38_command *c,
                             enum tile38_verdict *verdict, size_t *sent, struct reason *why) {
    const struct known *k = find(c->args[0]);
    buf_clear(&p->wire);
    *sent = 1;
    if (!k || c->count < k->least) {
        *verdict = TILE38_REFUSE;
        reason_set(why, STATUS_INVALID, "%s",
                   k ? "too few arguments" : "no command that an append-only file holds");
        return STATUS_OK;
    }
    *verdict = TILE38_SKIP;
    if (k->form == FORM_IDLE) return STATUS_OK;
    if (k->form == FORM_FENCE) return take_fence(p, c, verdict, why);
    if (k->form == FORM_UNFENCE || k->form == FORM_UNFENCES) {
        take_unfence(p, c, k->form == FORM_UNFENCES);
        return STATUS_OK;
    }
    if (k->form == FORM_RENAME) return take_rename(p, c, verdict, why);
    if (k->form != FORM_FLUSH && !is_wanted(p, c->args[1])) return STATUS_OK;
    *verdict = TILE38_SEND;
    switch (k->form) {
    case FORM_FLUSH: return take_flush(p, sent);
    case FORM_SET: return take_set(p, c);
    case FORM_EXPIRE: return take_expire(p, c);
    default: return encode(p, c->args, c->count);
    }
}

static const struct known *find(struct str name) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (str_eq_nocase(str_of(known[i].name), name)) return &known[i];
    }
    return NULL;
}

static bool is_word(struct str arg, const char *word) {
    return str_eq_nocase(arg, str_of(word));
}

static bool is_wanted(const struct tile38_plan *p, struct str key) {
    return p->collection.len == 0 || str_eq(p->collection, key);
}

static enum status encode(struct tile38_plan *p, const struct str *args, size_t count) {
    resp_client_encode(&p->wire, args, count);
    return buf_status(&p->wire);
}

/// The command with `life` instead of args[at]; `instead` when that life has ended.
static enum status encode_life(struct tile38_plan *p, const struct str *args, size_t count,
                               size_t at, const struct str *instead, size_t instead_count) {
    double seconds;
    bool is_life = str_parse_double(args[at], &seconds) && seconds < LIFE_MAX_S;
    if (p->age_s <= 0 || !is_life) return encode(p, args, count);
    seconds -= p->age_s;
    if (seconds <= 0) {
        p->expired++;
        return encode(p, instead, instead_count);
    }
    char room[32];
    struct buf life = {.data = room, .cap = sizeof room};
    buf_append_fixed(&life, seconds, 3);
    resp_array(&p->wire, count);
    for (size_t i = 0; i < count; i++)
        resp_bulk(&p->wire, i == at ? buf_str(&life) : args[i]);
    return buf_status(&p->wire);
}

/// Where the seconds of EX stand in SET key id [FIELD name value]... [EX seconds] ...; 0: nowhere.
static size_t set_life_at(const struct tile38_command *c) {
    for (size_t i = 3; i + 1 < c->count; i++) {
        if (is_word(c->args[i], "field")) {
            i += 2;
        } else if (is_word(c->args[i], "ex")) {
            return i + 1;
        } else if (!is_word(c->args[i], "nx") && !is_word(c->args[i], "xx")) {
            return 0;
        }
    }
    return 0;
}

static enum status take_set(struct tile38_plan *p, const struct tile38_command *c) {
    if (!name_map_find(&p->keys, c->args[1]).p) {
        enum status st = name_map_put(&p->keys, c->args[1], STR(""));
        if (st != STATUS_OK) return st;
    }
    size_t at = set_life_at(c);
    if (at == 0) return encode(p, c->args, c->count);
    return encode_life(p, c->args, c->count, at, (struct str[]){STR("DEL"), c->args[1], c->args[2]},
                       3);
}

static enum status take_expire(struct tile38_plan *p, const struct tile38_command *c) {
    return encode_life(p, c->args, c->count, 3, (struct str[]){STR("DEL"), c->args[1], c->args[2]},
                       3);
}

static enum status take_rename(struct tile38_plan *p, const struct tile38_command *c,
                               enum tile38_verdict *verdict, struct reason *why) {
    bool from = is_wanted(p, c->args[1]), to = is_wanted(p, c->args[2]);
    if (!from && !to) return STATUS_OK;
    if (!from) { // its objects were passed over as another key's
        *verdict = TILE38_REFUSE;
        reason_set(why, STATUS_INVALID,
                   "the objects come from another key: import without --collection");
        return STATUS_OK;
    }
    enum status st = name_map_put(&p->keys, c->args[2], STR(""));
    if (st != STATUS_OK) return st;
    *verdict = TILE38_SEND;
    return encode(p, c->args, c->count);
}

static enum status take_flush(struct tile38_plan *p, size_t *sent) {
    size_t at = 0;
    *sent = 0;
    for (const struct name_entry *e; (e = name_map_next(&p->keys, &at)); ++*sent) {
        enum status st = encode(p, (struct str[]){STR("DROP"), name_entry_name(e)}, 2);
        if (st != STATUS_OK) return st;
    }
    name_map_clear(&p->keys);
    name_map_clear(&p->fences);
    return STATUS_OK;
}

// --- fences ---

/// Behind META and EX: the place of the search. `*life`: of the seconds of EX, or 0.
static size_t search_at(const struct tile38_command *c, size_t *life) {
    size_t i = is_word(c->args[0], "sethook") ? 3 : 2;
    *life = 0;
    while (i < c->count) {
        if (is_word(c->args[i], "meta")) {
            i += 3;
        } else if (is_word(c->args[i], "ex")) {
            *life = i + 1;
            i += 2;
        } else {
            break;
        }
    }
    return i;
}

static enum status take_fence(struct tile38_plan *p, const struct tile38_command *c,
                              enum tile38_verdict *verdict, struct reason *why) {
    size_t life, at = search_at(c, &life);
    if (at + 1 >= c->count) {
        *verdict = TILE38_REFUSE;
        reason_set(why, STATUS_INVALID, "too few arguments");
        return STATUS_OK;
    }
    if (!is_wanted(p, c->args[at + 1])) return STATUS_OK;
    *verdict = TILE38_HOLD;
    uint64_t expired = p->expired;
    enum status st =
        life ? encode_life(p, c->args, c->count, life, NULL, 0) : encode(p, c->args, c->count);
    if (st != STATUS_OK) return st;
    if (p->expired == expired) return name_map_put(&p->fences, c->args[1], buf_str(&p->wire));
    name_map_remove(&p->fences, c->args[1]);
    return STATUS_OK;
}

/// "sethook" or "setchan" is the first argument of what is held.
static bool is_hook(struct str wire) {
    size_t at = str_find(wire, '$');
    return wire.len > at + 8 && str_eq_nocase(str_sub(wire, at + 4, 7), STR("sethook"));
}

struct str tile38_plan_fence_word(const struct name_entry *fence) {
    return is_hook(name_entry_text(fence)) ? STR("SETHOOK") : STR("SETCHAN");
}

static void take_unfence(struct tile38_plan *p, const struct tile38_command *c, bool by_pattern) {
    struct str name = c->args[0], pattern = c->args[1];
    bool hooks = str_eq_nocase(str_sub(name, name.len - 4, 4), STR("hook"));
    if (!by_pattern) {
        struct str held = name_map_find(&p->fences, pattern);
        if (held.p && is_hook(held) == hooks) name_map_remove(&p->fences, pattern);
        return;
    }
    size_t at = 0;
    for (const struct name_entry *e; (e = name_map_next(&p->fences, &at));) {
        if (is_hook(name_entry_text(e)) == hooks && str_glob(pattern, name_entry_name(e)))
            name_map_remove(&p->fences, name_entry_name(e));
    }
}
