// registry.c - families in the order of their registration; everything lives in one arena.

#include "metrics/registry.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

struct registry {
    pthread_mutex_t mutex; // guards what follows; the cells guard themselves
    struct arena arena;
    struct metric_family *first;
    unsigned cells_used;
    struct cells cells;
};

// Where the value of a new metric comes from: so many cells, or a callback.
struct source {
    unsigned cells;
    metric_read_fn read;
    void *context;
};

static enum status add(struct registry *r, enum metric_kind kind, const struct metric_spec *spec,
                       struct source source, struct metric **out);

enum status registry_new(struct registry **out) {
    struct registry *r = mem_zalloc(1, sizeof *r);
    if (!r) {
        return STATUS_NO_MEMORY;
    }
    arena_init(&r->arena, 0);
    if (cells_init(&r->cells, REGISTRY_CELLS) != STATUS_OK) {
        goto fail;
    }
    if (pthread_mutex_init(&r->mutex, NULL) != 0) {
        goto fail;
    }
    *out = r;
    return STATUS_OK;
fail:
    cells_deinit(&r->cells);
    mem_free(r);
    return STATUS_NO_MEMORY;
}

void registry_free(struct registry *r) {
    if (!r) {
        return;
    }
    cells_deinit(&r->cells);
    arena_deinit(&r->arena);
    pthread_mutex_destroy(&r->mutex);
    mem_free(r);
}

enum status registry_counter(struct registry *r, const struct metric_spec *spec,
                             struct counter **out) {
    struct metric *metric;
    enum status st = add(r, METRIC_COUNTER, spec, (struct source){.cells = 1}, &metric);
    if (st == STATUS_OK) {
        *out = &metric->counter;
    }
    return st;
}

enum status registry_gauge(struct registry *r, const struct metric_spec *spec, struct gauge **out) {
    struct metric *metric;
    enum status st = add(r, METRIC_GAUGE, spec, (struct source){0}, &metric);
    if (st == STATUS_OK) {
        *out = &metric->gauge;
    }
    return st;
}

enum status registry_histogram(struct registry *r, const struct metric_spec *spec,
                               struct histogram **out) {
    struct metric *metric;
    enum status st =
        add(r, METRIC_HISTOGRAM, spec, (struct source){.cells = HISTOGRAM_CELLS}, &metric);
    if (st == STATUS_OK) {
        *out = &metric->histogram;
    }
    return st;
}

enum status registry_callback(struct registry *r, enum metric_kind kind,
                              const struct metric_spec *spec, metric_read_fn read, void *context) {
    assert(kind != METRIC_HISTOGRAM && read);
    struct metric *metric;
    return add(r, kind, spec, (struct source){.read = read, .context = context}, &metric);
}

void registry_each(struct registry *r, void (*visit)(const struct metric_family *, void *),
                   void *context) {
    pthread_mutex_lock(&r->mutex);
    for (const struct metric_family *f = r->first; f; f = f->next) {
        visit(f, context);
    }
    pthread_mutex_unlock(&r->mutex);
}

static bool is_name(struct str s, bool colons) {
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool digit = c >= '0' && c <= '9' && i > 0;
        if (!letter && !digit && !(c == ':' && colons)) {
            return false;
        }
    }
    return s.len > 0;
}

static bool ends_with(const char *name, const char *suffix) {
    size_t len = strlen(name), tail = strlen(suffix);
    return len > tail && strcmp(name + len - tail, suffix) == 0;
}

static bool is_spec(enum metric_kind kind, const struct metric_spec *spec) {
    if (!spec->help || !spec->help[0] || !is_name(str_of(spec->name), true) ||
        ends_with(spec->name, "_total") != (kind == METRIC_COUNTER)) {
        return false;
    }
    for (const struct metric_label *l = spec->labels; l && l->name; l++) {
        bool reserved = strncmp(l->name, "__", 2) == 0 || strcmp(l->name, "le") == 0;
        if (reserved || !is_name(str_of(l->name), false) || !l->value ||
            !str_is_utf8(str_of(l->value))) {
            return false;
        }
    }
    return true;
}

