// regex.c - pattern --> instructions, and the machine that runs them.

#include "command/regex.h"

enum op { OP_SET, OP_ANY, OP_SPLIT, OP_JUMP, OP_BEGIN, OP_END, OP_WORD_EDGE, OP_NO_EDGE, OP_MATCH };

struct range {
    uint32_t low, high;
};

struct instruction {
    enum op op;
    uint16_t x, y;             // OP_SPLIT, OP_JUMP: where to go on
    bool negated;              // OP_SET
    const struct range *range; // OP_SET, `count` of them
    uint16_t count;
};

struct regex {
    bool fold, dot_all, lines;
    uint16_t size;
    struct instruction *program;
};

#define RANGES_MAX 128 // of one set

struct parsing {
    struct str text;
    size_t at;
    struct arena *arena;
    struct regex *re;
    unsigned depth;
    unsigned steps; // repeats of nothing cost, too
    enum status status;
};

static bool alternatives(struct parsing *p);
static bool sequence(struct parsing *p);
static bool repeated(struct parsing *p);
static bool atom(struct parsing *p);
static bool set(struct parsing *p);
static bool escape(struct parsing *p);

// --- parsing: each function emits the code of what it takes, false ends it all ---

static bool fail(struct parsing *p, enum status st) {
    p->status = p->status == STATUS_OK ? st : p->status;
    return false;
}

static struct instruction *emit(struct parsing *p, enum op op) {
    if (++p->steps > 20 * REGEX_SIZE_MAX || p->re->size == REGEX_SIZE_MAX) {
        fail(p, STATUS_TOO_LARGE);
        return NULL;
    }
    struct instruction *i = &p->re->program[p->re->size++];
    *i = (struct instruction){.op = op};
    return i;
}

static bool more(const struct parsing *p) {
    return p->at < p->text.len;
}
static bool next_is(struct parsing *p, char c) {
    bool is = more(p) && p->text.p[p->at] == c;
    p->at += is;
    return is;
}

/// (?ims) at the very beginning.
static void flags(struct parsing *p) {
    size_t at = 2;
    if (!str_starts(p->text, STR("(?"))) {
        return;
    }
    struct regex re = *p->re;
    for (; at < p->text.len && p->text.p[at] != ')'; at++) {
        char c = p->text.p[at];
        re.fold |= c == 'i';
        re.dot_all |= c == 's';
        re.lines |= c == 'm';
        if (c != 'i' && c != 's' && c != 'm') {
            return; // a group then
        }
    }
    if (at < p->text.len && at > 2) {
        *p->re = re;
        p->at = at + 1;
    }
}

enum status regex_parse(struct str pattern, struct arena *arena, struct regex **out) {
    struct regex *re = arena_zalloc(arena, 1, sizeof *re);
    struct instruction *program = arena_alloc(arena, (REGEX_SIZE_MAX + 1) * sizeof *program);
    if (!re || !program) {
        return STATUS_NO_MEMORY;
    }
    re->program = program;
    struct parsing p = {.text = pattern, .arena = arena, .re = re};
    flags(&p);
    if (!alternatives(&p)) {
        return p.status;
    }
    if (more(&p)) { // a closing parenthesis too many
        return STATUS_INVALID;
    }
    program[re->size++] = (struct instruction){.op = OP_MATCH};
    *out = re;
    return STATUS_OK;
}

/// Room for one instruction before `at`; jumps inside what moves go with it.
static struct instruction *insert(struct parsing *p, uint16_t at, enum op op) {
    if (!emit(p, op)) {
        return NULL;
    }
    struct instruction *program = p->re->program;
    for (uint16_t i = (uint16_t)(p->re->size - 1); i > at; i--) {
        program[i] = program[i - 1];
        if (program[i].op == OP_SPLIT || program[i].op == OP_JUMP) {
            program[i].x = (uint16_t)(program[i].x + (program[i].x >= at));
            program[i].y = (uint16_t)(program[i].y + (program[i].y >= at));
        }
    }
    program[at] = (struct instruction){.op = op};
    return &program[at];
}

/// a|b: split a, jump to the end, b.
static bool alternatives(struct parsing *p) {
    uint16_t begin = p->re->size;
    if (++p->depth > REGEX_DEPTH_MAX) {
        return fail(p, STATUS_TOO_LARGE);
    }
    if (!sequence(p)) {
        return false;
    }
    if (next_is(p, '|')) {
        struct instruction *split = insert(p, begin, OP_SPLIT);
        uint16_t jump = p->re->size;
        if (!split || !emit(p, OP_JUMP)) {
            return false;
        }
        split->x = (uint16_t)(begin + 1);
        split->y = p->re->size;
        p->depth--; // a chain, no nest
        if (!alternatives(p)) {
            return false;
        }
        p->re->program[jump].x = p->re->program[jump].y = p->re->size;
        return true;
    }
    p->depth--;
    return true;
}

