#include "cli/tile38_source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <yyjson.h>

#include "base/mem.h"
#include "proto/resp.h"

enum {
    PAGE_FIRST = 100,
    PAGE_MOST = 20000,
    PAGE_BYTES = 2 << 20, // aimed at
    LIVES_AT_ONCE = 1000, // TTL on their way
};

static const double LIFE_MAX_S = 1e12; // from here on it is for ever

struct tile38_source {
    struct resp_client *client;
    yyjson_doc *keys;
    struct str *names; // of keys, in order
    size_t name_count;
    // The command being made: its arguments, then the whole of it; text of one argument.
    struct buf body, wire, text;
    size_t arg_count;
};

// One page of a key.
struct page {
    yyjson_doc *doc;
    yyjson_val *objects, *field_names;
    uint64_t cursor; // of the next page; 0: this is the last
    size_t bytes;
};

static enum status ask(struct tile38_source *s, const struct str *args, size_t count,
                       struct resp_client_reply *reply, struct reason *why);
static enum status ask_json(struct tile38_source *s, const struct str *args, size_t count,
                            yyjson_doc **out, size_t *bytes, struct reason *why);
static enum status parse(struct tile38_source *s, struct str text, yyjson_doc **out,
                         struct reason *why);
static enum status load_keys(struct tile38_source *s, struct reason *why);
static enum status load_page(struct tile38_source *s, struct str key, uint64_t cursor,
                             uint64_t limit, struct page *out, struct reason *why);
static enum status give_page(struct tile38_source *s, struct str key, const struct page *page,
                             size_t from, tile38_source_fn *take, void *ctx, struct reason *why);
static enum status give_fences(struct tile38_source *s, const char *list, const char *member,
                               struct str key, tile38_source_fn *take, void *ctx,
                               struct reason *why);

static struct str text_of(yyjson_val *v) {
    return (struct str){yyjson_get_str(v), yyjson_get_len(v)};
}
/// Numbers are kept as their digits.
static double number_of(yyjson_val *v, double fallback) {
    return yyjson_is_raw(v) ? strtod(yyjson_get_raw(v), NULL) : fallback;
}

