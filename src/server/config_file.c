#include "server/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/mem.h"

enum { FILE_BYTES_MAX = 1 << 20, DEPTH_MAX = 8, SEEN_MAX = 256, WHERE_BYTES = 160 };

struct reader {
    struct config *config;
    const char *name;
    yaml_parser_t yaml;
    struct reason *why;
    struct buf path; // "limits.body_bytes" while it is being read
    struct buf seen; // each key read so far and a NUL
    char where[WHERE_BYTES];
};

static enum status document(struct reader *r);
static enum status mapping(struct reader *r, unsigned depth);
static enum status value(struct reader *r, yaml_event_t *event, unsigned depth);
static enum status sequence(struct reader *r);
static enum status next(struct reader *r, yaml_event_t *event);
static enum status fail(struct reader *r, const char *what);

enum status config_file_load(struct config *c, const char *path, struct reason *why) {
    FILE *f = fopen(path, "re");
    if (!f) {
        return reason_set(why, STATUS_IO, "cannot read the configuration %s: %s", path,
                          strerror(errno));
    }
    struct buf text;
    buf_init(&text);
    char *room = buf_reserve(&text, FILE_BYTES_MAX + 1);
    size_t n = room ? fread(room, 1, FILE_BYTES_MAX + 1, f) : 0;
    bool broken = ferror(f);
    fclose(f);
    enum status st = STATUS_NO_MEMORY;
    if (broken) {
        st = reason_set(why, STATUS_IO, "cannot read the configuration %s", path);
    } else if (n > FILE_BYTES_MAX) {
        st = reason_set(why, STATUS_INVALID, "the configuration %s is longer than 1 MiB", path);
    } else if (room) {
        st = config_file_parse(c, (struct str){room, n}, path, why);
    }
    buf_deinit(&text);
    if (st != STATUS_OK || c->file) return st;
    size_t size = strlen(path) + 1;
    c->file = mem_alloc(size);
    if (!c->file) return STATUS_NO_MEMORY;
    memcpy(c->file, path, size);
    return STATUS_OK;
}

enum status config_file_parse(struct config *c, struct str text, const char *name,
                              struct reason *why) {
    struct reader r = {.config = c, .name = name, .why = why};
    if (!yaml_parser_initialize(&r.yaml)) return STATUS_NO_MEMORY;
    yaml_parser_set_input_string(&r.yaml, (const unsigned char *)text.p, text.len);
    buf_init(&r.path);
    buf_init(&r.seen);
    enum status st = document(&r);
    buf_deinit(&r.path);
    buf_deinit(&r.seen);
    yaml_parser_delete(&r.yaml);
    return st;
}

static enum status document(struct reader *r) {
    for (unsigned documents = 0;;) {
        yaml_event_t event;
        enum status st = next(r, &event);
        if (st != STATUS_OK) return st;
        yaml_event_type_t type = event.type;
        bool nothing = type == YAML_SCALAR_EVENT && event.data.scalar.length == 0;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT) return STATUS_OK;
        if (type == YAML_DOCUMENT_START_EVENT && documents++) {
            return fail(r, "a second document: one is enough");
        }
        if (type == YAML_MAPPING_START_EVENT) {
            st = mapping(r, 0);
            if (st != STATUS_OK) return st;
        } else if (type == YAML_SEQUENCE_START_EVENT || type == YAML_ALIAS_EVENT ||
                   (type == YAML_SCALAR_EVENT && !nothing)) {
            return fail(r, "expected \"key: value\" lines");
        }
    }
}

/// Twice the same key is a mistake that YAML readers settle differently.
static enum status note_seen(struct reader *r) {
    struct str all = buf_str(&r->seen), one;
    while (str_split(&all, 0, &one)) {
        if (one.len && str_eq(one, buf_str(&r->path))) {
            char text[200];
            snprintf(text, sizeof text, "the key \"%.*s\" is there twice",
                     (int)(one.len < 100 ? one.len : 100), one.p);
            return fail(r, text);
        }
    }
    buf_append_str(&r->seen, buf_str(&r->path));
    buf_append_char(&r->seen, 0);
    return buf_status(&r->seen);
}

