// search_args.c - words in any order, then what is to be given out, then where.

#include "command/search_args.h"

#include <math.h>

#include "command/reply.h"

struct parsing {
    struct args *a;
    struct arena *arena;
    struct search_args *out;
    bool from_fence, asc, has_detect, has_changes;
    struct str cursor, limit, sparse, precision;
    struct where **last;
    size_t globs_cap;
};

typedef enum status word_fn(struct parsing *p, struct str word);
static word_fn take_asc, take_buffer, take_clip, take_commands, take_cursor, take_desc, take_detect,
    take_distance, take_fence, take_limit, take_match, take_nodwell, take_nofields, take_sparse,
    take_where, take_where_eval, take_where_in;

#define WORD(text) text, sizeof(text) - 1
static const struct {
    const char *name;
    size_t len;
    word_fn *take;
} words[] = {
    {WORD("limit"), take_limit},       {WORD("cursor"), take_cursor},
    {WORD("match"), take_match},       {WORD("where"), take_where},
    {WORD("wherein"), take_where_in},  {WORD("whereeval"), take_where_eval},
    {WORD("sparse"), take_sparse},     {WORD("whereevalsha"), take_where_eval},
    {WORD("nofields"), take_nofields}, {WORD("distance"), take_distance},
    {WORD("fence"), take_fence},       {WORD("detect"), take_detect},
    {WORD("commands"), take_commands}, {WORD("nodwell"), take_nodwell},
    {WORD("desc"), take_desc},         {WORD("asc"), take_asc},
    {WORD("clip"), take_clip},         {WORD("buffer"), take_buffer},
};

static enum status parse(struct parsing *p);
static enum status take_words(struct parsing *p);
static enum status check_conflicts(struct parsing *p);
static enum status take_output(struct parsing *p);
static enum status read_numbers(struct parsing *p);
static enum status take_area(struct parsing *p);
static enum status take_roam(struct parsing *p);
static enum status take_clip_by(struct parsing *p);
static enum status copy_call(const struct args *a, struct arena *arena, struct command_call *out);

enum status search_args_parse(struct args *a, enum search_kind kind, bool fence,
                              struct arena *arena, struct search_args *out) {
    struct command_call copy;
    struct args copied = {&copy, a->at};
    bool keep = arena != a->call->arena;
    *out = (struct search_args){.kind = kind, .fence = fence};
    if (keep && copy_call(a, arena, &copy) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    struct parsing p = {.a = keep ? &copied : a,
                        .arena = arena,
                        .out = out,
                        .from_fence = fence,
                        .last = &out->where};
    enum status st = parse(&p);
    a->at = p.a->at;
    if (st != STATUS_OK) {
        search_args_release(out);
    }
    return st;
}

void search_args_release(struct search_args *args) {
    area_release(&args->area);
}

const char *search_kind_name(enum search_kind kind) {
    static const char *const names[] = {"nearby", "within", "intersects", "scan", "search"};
    return names[kind];
}

bool search_args_globs(const struct search_args *args, struct str text) {
    for (size_t i = 0; i < args->glob_count; i++) {
        if (str_glob(args->globs[i], text)) {
            return true;
        }
    }
    return args->glob_count == 0;
}

static enum status copy_call(const struct args *a, struct arena *arena, struct command_call *out) {
    const struct command_call *call = a->call;
    struct str *texts = arena_alloc(arena, call->count * sizeof *texts + 1);
    *out = *call;
    out->args = texts;
    for (size_t i = 0; texts && i < call->count; i++) {
        texts[i] = arena_str(arena, call->args[i]);
        if (!texts[i].p) {
            return STATUS_NO_MEMORY;
        }
    }
    return texts ? STATUS_OK : STATUS_NO_MEMORY;
}

/// One that is not empty.
static enum status text(struct parsing *p, struct str *out) {
    enum status st = args_text(p->a, out);
    return st == STATUS_OK && out->len == 0 ? reply_arguments(p->a->call) : st;
}

static enum status parse(struct parsing *p) {
    struct search_args *out = p->out;
    enum status st = text(p, &out->key);
    if (st == STATUS_OK) st = take_words(p);
    if (st == STATUS_OK) st = check_conflicts(p);
    if (st == STATUS_OK) st = take_output(p);
    if (st == STATUS_OK) st = read_numbers(p);
    if (st != STATUS_OK) return st;
    if (!out->detect) out->detect = SEARCH_DETECT_ALL;
    if (!p->has_changes) out->changes = SEARCH_CHANGE_ALL;
    if (out->kind == SEARCH_SCAN || out->kind == SEARCH_VALUES) {
        return args_end(p->a);
    }
    st = take_area(p);
    while (st == STATUS_OK && args_left(p->a)) {
        st = take_clip_by(p);
    }
    return st == STATUS_OK && out->has_buffer
               ? area_buffer(&out->area, out->buffer_m, p->a->call->why)
               : st;
}

static word_fn *word_of(struct str word) {
    char first = word.len ? (char)(word.p[0] | 32) : '\0';
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (word.len == words[i].len && first == words[i].name[0] &&
            str_eq_nocase(word, (struct str){words[i].name, words[i].len})) {
            return words[i].take;
        }
    }
    return NULL;
}