static bool sequence(struct parsing *p) {
    while (more(p) && p->text.p[p->at] != '|' && p->text.p[p->at] != ')') {
        if (!repeated(p)) {
            return false;
        }
    }
    return true;
}

static bool copy(struct parsing *p, uint16_t begin, uint16_t end) {
    uint16_t shift = (uint16_t)(p->re->size - begin);
    p->steps++;
    for (uint16_t i = begin; i < end; i++) {
        struct instruction *to = emit(p, OP_MATCH);
        if (!to) {
            return false;
        }
        *to = p->re->program[i];
        to->x = (uint16_t)(to->x + shift);
        to->y = (uint16_t)(to->y + shift);
    }
    return p->steps <= 20 * REGEX_SIZE_MAX || fail(p, STATUS_TOO_LARGE);
}

/// What stands from `begin` on may be left out.
static bool optional(struct parsing *p, uint16_t begin) {
    struct instruction *split = insert(p, begin, OP_SPLIT);
    if (!split) {
        return false;
    }
    split->x = (uint16_t)(begin + 1);
    split->y = p->re->size;
    return true;
}

/// What stands from `begin` on may come again.
static bool again(struct parsing *p, uint16_t begin) {
    struct instruction *split = emit(p, OP_SPLIT);
    if (!split) {
        return false;
    }
    split->x = begin;
    split->y = p->re->size;
    return true;
}

static bool star(struct parsing *p, uint16_t begin) {
    return again(p, begin) && optional(p, begin);
}

static bool number(struct parsing *p, unsigned *out) {
    size_t from = p->at;
    *out = 0;
    while (more(p) && p->text.p[p->at] >= '0' && p->text.p[p->at] <= '9' && p->at - from < 5) {
        *out = *out * 10 + (unsigned)(p->text.p[p->at++] - '0');
    }
    return p->at > from;
}

/// {n} {n,} {n,m}; false, with nothing taken, when it is not one of these: then it is text.
static bool counts(struct parsing *p, unsigned *least, unsigned *most) {
    size_t from = p->at;
    bool is = next_is(p, '{') && number(p, least);
    *most = *least;
    if (is && next_is(p, ',') && !number(p, most)) {
        *most = UINT32_MAX;
    }
    is = is && next_is(p, '}');
    p->at = is ? p->at : from;
    return is;
}

static bool repeat_counted(struct parsing *p, uint16_t begin, unsigned least, unsigned most) {
    uint16_t end = p->re->size;
    bool open = most == UINT32_MAX;
    if (least > REGEX_REPEAT_MAX || (!open && (most > REGEX_REPEAT_MAX || most < least))) {
        return fail(p, STATUS_INVALID);
    }
    if (most == 0) {
        p->re->size = begin;
        return true;
    }
    for (unsigned i = 1; i < least; i++) {
        if (!copy(p, begin, end)) {
            return false;
        }
    }
    if (open) { // x{n,} is x{n} with the last one again, x{0,} is x*
        uint16_t last = (uint16_t)(p->re->size - (end - begin));
        return least ? again(p, last) : star(p, begin);
    }
    if (least == 0) { // x{0,m}: the first, too, may be left out, and with it all others
        for (unsigned i = 1; i < most; i++) {
            uint16_t from = p->re->size;
            if (!copy(p, begin, end) || !optional(p, from)) {
                return false;
            }
        }
        return optional(p, begin);
    }
    for (unsigned i = least; i < most; i++) {
        uint16_t from = p->re->size;
        if (!copy(p, begin, end) || !optional(p, from)) {
            return false;
        }
    }
    return true;
}

static bool repeated(struct parsing *p) {
    uint16_t begin = p->re->size;
    if (!atom(p)) {
        return false;
    }
    unsigned least, most, times = 0;
    for (bool taken = true; taken; times += taken) {
        bool ok = true;
        if (next_is(p, '*')) {
            ok = star(p, begin);
        } else if (next_is(p, '+')) {
            ok = again(p, begin);
        } else if (next_is(p, '?')) {
            ok = optional(p, begin);
        } else if (counts(p, &least, &most)) {
            ok = repeat_counted(p, begin, least, most);
        } else {
            taken = false;
        }
        if (taken) {
            next_is(p, '?'); // not greedy: the same to a question of yes or no
        }
        if (!ok || times > 1) { // a** is none in RE2
            return ok ? fail(p, STATUS_INVALID) : false;
        }
    }
    return true;
}