enum status tile38_source_open(const char *url, const char *password, struct tile38_source **out,
                               struct reason *why) {
    struct tile38_source *s = mem_zalloc(1, sizeof *s);
    if (!s) return reason_set(why, STATUS_NO_MEMORY, "no memory for a source");
    buf_init(&s->body);
    buf_init(&s->wire);
    buf_init(&s->text);
    enum status st = resp_client_open(url, password, &s->client, why);
    struct resp_client_reply reply;
    if (st == STATUS_OK) st = ask(s, (struct str[]){STR("OUTPUT"), STR("json")}, 2, &reply, why);
    if (st == STATUS_OK) st = load_keys(s, why);
    if (st != STATUS_OK) {
        tile38_source_close(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

void tile38_source_close(struct tile38_source *s) {
    if (!s) return;
    resp_client_close(s->client);
    yyjson_doc_free(s->keys);
    mem_free(s->names);
    buf_deinit(&s->body);
    buf_deinit(&s->wire);
    buf_deinit(&s->text);
    mem_free(s);
}

const char *tile38_source_name(const struct tile38_source *s) {
    return resp_client_name(s->client);
}

uint64_t tile38_source_objects(struct tile38_source *s) {
    yyjson_doc *doc;
    size_t bytes;
    if (ask_json(s, &STR("SERVER"), 1, &doc, &bytes, NULL) != STATUS_OK) return 0;
    yyjson_val *stats = yyjson_obj_get(yyjson_doc_get_root(doc), "stats");
    double n = number_of(yyjson_obj_get(stats, "num_objects"), 0);
    yyjson_doc_free(doc);
    return n > 0 && n < 1e18 ? (uint64_t)n : 0;
}

enum status tile38_source_key(const struct tile38_source *s, struct str after, struct str *key) {
    size_t low = 0, high = s->name_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (str_compare(s->names[middle], after) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == s->name_count) return STATUS_NOT_FOUND;
    *key = s->names[low];
    return STATUS_OK;
}

/// The first object behind `last`; `*shifted`: there may be some between `last` and this page.
static size_t page_begin(const struct page *page, struct str last, bool *shifted) {
    size_t i, count;
    yyjson_val *item;
    *shifted = false;
    if (last.len == 0) return 0;
    yyjson_arr_foreach(page->objects, i, count, item) {
        int order = str_compare(text_of(yyjson_obj_get(item, "id")), last);
        if (i == 0 && order > 0) *shifted = true;
        if (order > 0) return i;
    }
    return yyjson_arr_size(page->objects);
}

enum status tile38_source_scan(struct tile38_source *s, struct str key, tile38_source_fn *take,
                               void *ctx, struct reason *why) {
    uint64_t cursor = 0, limit = PAGE_FIRST, back = 0;
    struct buf last; // id given
    buf_init(&last);
    enum status st = STATUS_OK;
    for (bool more = true; more && st == STATUS_OK;) {
        struct page page;
        st = load_page(s, key, cursor, limit, &page, why);
        if (st != STATUS_OK) break;
        bool shifted;
        size_t from = page_begin(&page, buf_str(&last), &shifted);
        size_t count = yyjson_arr_size(page.objects);
        // An empty page behind the first may be one whose objects moved down.
        if (cursor > 0 && (shifted || count == 0)) {
            back = back ? back * 2 : 64;
            cursor -= back < cursor ? back : cursor;
            yyjson_doc_free(page.doc);
            continue;
        }
        st = give_page(s, key, &page, from, take, ctx, why);
        if (st == STATUS_OK && count) {
            buf_clear(&last);
            buf_append_str(&last,
                           text_of(yyjson_obj_get(yyjson_arr_get(page.objects, count - 1), "id")));
            st = buf_status(&last);
        }
        if (page.bytes) {
            limit = limit * PAGE_BYTES / page.bytes;
            limit = limit < 2 ? 2 : limit > PAGE_MOST ? PAGE_MOST : limit;
        }
        more = page.cursor > 0;
        cursor = more ? page.cursor - 1 : 0;
        back = 0;
        yyjson_doc_free(page.doc);
    }
    buf_deinit(&last);
    return st;
}

enum status tile38_source_fences(struct tile38_source *s, struct str key, tile38_source_fn *take,
                                 void *ctx, struct reason *why) {
    enum status st = give_fences(s, "HOOKS", "hooks", key, take, ctx, why);
    return st == STATUS_OK ? give_fences(s, "CHANS", "chans", key, take, ctx, why) : st;
}

// --- asking ---

static enum status ask(struct tile38_source *s, const struct str *args, size_t count,
                       struct resp_client_reply *reply, struct reason *why) {
    enum status st = resp_client_send(s->client, args, count, why);
    if (st == STATUS_OK) st = resp_client_receive(s->client, reply, why);
    if (st != STATUS_OK || reply->kind != RESP_CLIENT_ERROR) return st;
    int len = reply->text.len < 100 ? (int)reply->text.len : 100;
    return reason_set(why, STATUS_UNAVAILABLE, "%.100s: %.*s", resp_client_name(s->client), len,
                      reply->text.p);
}

static enum status ask_json(struct tile38_source *s, const struct str *args, size_t count,
                            yyjson_doc **out, size_t *bytes, struct reason *why) {
    struct resp_client_reply reply;
    enum status st = ask(s, args, count, &reply, why);
    if (st != STATUS_OK) return st;
    *bytes = reply.text.len;
    st = parse(s, reply.text, out, why);
    if (st != STATUS_OK) return st;
    yyjson_val *root = yyjson_doc_get_root(*out);
    if (yyjson_get_bool(yyjson_obj_get(root, "ok"))) return STATUS_OK;
    const char *error = yyjson_get_str(yyjson_obj_get(root, "err"));
    st = reason_set(why, STATUS_UNAVAILABLE, "%.100s: %.*s: %.100s", resp_client_name(s->client),
                    (int)args[0].len, args[0].p, error ? error : "not what a Tile38 answers");
    yyjson_doc_free(*out);
    return st;
}

/// Numbers stay the digits that they are.
static enum status parse(struct tile38_source *s, struct str text, yyjson_doc **out,
                         struct reason *why) {
    yyjson_read_err error;
    *out = yyjson_read_opts((char *)text.p, text.len, YYJSON_READ_NUMBER_AS_RAW, NULL, &error);
    if (*out) return STATUS_OK;
    if (error.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return reason_set(why, STATUS_NO_MEMORY, "no memory for a page");
    return reason_set(why, STATUS_CORRUPT, "%.100s: an answer that is not JSON: %.60s",
                      resp_client_name(s->client), error.msg);
}

static int by_bytes(const void *a, const void *b) {
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static enum status load_keys(struct tile38_source *s, struct reason *why) {
    size_t bytes, i, count;
    yyjson_val *name;
    enum status st = ask_json(s, (struct str[]){STR("KEYS"), STR("*")}, 2, &s->keys, &bytes, why);
    if (st != STATUS_OK) {
        s->keys = NULL;
        return st;
    }
    yyjson_val *keys = yyjson_obj_get(yyjson_doc_get_root(s->keys), "keys");
    s->names = mem_alloc((yyjson_arr_size(keys) + 1) * sizeof *s->names);
    if (!s->names) return reason_set(why, STATUS_NO_MEMORY, "no memory for the keys");
    yyjson_arr_foreach(keys, i, count, name) {
        if (yyjson_is_str(name)) s->names[s->name_count++] = text_of(name);
    }
    qsort(s->names, s->name_count, sizeof *s->names, by_bytes);
    return STATUS_OK;
}

static enum status load_page(struct tile38_source *s, struct str key, uint64_t cursor,
                             uint64_t limit, struct page *out, struct reason *why) {
    char at[24], most[24];
    snprintf(at, sizeof at, "%llu", (unsigned long long)cursor);
    snprintf(most, sizeof most, "%llu", (unsigned long long)limit);
    struct str args[] = {STR("SCAN"), key, STR("CURSOR"), str_of(at), STR("LIMIT"), str_of(most)};
    *out = (struct page){0};
    enum status st = ask_json(s, args, 6, &out->doc, &out->bytes, why);
    if (st != STATUS_OK) return st;
    yyjson_val *root = yyjson_doc_get_root(out->doc);
    out->objects = yyjson_obj_get(root, "objects");
    out->field_names = yyjson_obj_get(root, "fields");
    double next = number_of(yyjson_obj_get(root, "cursor"), 0);
    out->cursor = next > 0 && next < 1e18 ? (uint64_t)next : 0;
    // A page that does not lead on would be asked for again for ever.
    if (yyjson_is_arr(out->objects) && (out->cursor == 0 || out->cursor > cursor + 1))
        return STATUS_OK;
    yyjson_doc_free(out->doc);
    return reason_set(why, STATUS_CORRUPT, "%.100s: SCAN: not what a Tile38 answers",
                      resp_client_name(s->client));
}

// --- objects ---

/// Seconds that an object has to live; negative: for ever. NOT_FOUND: it has gone since.
static enum status read_life(struct tile38_source *s, double *out, struct reason *why) {
    struct resp_client_reply reply;
    yyjson_doc *doc;
    enum status st = resp_client_receive(s->client, &reply, why);
    if (st == STATUS_OK) st = parse(s, reply.text, &doc, why);
    if (st != STATUS_OK) return st;
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *ttl = yyjson_obj_get(root, "ttl");
    bool there = yyjson_get_bool(yyjson_obj_get(root, "ok")) && yyjson_is_raw(ttl);
    *out = number_of(ttl, -1);
    // Whole seconds are cut: half of one is the likely rest.
    if (there && *out >= 0 && *out == floor(*out)) *out += 0.5;
    yyjson_doc_free(doc);
    return there ? STATUS_OK : STATUS_NOT_FOUND;
}

static void command_begin(struct tile38_source *s) {
    buf_clear(&s->body);
    s->arg_count = 0;
}

static void command_add(struct tile38_source *s, struct str arg) {
    resp_bulk(&s->body, arg);
    s->arg_count++;
}

/// `name` and two arguments more are what is told of it.
static enum status command_end(struct tile38_source *s, const struct str brief[3],
                               tile38_source_fn *take, void *ctx, struct reason *why) {
    buf_clear(&s->wire);
    resp_array(&s->wire, s->arg_count);
    buf_append_str(&s->wire, buf_str(&s->body));
    if (s->body.failed || s->wire.failed)
        return reason_set(why, STATUS_NO_MEMORY, "no memory for a command");
    return take(ctx, brief, buf_str(&s->wire), why);
}

/// The value as JSON, digits as they came.
static void write_json(struct buf *out, yyjson_val *value) {
    size_t len;
    char *json = yyjson_val_write(value, 0, &len);
    if (!json) {
        out->failed = true;
        return;
    }
    buf_append(out, json, len);
    free(json);
}

/// Would FIELD take this text for something else than itself: a number, true, JSON, or trim it?
static bool is_read_as_other(struct str text) {
    if (str_trim(text).len != text.len) return true;
    if (!text.len || !strchr("{[\"-0123456789tfn", text.p[0])) return false;
    yyjson_doc *doc = yyjson_read(text.p, text.len, 0);
    yyjson_doc_free(doc);
    return doc != NULL;
}

/// What FIELD takes for a value: texts bare where that does, quoted where not, anything else as JSON.
static void write_field(struct buf *out, yyjson_val *value) {
    if (yyjson_is_str(value) && !is_read_as_other(text_of(value))) {
        buf_append_str(out, text_of(value));
    } else {
        write_json(out, value);
    }
}

static void add_field(struct tile38_source *s, struct str name, yyjson_val *value) {
    bool is_zero = yyjson_is_raw(value) && number_of(value, 1) == 0;
    if (is_zero || !value) return; // as absent
    buf_clear(&s->text);
    write_field(&s->text, value);
    command_add(s, STR("FIELD"));
    command_add(s, name);
    command_add(s, buf_str(&s->text));
    s->body.failed |= s->text.failed;
}

/// {"speed":12} of newer ones, or [12,0] by the names of the page.
static void add_fields(struct tile38_source *s, const struct page *page, yyjson_val *fields) {
    size_t i, count;
    yyjson_val *name, *value;
    if (yyjson_is_obj(fields)) {
        yyjson_obj_foreach(fields, i, count, name, value) add_field(s, text_of(name), value);
        return;
    }
    yyjson_arr_iter names = yyjson_arr_iter_with(page->field_names);
    yyjson_arr_foreach(fields, i, count, value) {
        name = yyjson_arr_iter_next(&names);
        if (yyjson_is_str(name)) add_field(s, text_of(name), value);
    }
}

static enum status give_object(struct tile38_source *s, struct str key, const struct page *page,
                               yyjson_val *item, double life, tile38_source_fn *take, void *ctx,
                               struct reason *why) {
    struct str id = text_of(yyjson_obj_get(item, "id"));
    yyjson_val *object = yyjson_obj_get(item, "object");
    if (!id.p || (!yyjson_is_obj(object) && !yyjson_is_str(object))) {
        return reason_set(why, STATUS_CORRUPT, "%.100s: SCAN: not what a Tile38 answers",
                          resp_client_name(s->client));
    }
    const struct str brief[] = {STR("SET"), key, id};
    command_begin(s);
    for (size_t i = 0; i < 3; i++)
        command_add(s, brief[i]);
    add_fields(s, page, yyjson_obj_get(item, "fields"));
    if (life >= 0 && life < LIFE_MAX_S) {
        char room[32];
        struct buf seconds = {.data = room, .cap = sizeof room};
        buf_append_fixed(&seconds, life, 3);
        command_add(s, STR("EX"));
        command_add(s, buf_str(&seconds));
    }
    if (yyjson_is_str(object)) {
        command_add(s, STR("STRING"));
        command_add(s, text_of(object));
    } else {
        buf_clear(&s->text);
        write_json(&s->text, object);
        command_add(s, STR("OBJECT"));
        command_add(s, buf_str(&s->text));
        s->body.failed |= s->text.failed;
    }
    return command_end(s, brief, take, ctx, why);
}

/// The objects of a page behind the first `from`: their lives are asked for, many at once.
static enum status give_page(struct tile38_source *s, struct str key, const struct page *page,
                             size_t from, tile38_source_fn *take, void *ctx, struct reason *why) {
    size_t count = yyjson_arr_size(page->objects);
    yyjson_arr_iter asked = yyjson_arr_iter_with(page->objects);
    yyjson_arr_iter given = asked;
    for (size_t i = 0; i < from; i++) {
        yyjson_arr_iter_next(&asked);
        yyjson_arr_iter_next(&given);
    }
    for (size_t at = from; at < count;) {
        size_t n = count - at < LIVES_AT_ONCE ? count - at : LIVES_AT_ONCE;
        for (size_t i = 0; i < n; i++) {
            struct str id = text_of(yyjson_obj_get(yyjson_arr_iter_next(&asked), "id"));
            enum status st =
                resp_client_send(s->client, (struct str[]){STR("TTL"), key, id}, 3, why);
            if (st != STATUS_OK) return st;
        }
        for (size_t i = 0; i < n; i++) {
            double life = -1;
            enum status st = read_life(s, &life, why);
            yyjson_val *item = yyjson_arr_iter_next(&given);
            if (st == STATUS_NOT_FOUND) continue; // deleted since
            if (st == STATUS_OK) st = give_object(s, key, page, item, life, take, ctx, why);
            if (st != STATUS_OK) return st;
        }
        at += n;
    }
    return STATUS_OK;
}

// --- fences ---

/// SETHOOK name endpoints, or SETCHAN name; then META, EX and the search as they were given.
static enum status give_fence(struct tile38_source *s, yyjson_val *fence, tile38_source_fn *take,
                              void *ctx, struct reason *why) {
    yyjson_val *endpoints = yyjson_obj_get(fence, "endpoints"), *name, *value;
    const struct str brief[] = {endpoints ? STR("SETHOOK") : STR("SETCHAN"),
                                text_of(yyjson_obj_get(fence, "name")),
                                text_of(yyjson_obj_get(fence, "key"))};
    size_t i, count;
    command_begin(s);
    command_add(s, brief[0]);
    command_add(s, brief[1]);
    if (endpoints) {
        buf_clear(&s->text);
        yyjson_arr_foreach(endpoints, i, count, value) {
            if (i) buf_append_char(&s->text, ',');
            buf_append_str(&s->text, text_of(value));
        }
        command_add(s, buf_str(&s->text));
        s->body.failed |= s->text.failed;
    }
    yyjson_obj_foreach(yyjson_obj_get(fence, "meta"), i, count, name, value) {
        command_add(s, STR("META"));
        command_add(s, text_of(name));
        command_add(s, text_of(value));
    }
    double life = number_of(yyjson_obj_get(fence, "ttl"), -1);
    if (life >= 0 && life < LIFE_MAX_S) {
        char seconds[40];
        snprintf(seconds, sizeof seconds, "%.1f", life + 0.5);
        command_add(s, STR("EX"));
        command_add(s, str_of(seconds));
    }
    yyjson_arr_foreach(yyjson_obj_get(fence, "command"), i, count, value)
        command_add(s, text_of(value));
    return command_end(s, brief, take, ctx, why);
}

static enum status give_fences(struct tile38_source *s, const char *list, const char *member,
                               struct str key, tile38_source_fn *take, void *ctx,
                               struct reason *why) {
    yyjson_doc *doc;
    size_t bytes, i, count;
    yyjson_val *fence;
    enum status st = ask_json(s, (struct str[]){str_of(list), STR("*")}, 2, &doc, &bytes, why);
    if (st != STATUS_OK) return st;
    yyjson_arr_foreach(yyjson_obj_get(yyjson_doc_get_root(doc), member), i, count, fence) {
        struct str watched = text_of(yyjson_obj_get(fence, "key"));
        if (key.len && !str_eq(watched, key)) continue;
        st = give_fence(s, fence, take, ctx, why);
        if (st != STATUS_OK) break;
    }
    yyjson_doc_free(doc);
    return st;
}