static enum status take_words(struct parsing *p) {
    word_fn *take;
    while ((take = word_of(args_peek(p->a)))) {
        struct str word = args_peek(p->a);
        p->a->at++;
        enum status st = take(p, word);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

// --- words ---

static enum status duplicate(struct parsing *p, struct str word, bool upper) {
    char name[32];
    size_t len = word.len < sizeof name ? word.len : sizeof name;
    for (size_t i = 0; i < len; i++) {
        char c = word.p[i];
        name[i] = upper && c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    }
    return reason_set(p->a->call->why, STATUS_BAD_REQUEST, "duplicate argument '%.*s'", (int)len,
                      name);
}

/// A text that may come once.
static enum status once(struct parsing *p, struct str word, struct str *out) {
    return out->len ? duplicate(p, word, true) : text(p, out);
}

/// A flag that may come once.
static enum status flag(struct parsing *p, struct str word, bool *out) {
    if (*out) {
        return duplicate(p, word, true);
    }
    *out = true;
    return STATUS_OK;
}

static enum status take_cursor(struct parsing *p, struct str word) {
    return once(p, word, &p->cursor);
}
static enum status take_limit(struct parsing *p, struct str word) {
    return once(p, word, &p->limit);
}
static enum status take_sparse(struct parsing *p, struct str word) {
    return once(p, word, &p->sparse);
}
static enum status take_nofields(struct parsing *p, struct str word) {
    return flag(p, word, &p->out->nofields);
}
static enum status take_distance(struct parsing *p, struct str word) {
    return flag(p, word, &p->out->distance);
}
static enum status take_clip(struct parsing *p, struct str word) {
    return flag(p, word, &p->out->clip);
}

static enum status take_fence(struct parsing *p, struct str word) {
    if (p->out->fence && !p->from_fence) {
        return duplicate(p, word, true);
    }
    p->out->fence = true;
    return STATUS_OK;
}

static enum status order(struct parsing *p, struct str word, bool *out) {
    if (p->asc || p->out->descending) {
        return duplicate(p, word, true);
    }
    *out = true;
    return STATUS_OK;
}
static enum status take_asc(struct parsing *p, struct str word) {
    return order(p, word, &p->asc);
}
static enum status take_desc(struct parsing *p, struct str word) {
    return order(p, word, &p->out->descending);
}
static enum status take_nodwell(struct parsing *p, struct str word) {
    return order(p, word, &p->out->nodwell);
}

static enum status take_buffer(struct parsing *p, struct str word) {
    (void)word;
    struct str metres;
    enum status st = text(p, &metres);
    if (st != STATUS_OK) return st;
    if (!str_parse_number(metres, &p->out->buffer_m) || p->out->buffer_m < 0) {
        return reply_invalid(p->a->call, metres);
    }
    p->out->has_buffer = true;
    return STATUS_OK;
}

static enum status take_match(struct parsing *p, struct str word) {
    (void)word;
    struct search_args *out = p->out;
    struct str glob;
    enum status st = text(p, &glob);
    if (st != STATUS_OK) return st;
    if (out->glob_count == p->globs_cap) {
        size_t cap = p->globs_cap ? p->globs_cap * 2 : 4;
        struct str *globs = arena_alloc(p->arena, cap * sizeof *globs);
        if (!globs) return STATUS_NO_MEMORY;
        if (out->glob_count) memcpy(globs, out->globs, out->glob_count * sizeof *globs);
        out->globs = globs;
        p->globs_cap = cap;
    }
    out->globs[out->glob_count++] = glob;
    return STATUS_OK;
}

static enum status add_where(struct parsing *p, struct where *w, enum status st) {
    if (st == STATUS_OK) {
        *p->last = w;
        p->last = &w->next;
    }
    return st;
}
static enum status take_where(struct parsing *p, struct str word) {
    (void)word;
    struct where *w;
    enum status st = where_parse(p->a, p->arena, &w);
    return add_where(p, w, st);
}
static enum status take_where_in(struct parsing *p, struct str word) {
    (void)word;
    struct where *w;
    enum status st = where_in_parse(p->a, p->arena, &w);
    return add_where(p, w, st);
}
static enum status take_where_eval(struct parsing *p, struct str word) {
    struct where *w;
    enum status st = where_script_parse(p->a, word.len > 9, p->arena, &w);
    return add_where(p, w, st);
}

/// A list of names with commas between becomes bits; -1 for a name that is none.
static int bit_of(struct str name, const char *const *names, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (str_eq_nocase(name, str_of(names[i]))) {
            return (int)(1u << i);
        }
    }
    return -1;
}

static enum status take_detect(struct parsing *p, struct str word) {
    static const char *const names[] = {"inside", "outside", "enter", "exit", "cross"};
    struct str list, rest, part;
    if (p->has_detect) return duplicate(p, word, true);
    enum status st = text(p, &list);
    if (st != STATUS_OK) return st;
    p->has_detect = true;
    for (rest = list; str_split(&rest, ',', &part);) {
        int bit = bit_of(str_trim(part), names, 5);
        if (bit < 0) return reply_invalid(p->a->call, list);
        if (p->out->detect & (unsigned)bit) return duplicate(p, part, false);
        p->out->detect |= (unsigned)bit;
    }
    return STATUS_OK;
}

static enum status take_commands(struct parsing *p, struct str word) {
    static const char *const names[] = {"set", "del", "drop", "fset"};
    struct str list, part;
    if (p->has_changes) return duplicate(p, word, true);
    enum status st = text(p, &list);
    if (st != STATUS_OK) return st;
    p->has_changes = true;
    while (str_split(&list, ',', &part)) {
        int bit = bit_of(str_trim(part), names, 4);
        if (bit > 0 && p->out->changes & (unsigned)bit) return duplicate(p, part, false);
        p->out->changes |= bit > 0 ? (unsigned)bit : 0;
    }
    return STATUS_OK;
}

// --- what goes together ---

static enum status refuse(struct parsing *p, const char *said, const char *command) {
    return reason_set(p->a->call->why, STATUS_BAD_REQUEST, "%s%s", said, command);
}

static enum status check_conflicts(struct parsing *p) {
    static const char *const upper[] = {"NEARBY", "WITHIN", "INTERSECTS", "SCAN", "SEARCH"};
    const struct search_args *out = p->out;
    const char *command = upper[out->kind];
    bool list = out->kind == SEARCH_SCAN || out->kind == SEARCH_VALUES;
    if (list && p->sparse.len) return refuse(p, "SPARSE is not allowed for ", command);
    if (list && out->fence) return refuse(p, "FENCE is not allowed for ", command);
    if (!list && out->descending) return refuse(p, "DESC is not allowed for ", command);
    if (!list && p->asc) return refuse(p, "ASC is not allowed for ", command);
    if (p->sparse.len && p->limit.len) {
        return refuse(p, "LIMIT is not allowed when SPARSE is specified", "");
    }
    if (p->sparse.len && p->cursor.len) {
        return refuse(p, "CURSOR is not allowed when SPARSE is specified", "");
    }
    if (out->fence && p->cursor.len) {
        return refuse(p, "CURSOR is not allowed when FENCE is specified", "");
    }
    if (p->has_detect && !out->fence) {
        return refuse(p, "DETECT is not allowed when FENCE is not specified", "");
    }
    return STATUS_OK;
}

static enum status take_output(struct parsing *p) {
    static const char *const names[] = {"objects", "count", "ids", "points", "bounds", "hashes"};
    struct str word = args_peek(p->a);
    unsigned i = 0;
    while (i < 6 && !str_eq_nocase(word, str_of(names[i]))) {
        i++;
    }
    if (i == 6) {
        bool left = p->out->kind == SEARCH_SCAN && word.len;
        return left ? reply_invalid(p->a->call, word) : STATUS_OK;
    }
    p->a->at++;
    p->out->output = (enum search_output)i;
    return p->out->output == SEARCH_HASHES ? text(p, &p->precision) : STATUS_OK;
}

static enum status number(struct parsing *p, struct str word, uint64_t least, uint64_t most,
                          uint64_t *out) {
    bool good = word.len == 0 || (str_parse_u64(word, out) && *out >= least && *out <= most);
    return good ? STATUS_OK : reply_invalid(p->a->call, word);
}

static enum status read_numbers(struct parsing *p) {
    uint64_t precision = 0, sparse = 0;
    enum status st = number(p, p->cursor, 0, UINT64_MAX, &p->out->cursor);
    if (st == STATUS_OK) st = number(p, p->precision, 1, 12, &precision);
    if (st == STATUS_OK) st = number(p, p->limit, 1, UINT64_MAX, &p->out->limit);
    if (st == STATUS_OK) st = number(p, p->sparse, 1, 8, &sparse);
    p->out->precision = (unsigned)precision;
    p->out->sparse = (unsigned)sparse;
    return st;
}

// --- areas ---

static enum status take_nearby_point(struct parsing *p) {
    struct str type = args_peek(p->a);
    p->a->at++;
    bool has_radius = args_left(p->a) > 2;
    struct area *area = &p->out->area;
    if (has_radius) { // a point with a radius is a circle
        enum status st = area_parse_rest(p->a, STR("circle"), area);
        if (st == STATUS_OK && area->radius_m == 0) {
            area->radius_m = INFINITY; // as in Tile38: none
        }
        return st;
    }
    enum status st = area_parse_rest(p->a, type, area);
    if (st != STATUS_OK) return st;
    struct point center = geometry_points(area->geometry)[0];
    area_release(area);
    *area = (struct area){.kind = AREA_CIRCLE, .center = center, .radius_m = INFINITY};
    return STATUS_OK;
}

static enum status take_nearby_area(struct parsing *p) {
    struct str type = args_peek(p->a);
    if (str_eq_nocase(type, STR("point"))) return take_nearby_point(p);
    if (p->out->fence && str_eq_nocase(type, STR("roam"))) return take_roam(p);
    return reply_invalid(p->a->call, type);
}

/// What CLIP cannot cut by.
static bool clips(struct str type) {
    static const char *const not [] = {"circle", "object", "sector", "get"};
    return bit_of(type, not, 4) < 0;
}

static enum status cannot(struct parsing *p, const char *what, struct str type) {
    char word[64];
    size_t len = type.len < sizeof word ? type.len : sizeof word;
    for (size_t i = 0; i < len; i++) {
        char c = type.p[i];
        word[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    return reason_set(p->a->call->why, STATUS_BAD_REQUEST, "invalid argument 'cannot %s %.*s'",
                      what, (int)len, word);
}

static enum status take_area(struct parsing *p) {
    struct command_call *call = p->a->call;
    struct search_args *out = p->out;
    struct str type = args_peek(p->a);
    double first;
    if (type.len == 0) return reply_arguments(call);
    if (out->kind == SEARCH_NEARBY) return take_nearby_area(p);
    if (out->output == SEARCH_BOUNDS && str_parse_number(type, &first)) {
        out->output = SEARCH_OBJECTS; // BOUNDS was the area
        return area_parse_rest(p->a, STR("bounds"), &out->area);
    }
    if (out->clip && !clips(type)) {
        return cannot(p, "clip with", type);
    }
    out->is_mvt = str_eq_nocase(type, STR("mvt"));
    return area_parse(p->a, AREA_TAKES_MVT, &out->area);
}

static enum status take_roam(struct parsing *p) {
    struct search_roam *roam = &p->out->roam;
    struct str metres, scan;
    p->a->at++;
    enum status st = text(p, &roam->key);
    if (st == STATUS_OK) st = text(p, &roam->id);
    if (st == STATUS_OK) st = text(p, &metres);
    if (st != STATUS_OK) return st;
    roam->on = true;
    for (size_t i = 0; i < roam->id.len; i++) {
        roam->pattern |= strchr("[*?", roam->id.p[i]) != NULL;
    }
    if (!str_parse_number(metres, &roam->radius_m)) return reply_invalid(p->a->call, metres);
    if (!args_left(p->a)) return STATUS_OK;
    st = args_text(p->a, &scan);
    if (st == STATUS_OK && !str_eq_nocase(scan, STR("scan")))
        return reply_invalid(p->a->call, scan);
    return st == STATUS_OK ? text(p, &roam->scan) : st;
}

static enum status take_clip_by(struct parsing *p) {
    struct command_call *call = p->a->call;
    struct area by;
    if (p->out->kind == SEARCH_NEARBY || !args_take_word(p->a, "clipby")) {
        return reply_arguments(call);
    }
    struct str type = args_peek(p->a);
    static const char *const rects[] = {"bounds", "hash", "tile", "quadkey"};
    if (type.len == 0) return reply_arguments(call);
    if (bit_of(type, rects, 4) < 0) {
        return cannot(p, "clipby", type);
    }
    enum status st = area_parse(p->a, AREA_TAKES_RECT_ONLY, &by);
    if (st != STATUS_OK) return st;
    if (by.kind == AREA_NOTHING) {
        area_release(&p->out->area);
        return STATUS_OK;
    }
    return area_clip(&p->out->area, &by.box, call->why);
}
