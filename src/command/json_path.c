#include "command/json_path.h"

#include <stdlib.h>
#include <yyjson.h>

#define PAD_MOST 10000 // nulls that fill an array up to an index
#define DEPTH_MOST 64  // parts of a path

static bool next_part(struct str *path, char room[256], struct str *part);
static bool index_of(struct str part, size_t *index);
static enum status write(yyjson_mut_val *val, struct buf *out);

static yyjson_doc *read_text(struct str json) {
    return yyjson_read_opts((char *)(uintptr_t)json.p, json.len, YYJSON_READ_NUMBER_AS_RAW, NULL,
                            NULL);
}

static yyjson_val *step(yyjson_val *at, struct str part) {
    size_t index;
    if (yyjson_is_arr(at)) {
        return index_of(part, &index) ? yyjson_arr_get(at, index) : NULL;
    }
    return yyjson_obj_getn(at, part.p, part.len);
}

enum status json_path_get(struct str json, struct str path, bool raw, struct buf *out) {
    yyjson_doc *doc = read_text(json);
    if (!doc) {
        return STATUS_NOT_FOUND;
    }
    yyjson_val *at = yyjson_doc_get_root(doc);
    char room[256];
    struct str part;
    while (at && next_part(&path, room, &part)) {
        if (yyjson_is_arr(at) && str_eq(part, STR("#"))) { // how many
            buf_append_u64(out, yyjson_arr_size(at));
            yyjson_doc_free(doc);
            return buf_status(out);
        }
        at = step(at, part);
    }
    enum status st = at ? STATUS_OK : STATUS_NOT_FOUND;
    if (at && !raw && yyjson_is_str(at)) {
        buf_append(out, yyjson_get_str(at), yyjson_get_len(at));
    } else if (at && (raw || !yyjson_is_null(at))) {
        size_t len;
        char *text = yyjson_val_write(at, YYJSON_WRITE_NOFLAG, &len);
        buf_append(out, text ? text : "", text ? len : 0);
        st = text ? STATUS_OK : STATUS_NO_MEMORY;
        free(text);
    }
    yyjson_doc_free(doc);
    return st == STATUS_OK ? buf_status(out) : st;
}

// --- changes ---

static yyjson_mut_doc *copy_text(struct str json) {
    yyjson_doc *doc = read_text(json);
    yyjson_mut_doc *copy = doc ? yyjson_doc_mut_copy(doc, NULL) : NULL;
    yyjson_doc_free(doc);
    return copy;
}

/// The container that the rest of the path needs.
static yyjson_mut_val *container_for(yyjson_mut_doc *doc, struct str rest) {
    char room[256];
    struct str part;
    size_t index;
    bool array =
        next_part(&rest, room, &part) && (index_of(part, &index) || str_eq(part, STR("-1")));
    return array ? yyjson_mut_arr(doc) : yyjson_mut_obj(doc);
}

static bool is_container(yyjson_mut_val *val) {
    return yyjson_mut_is_obj(val) || yyjson_mut_is_arr(val);
}