// --- sets ---

static bool emit_ranges(struct parsing *p, const struct range *ranges, size_t count, bool negated) {
    struct instruction *i = emit(p, OP_SET);
    struct range *kept = arena_alloc(p->arena, count * sizeof *kept + 1);
    if (!i || !kept) {
        return fail(p, STATUS_NO_MEMORY);
    }
    if (count) {
        memcpy(kept, ranges, count * sizeof *kept);
    }
    i->range = kept;
    i->count = (uint16_t)count;
    i->negated = negated;
    return true;
}

static const struct range digits[] = {{'0', '9'}};
static const struct range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
static const struct range spaces[] = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};

/// \d \w \s; NULL for other letters.
static const struct range *named(char c, size_t *count) {
    switch (c | 32) {
    case 'd': *count = 1; return digits;
    case 'w': *count = 4; return words;
    case 's': *count = 3; return spaces;
    default: return NULL;
    }
}

static uint32_t take_char(struct parsing *p) {
    const unsigned char *s = (const unsigned char *)p->text.p + p->at;
    size_t left = p->text.len - p->at;
    unsigned len = s[0] < 0xc0 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (len > left) {
        len = 1;
    }
    uint32_t c = len == 1 ? s[0] : s[0] & (0x7fu >> len);
    for (unsigned i = 1; i < len; i++) {
        c = c << 6 | (s[i] & 0x3f);
    }
    p->at += len;
    return c;
}