static void append_label(struct buf *b, const struct metric_label *label) {
    buf_printf(b, "%s%s=\"", b->len ? "," : "", label->name);
    for (const char *p = label->value; *p; p++) {
        if (*p == '\n') {
            buf_append_str(b, STR("\\n"));
            continue;
        }
        if (*p == '"' || *p == '\\') {
            buf_append_char(b, '\\');
        }
        buf_append_char(b, *p);
    }
    buf_append_char(b, '"');
}

// `a="x",b="y"` in the arena; {NULL, 0} without memory.
static struct str labels_text(struct registry *r, const struct metric_label *labels) {
    struct buf b;
    buf_init(&b);
    for (const struct metric_label *l = labels; l && l->name; l++) {
        append_label(&b, l);
    }
    struct str text = b.failed ? STR_NONE : arena_str(&r->arena, buf_str(&b));
    buf_deinit(&b);
    return text;
}

static struct metric_family **find_family(struct registry *r, const char *name) {
    struct metric_family **at = &r->first;
    while (*at && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    return at;
}

static struct metric_family *family_new(struct registry *r, enum metric_kind kind,
                                        const struct metric_spec *spec) {
    struct metric_family *family = arena_zalloc(&r->arena, 1, sizeof *family);
    if (!family) {
        return NULL;
    }
    family->kind = kind;
    family->name = arena_str(&r->arena, str_of(spec->name)).p;
    family->help = arena_str(&r->arena, str_of(spec->help)).p;
    return family->name && family->help ? family : NULL;
}

static struct metric *metric_new(struct registry *r, enum metric_kind kind, struct source source) {
    struct metric *metric = arena_zalloc(&r->arena, 1, sizeof *metric);
    if (!metric) {
        return NULL;
    }
    metric->read = source.read;
    metric->context = source.context;
    if (kind == METRIC_COUNTER) {
        metric->counter = (struct counter){&r->cells, r->cells_used};
    } else if (kind == METRIC_HISTOGRAM) {
        metric->histogram = (struct histogram){&r->cells, r->cells_used};
    }
    return metric;
}

// What was taken from the arena before a failure stays there, unused, until registry_free.
static enum status add_locked(struct registry *r, enum metric_kind kind,
                              const struct metric_spec *spec, struct source source,
                              struct metric **out) {
    struct metric_family **place = find_family(r, spec->name);
    struct metric_family *family = *place;
    if (family && (family->kind != kind || strcmp(family->help, spec->help) != 0)) {
        return STATUS_INVALID;
    }
    if (source.cells > REGISTRY_CELLS - r->cells_used) {
        return STATUS_TOO_MANY;
    }
    struct metric *metric = metric_new(r, kind, source);
    struct str labels = labels_text(r, spec->labels);
    family = family ? family : family_new(r, kind, spec);
    if (!metric || !labels.p || !family) {
        return STATUS_NO_MEMORY;
    }
    metric->labels = labels.p;
    struct metric **end = &family->first;
    for (; *end; end = &(*end)->next) {
        if (strcmp((*end)->labels, labels.p) == 0) {
            return STATUS_EXISTS;
        }
    }
    *end = metric;
    *place = family;
    r->cells_used += source.cells;
    *out = metric;
    return STATUS_OK;
}

static enum status add(struct registry *r, enum metric_kind kind, const struct metric_spec *spec,
                       struct source source, struct metric **out) {
    if (!is_spec(kind, spec)) {
        return STATUS_INVALID;
    }
    pthread_mutex_lock(&r->mutex);
    enum status st = add_locked(r, kind, spec, source, out);
    pthread_mutex_unlock(&r->mutex);
    return st;
}