static enum status put_in_array(yyjson_mut_doc *doc, yyjson_mut_val *array, struct str part,
                                yyjson_mut_val *val, struct reason *why) {
    size_t size = yyjson_mut_arr_size(array), index = size;
    if (!index_of(part, &index) && !str_eq(part, STR("-1"))) {
        return reason_set(why, STATUS_BAD_REQUEST,
                          "cannot set array element for non-numeric key '%.*s'",
                          part.len < 64 ? (int)part.len : 64, part.p);
    }
    if (index < size) {
        return yyjson_mut_arr_replace(array, index, val) ? STATUS_OK : STATUS_NO_MEMORY;
    }
    if (index - size > PAD_MOST) {
        return reason_set(why, STATUS_TOO_LARGE, "index %zu lies far behind the array's end",
                          index);
    }
    bool ok = true;
    for (; ok && size < index; size++) {
        ok = yyjson_mut_arr_add_null(doc, array);
    }
    return ok && yyjson_mut_arr_append(array, val) ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status put(yyjson_mut_doc *doc, yyjson_mut_val *container, struct str part,
                       yyjson_mut_val *val, struct reason *why) {
    if (!val) {
        return STATUS_NO_MEMORY;
    }
    if (yyjson_mut_is_arr(container)) {
        return put_in_array(doc, container, part, val, why);
    }
    yyjson_mut_val *key = yyjson_mut_strncpy(doc, part.p, part.len);
    if (!key) {
        return STATUS_NO_MEMORY;
    }
    if (yyjson_mut_obj_getn(container, part.p, part.len)) {
        return yyjson_mut_obj_replace(container, key, val) ? STATUS_OK : STATUS_NO_MEMORY;
    }
    return yyjson_mut_obj_add(container, key, val) ? STATUS_OK : STATUS_NO_MEMORY;
}

static yyjson_mut_val *child_of(yyjson_mut_val *at, struct str part) {
    size_t index;
    if (yyjson_mut_is_arr(at)) {
        return index_of(part, &index) ? yyjson_mut_arr_get(at, index) : NULL;
    }
    return yyjson_mut_obj_getn(at, part.p, part.len);
}

static enum status parse_value(yyjson_mut_doc *doc, struct str value, bool raw,
                               yyjson_mut_val **out, struct reason *why) {
    if (!raw) {
        *out = yyjson_mut_strncpy(doc, value.p, value.len);
        return *out ? STATUS_OK : STATUS_NO_MEMORY;
    }
    yyjson_doc *given = read_text(value);
    if (!given) {
        return reason_set(why, STATUS_BAD_REQUEST, "invalid argument '%.*s'",
                          value.len < 64 ? (int)value.len : 64, value.p);
    }
    *out = yyjson_val_mut_copy(doc, yyjson_doc_get_root(given));
    yyjson_doc_free(given);
    return *out ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status set_below(yyjson_mut_doc *doc, struct str path, yyjson_mut_val *val,
                             struct reason *why) {
    char room[256];
    struct str part;
    yyjson_mut_val *at = yyjson_mut_doc_get_root(doc);
    for (unsigned depth = 0; next_part(&path, room, &part); depth++) {
        if (depth == DEPTH_MOST) {
            return reason_set(why, STATUS_TOO_LARGE, "a path has at most %d parts", DEPTH_MOST);
        }
        if (!path.p) {
            return put(doc, at, part, val, why);
        }
        yyjson_mut_val *child = child_of(at, part);
        if (!is_container(child)) {
            child = container_for(doc, path);
            enum status st = put(doc, at, part, child, why);
            if (st != STATUS_OK) {
                return st;
            }
            if (yyjson_mut_is_obj(at)) { // replacing copied the value into the old one's place
                child = child_of(at, part);
            }
        }
        at = child;
    }
    return reason_set(why, STATUS_BAD_REQUEST, "path cannot be empty");
}

static enum status open_for_change(struct str json, struct str path, yyjson_mut_doc **out,
                                   struct reason *why) {
    if (str_trim(json).len == 0) {
        *out = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *root = *out ? container_for(*out, path) : NULL;
        if (root) {
            yyjson_mut_doc_set_root(*out, root);
            return STATUS_OK;
        }
        yyjson_mut_doc_free(*out);
        return STATUS_NO_MEMORY;
    }
    *out = copy_text(json);
    if (*out && is_container(yyjson_mut_doc_get_root(*out))) {
        return STATUS_OK;
    }
    yyjson_mut_doc_free(*out);
    return reason_set(why, STATUS_BAD_REQUEST, "json must be an object or array");
}

enum status json_path_set(struct str json, struct str path, struct str value, bool raw,
                          struct buf *out, struct reason *why) {
    yyjson_mut_doc *doc;
    yyjson_mut_val *val = NULL;
    if (!str_is_utf8(path) || !str_is_utf8(value)) {
        return reason_set(why, STATUS_BAD_REQUEST, "a string must be UTF-8");
    }
    enum status st = open_for_change(json, path, &doc, why);
    if (st != STATUS_OK) {
        return st;
    }
    st = parse_value(doc, value, raw, &val, why);
    if (st == STATUS_OK) {
        st = path.len ? set_below(doc, path, val, why)
                      : reason_set(why, STATUS_BAD_REQUEST, "path cannot be empty");
    }
    if (st == STATUS_OK) {
        st = write(yyjson_mut_doc_get_root(doc), out);
    }
    yyjson_mut_doc_free(doc);
    return st;
}

static bool take_out(yyjson_mut_val *container, struct str part) {
    size_t index;
    if (!yyjson_mut_is_arr(container)) {
        return yyjson_mut_obj_remove_keyn(container, part.p, part.len) != NULL;
    }
    size_t size = yyjson_mut_arr_size(container);
    if (str_eq(part, STR("-1")) && size) {
        return yyjson_mut_arr_remove(container, size - 1) != NULL;
    }
    return index_of(part, &index) && index < size && yyjson_mut_arr_remove(container, index);
}

enum status json_path_delete(struct str json, struct str path, struct buf *out) {
    yyjson_mut_doc *doc = path.len ? copy_text(json) : NULL;
    yyjson_mut_val *at = doc ? yyjson_mut_doc_get_root(doc) : NULL;
    char room[256];
    struct str part;
    enum status st = STATUS_NOT_FOUND;
    while (is_container(at) && next_part(&path, room, &part)) {
        if (!path.p) {
            st = take_out(at, part) ? write(yyjson_mut_doc_get_root(doc), out) : st;
            break;
        }
        at = child_of(at, part);
    }
    yyjson_mut_doc_free(doc);
    return st;
}

static enum status write(yyjson_mut_val *val, struct buf *out) {
    size_t len;
    char *text = yyjson_mut_val_write(val, YYJSON_WRITE_NOFLAG, &len);
    if (!text) {
        return STATUS_NO_MEMORY;
    }
    buf_append(out, text, len);
    free(text);
    return buf_status(out);
}

// --- paths ---

/// Cut the first part off; afterwards `path->p` is NULL when it was the last. Longer names than the room have no escapes
/// taken out.
static bool next_part(struct str *path, char room[256], struct str *part) {
    if (!path->p || path->len == 0) {
        return false;
    }
    size_t end = 0, len = 0;
    bool escaped = false;
    while (end < path->len && path->p[end] != '.') {
        if (path->p[end] == '\\' && end + 1 < path->len) {
            escaped = true;
            end++;
        }
        if (len < 256) {
            room[len++] = path->p[end];
        }
        end++;
    }
    *part = escaped && len < 256 ? (struct str){room, len} : str_sub(*path, 0, end);
    *path = end < path->len ? str_sub(*path, end + 1, path->len - end - 1) : STR_NONE;
    return true;
}

static bool index_of(struct str part, size_t *index) {
    uint64_t v;
    if (part.len == 0 || part.len > 9 || !str_parse_u64(part, &v)) {
        return false;
    }
    *index = (size_t)v;
    return true;
}