static int hex(char c) {
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/// The character behind a backslash that means one character.
static bool escaped_char(struct parsing *p, uint32_t *out) {
    static const char names[] = "ntrfvax";
    if (!more(p)) {
        return fail(p, STATUS_INVALID);
    }
    char c = p->text.p[p->at];
    const char *name = c ? strchr(names, c) : NULL;
    if (!name) {
        bool letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');
        *out = letter ? 0 : take_char(p);
        return !letter || fail(p, STATUS_INVALID);
    }
    p->at++;
    if (c != 'x') {
        *out = (uint32_t) "\n\t\r\f\v\a"[name - names];
        return true;
    }
    int high = more(p) ? hex(p->text.p[p->at]) : -1;
    int low = p->at + 1 < p->text.len ? hex(p->text.p[p->at + 1]) : -1;
    p->at += 2;
    *out = (uint32_t)(high * 16 + low);
    return (high >= 0 && low >= 0) || fail(p, STATUS_INVALID);
}

/// One end of a range in a set, or a named set (then `*ranges` says it).
static bool set_end(struct parsing *p, uint32_t *c, const struct range **ranges, size_t *count) {
    *ranges = NULL;
    if (!more(p)) {
        return fail(p, STATUS_INVALID);
    }
    if (!next_is(p, '\\')) {
        *c = take_char(p);
        return true;
    }
    if (more(p) && (*ranges = named(p->text.p[p->at], count))) {
        bool upper = p->text.p[p->at] < 'a';
        p->at++;
        return !upper || fail(p, STATUS_INVALID); // [\D] is rare and not offered
    }
    return escaped_char(p, c);
}

/// Behind the [.
static bool set(struct parsing *p) {
    struct range ranges[RANGES_MAX];
    size_t count = 0, named_count;
    bool negated = next_is(p, '^');
    for (bool first = true; first || !next_is(p, ']'); first = false) {
        const struct range *taken;
        uint32_t low, high;
        if (count + 4 > RANGES_MAX) {
            return fail(p, STATUS_TOO_LARGE);
        }
        if (!set_end(p, &low, &taken, &named_count)) {
            return false;
        }
        if (taken) {
            memcpy(&ranges[count], taken, named_count * sizeof *taken);
            count += named_count;
            continue;
        }
        high = low;
        bool range =
            p->at + 1 < p->text.len && p->text.p[p->at] == '-' && p->text.p[p->at + 1] != ']';
        p->at += range;
        if (range && (!set_end(p, &high, &taken, &named_count) || taken || high < low)) {
            return fail(p, STATUS_INVALID);
        }
        ranges[count++] = (struct range){low, high};
    }
    return emit_ranges(p, ranges, count, negated);
}

static bool escape(struct parsing *p) {
    char c = more(p) ? p->text.p[p->at] : 0;
    if (c == 'b' || c == 'B') {
        p->at++;
        return emit(p, c == 'b' ? OP_WORD_EDGE : OP_NO_EDGE) != NULL;
    }
    size_t count;
    const struct range *ranges = named(c, &count);
    if (ranges) {
        p->at++;
        return emit_ranges(p, ranges, count, c < 'a');
    }
    struct range one;
    if (!escaped_char(p, &one.low)) {
        return false;
    }
    one.high = one.low;
    return emit_ranges(p, &one, 1, false);
}

static bool group(struct parsing *p) {
    if (next_is(p, '?') && !next_is(p, ':')) {
        return fail(p, STATUS_INVALID);
    }
    return alternatives(p) && (next_is(p, ')') || fail(p, STATUS_INVALID));
}

static bool atom(struct parsing *p) {
    switch (p->text.p[p->at]) {
    case '(': p->at++; return group(p);
    case '[': p->at++; return set(p);
    case '\\': p->at++; return escape(p);
    case '.': p->at++; return emit(p, OP_ANY) != NULL;
    case '^': p->at++; return emit(p, OP_BEGIN) != NULL;
    case '$': p->at++; return emit(p, OP_END) != NULL;
    case '*':
    case '+':
    case '?': return fail(p, STATUS_INVALID);
    default: break;
    }
    struct range one = {.low = take_char(p)};
    one.high = one.low;
    return emit_ranges(p, &one, 1, false);
}

// --- the machine ---

struct threads {
    uint16_t count;
    uint16_t at[REGEX_SIZE_MAX + 1];
};

struct machine {
    const struct regex *re;
    struct str text;
    size_t at;
    uint32_t before, here;                  // characters around the place; 0: none
    uint64_t seen[REGEX_SIZE_MAX / 64 + 1]; // instructions reached at this place
    uint16_t stack[2 * REGEX_SIZE_MAX + 2];
};

static bool is_word(uint32_t c) {
    return c < 128 && ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_');
}

static bool holds(const struct machine *m, enum op op) {
    bool lines = m->re->lines;
    switch (op) {
    case OP_BEGIN: return m->at == 0 || (lines && m->before == '\n');
    case OP_END: return m->at == m->text.len || (lines && m->here == '\n');
    case OP_WORD_EDGE: return is_word(m->before) != is_word(m->here);
    default: return is_word(m->before) == is_word(m->here);
    }
}

/// Follow what takes no character from `from` on; true when that reaches the end of the pattern.
static bool follow(struct machine *m, struct threads *to, uint16_t from) {
    size_t depth = 0;
    m->stack[depth++] = from;
    while (depth) {
        uint16_t at = m->stack[--depth];
        if (m->seen[at / 64] >> (at % 64) & 1) {
            continue;
        }
        m->seen[at / 64] |= (uint64_t)1 << (at % 64);
        const struct instruction *i = &m->re->program[at];
        switch (i->op) {
        case OP_MATCH: return true;
        case OP_SPLIT:
            m->stack[depth++] = i->y;
            m->stack[depth++] = i->x;
            break;
        case OP_JUMP: m->stack[depth++] = i->x; break;
        case OP_SET:
        case OP_ANY: to->at[to->count++] = at; break;
        default:
            if (holds(m, i->op)) {
                m->stack[depth++] = (uint16_t)(at + 1);
            }
        }
    }
    return false;
}

static bool in_set(const struct instruction *i, uint32_t c) {
    for (unsigned r = 0; r < i->count; r++) {
        if (c >= i->range[r].low && c <= i->range[r].high) {
            return true;
        }
    }
    return false;
}

static bool takes(const struct regex *re, const struct instruction *i, uint32_t c) {
    if (i->op == OP_ANY) {
        return re->dot_all || c != '\n';
    }
    bool letter = c < 128 && (c | 32) >= 'a' && (c | 32) <= 'z';
    bool in = in_set(i, c) || (re->fold && letter && in_set(i, c ^ 32));
    return in != i->negated;
}

bool regex_matches(const struct regex *re, struct str text) {
    struct machine m = {.re = re, .text = text};
    struct threads lists[2], *now = &lists[0], *next = &lists[1];
    struct parsing reader = {.text = text};
    now->count = 0;
    for (;;) {
        size_t after = reader.at;
        m.at = after;
        m.here = after < text.len ? take_char(&reader) : 0;
        // The pattern may begin at every place.
        memset(m.seen, 0, sizeof m.seen);
        next->count = 0;
        for (unsigned i = 0; i < now->count; i++) {
            if (follow(&m, next, now->at[i])) {
                return true;
            }
        }
        if (follow(&m, next, 0)) {
            return true;
        }
        if (after == text.len) {
            return false;
        }
        now->count = 0;
        for (unsigned i = 0; i < next->count; i++) {
            uint16_t at = next->at[i];
            if (takes(re, &re->program[at], m.here)) {
                now->at[now->count++] = (uint16_t)(at + 1);
            }
        }
        m.before = m.here;
    }
}
