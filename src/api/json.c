// json.c - yyjson over base/mem or a pool.

#include "api/json.h"

#include "base/mem.h"

#define BODY_POOL_TEXT 4096 // longer bodies are read into the heap

static yyjson_doc *read(struct str text, const yyjson_alc *alc, yyjson_read_err *error);
static bool is_too_deep(struct str text, size_t *at);
static enum status parse_failed(struct str text, const yyjson_read_err *error, struct reason *why);
static void *heap_malloc(void *ctx, size_t size);
static void *heap_realloc(void *ctx, void *ptr, size_t old_size, size_t size);
static void heap_free(void *ctx, void *ptr);

static const yyjson_alc heap = {heap_malloc, heap_realloc, heap_free, NULL};

enum status json_parse(struct str text, const struct json_pool *pool, struct json *out,
                       struct reason *why) {
    *out = (struct json){0};
    if (str_starts(text, STR("\xef\xbb\xbf"))) text = str_sub(text, 3, text.len - 3);
    if (text.len == 0) return reason_set(why, STATUS_BAD_REQUEST, "the body is empty");
    yyjson_read_err error = {.code = YYJSON_READ_ERROR_MEMORY_ALLOCATION};
    yyjson_alc alc;
    bool fits = pool && yyjson_read_max_memory_usage(text.len, 0) <= pool->size;
    if (fits && yyjson_alc_pool_init(&alc, pool->memory, pool->size)) {
        out->doc = read(text, &alc, &error);
    }
    // yyjson's bound does not hold for brackets that are never closed: the pool may prove too small.
    if (!out->doc && error.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
        out->doc = read(text, &heap, &error);
        out->on_heap = true;
    }
    if (!out->doc) return parse_failed(text, &error, why);
    size_t at;
    if (yyjson_doc_get_val_count(out->doc) > JSON_DEPTH && is_too_deep(text, &at)) {
        json_free(out);
        return reason_set(why, STATUS_BAD_REQUEST, "byte %zu: JSON is nested deeper than %d levels",
                          at, JSON_DEPTH);
    }
    out->root = yyjson_doc_get_root(out->doc);
    return STATUS_OK;
}

enum status json_parse_body(struct str text, struct arena *arena, struct json *out,
                            struct reason *why) {
    struct json_pool pool = {0};
    if (text.len <= BODY_POOL_TEXT) {
        pool.size = yyjson_read_max_memory_usage(text.len, 0) + 256; // the pool's own head
        pool.memory = arena_alloc(arena, pool.size);
    }
    return json_parse(text, pool.memory ? &pool : NULL, out, why);
}

void json_free(struct json *json) {
    if (json->on_heap) yyjson_doc_free(json->doc);
    *json = (struct json){0};
}

// Without YYJSON_READ_INSITU the text is not written to, though the parameter is not const.
static yyjson_doc *read(struct str text, const yyjson_alc *alc, yyjson_read_err *error) {
    return yyjson_read_opts((char *)(uintptr_t)text.p, text.len, 0, alc, error);
}

/// The text is JSON. A document of at most JSON_DEPTH values need not be looked at.
static bool is_too_deep(struct str text, size_t *at) {
    unsigned depth = 0;
    for (size_t i = 0; i < text.len; i++) {
        switch (text.p[i]) {
        case '"':
            for (i++; text.p[i] != '"'; i++) {
                if (text.p[i] == '\\') i++;
            }
            break;
        case '[':
        case '{':
            *at = i;
            if (++depth > JSON_DEPTH) return true;
            break;
        case ']':
        case '}': depth--; break;
        default: break;
        }
    }
    return false;
}

static enum status parse_failed(struct str text, const yyjson_read_err *error, struct reason *why) {
    if (error->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
        return STATUS_NO_MEMORY;
    }
    size_t line = 1, column = 1, character = 0;
    yyjson_locate_pos(text.p, text.len, error->pos, &line, &column, &character);
    return reason_set(why, STATUS_BAD_REQUEST, "not JSON: line %zu, column %zu: %s", line, column,
                      error->msg);
}

static void *heap_malloc(void *ctx, size_t size) {
    (void)ctx;
    return mem_alloc(size);
}

static void *heap_realloc(void *ctx, void *ptr, size_t old_size, size_t size) {
    (void)ctx;
    (void)old_size;
    return mem_realloc(ptr, size);
}

static void heap_free(void *ctx, void *ptr) {
    (void)ctx;
    mem_free(ptr);
}