static enum status mapping(struct reader *r, unsigned depth) {
    if (depth == DEPTH_MAX) return fail(r, "nested too deeply");
    size_t base = r->path.len;
    for (;;) {
        yaml_event_t event;
        enum status st = next(r, &event);
        if (st != STATUS_OK) return st;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            r->path.len = base;
            return STATUS_OK;
        }
        if (event.type == YAML_SCALAR_EVENT) {
            r->path.len = base;
            if (base) buf_append_char(&r->path, '.');
            buf_append(&r->path, event.data.scalar.value, event.data.scalar.length);
            st = buf_status(&r->path);
        } else {
            st = fail(r, "a key must be a plain word");
        }
        yaml_event_delete(&event);
        if (st == STATUS_OK) st = note_seen(r);
        if (st == STATUS_OK) st = next(r, &event);
        if (st == STATUS_OK) st = value(r, &event, depth);
        if (st != STATUS_OK) return st;
    }
}

static enum status value(struct reader *r, yaml_event_t *event, unsigned depth) {
    yaml_event_type_t type = event->type;
    enum status st = STATUS_OK;
    if (type == YAML_SCALAR_EVENT) {
        struct str text = {(const char *)event->data.scalar.value, event->data.scalar.length};
        snprintf(r->where, sizeof r->where, "%.100s line %zu", r->name, event->start_mark.line + 1);
        st = config_set(r->config, buf_str(&r->path), text, CONFIG_FROM_FILE, r->where, r->why);
    }
    yaml_event_delete(event);
    if (type == YAML_MAPPING_START_EVENT) return mapping(r, depth + 1);
    if (type == YAML_SEQUENCE_START_EVENT) return sequence(r);
    if (type == YAML_ALIAS_EVENT) return fail(r, "aliases (*name) are not used here");
    return st;
}

/// [a, b] becomes "a,b".
static enum status sequence(struct reader *r) {
    struct buf list;
    buf_init(&list);
    enum status st;
    size_t line = r->yaml.mark.line + 1;
    for (bool first = true;; first = false) {
        yaml_event_t event;
        st = next(r, &event);
        if (st != STATUS_OK) break;
        yaml_event_type_t type = event.type;
        if (type == YAML_SCALAR_EVENT) {
            if (!first) buf_append_char(&list, ',');
            buf_append(&list, event.data.scalar.value, event.data.scalar.length);
        }
        yaml_event_delete(&event);
        if (type == YAML_SEQUENCE_END_EVENT) break;
        if (type != YAML_SCALAR_EVENT) {
            st = fail(r, "a list holds plain values only");
            break;
        }
    }
    if (st == STATUS_OK) st = buf_status(&list);
    if (st == STATUS_OK) {
        snprintf(r->where, sizeof r->where, "%.100s line %zu", r->name, line);
        st = config_set(r->config, buf_str(&r->path), buf_str(&list), CONFIG_FROM_FILE, r->where,
                        r->why);
    }
    buf_deinit(&list);
    return st;
}

static enum status next(struct reader *r, yaml_event_t *event) {
    if (yaml_parser_parse(&r->yaml, event)) return STATUS_OK;
    if (r->yaml.error == YAML_MEMORY_ERROR) return STATUS_NO_MEMORY;
    return reason_set(r->why, STATUS_INVALID, "%s line %zu: %s", r->name,
                      r->yaml.problem_mark.line + 1,
                      r->yaml.problem ? r->yaml.problem : "not YAML");
}

static enum status fail(struct reader *r, const char *what) {
    return reason_set(r->why, STATUS_INVALID, "%s line %zu: %s", r->name, r->yaml.mark.line + 1,
                      what);
}
