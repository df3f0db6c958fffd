// cursor.c - fixed fields, little endian, the key's text, CRC-32C; base64url without padding (RFC 4648
// section 5).

#include "engine/cursor.h"

#include <string.h>

#include "base/hash.h"

#define FORM 1
#define TEXT_AT 26 // form 1, class 1, incarnation 8, order 4, slot 4, number 8
#define CRC_BYTES 4
#define BYTES_MAX (TEXT_AT + SEARCH_TEXT_MAX + CRC_BYTES)

static void put(unsigned char *p, uint64_t v, unsigned bytes);
static uint64_t get(const unsigned char *p, unsigned bytes);
static size_t encode(const unsigned char *bytes, size_t len, char *out);
static bool decode(struct str text, unsigned char *out, size_t cap, size_t *len);

enum status cursor_write(const struct cursor *c, struct arena *arena, struct str *out) {
    unsigned char bytes[BYTES_MAX];
    uint64_t number;
    memcpy(&number, &c->key.number, sizeof number);
    size_t text_len = c->key.text.len < SEARCH_TEXT_MAX ? c->key.text.len : SEARCH_TEXT_MAX;
    put(bytes, FORM, 1);
    put(bytes + 1, c->key.class, 1);
    put(bytes + 2, c->incarnation, 8);
    put(bytes + 10, c->order, 4);
    put(bytes + 14, c->key.slot, 4);
    put(bytes + 18, number, 8);
    if (text_len) {
        memcpy(bytes + TEXT_AT, c->key.text.p, text_len);
    }
    size_t len = TEXT_AT + text_len;
    put(bytes + len, hash_crc32c(0, bytes, len), CRC_BYTES);
    len += CRC_BYTES;
    char *text = arena_alloc(arena, (len * 4 + 2) / 3 + 1);
    if (!text) {
        return STATUS_NO_MEMORY;
    }
    *out = (struct str){text, encode(bytes, len, text)};
    return STATUS_OK;
}

enum status cursor_parse(struct str text, struct arena *arena, struct cursor *out,
                         struct reason *why) {
    unsigned char bytes[BYTES_MAX];
    size_t len = 0;
    if (!decode(text, bytes, sizeof bytes, &len) || len < TEXT_AT + CRC_BYTES ||
        get(bytes + len - CRC_BYTES, CRC_BYTES) != hash_crc32c(0, bytes, len - CRC_BYTES) ||
        bytes[0] != FORM || bytes[1] > SEARCH_MISSING) {
        return reason_set(why, STATUS_BAD_REQUEST, "the cursor is not one of ours or is damaged");
    }
    uint64_t number = get(bytes + 18, 8);
    *out = (struct cursor){
        .incarnation = get(bytes + 2, 8),
        .order = (uint32_t)get(bytes + 10, 4),
        .key = {.class = bytes[1], .slot = (uint32_t)get(bytes + 14, 4)},
    };
    memcpy(&out->key.number, &number, sizeof number);
    struct str key = {(const char *)bytes + TEXT_AT, len - TEXT_AT - CRC_BYTES};
    if (key.len) {
        out->key.text = arena_str(arena, key);
    }
    return key.len && !out->key.text.p ? STATUS_NO_MEMORY : STATUS_OK;
}

static void put(unsigned char *p, uint64_t v, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) {
        p[i] = (unsigned char)(v >> (8 * i));
    }
}

static uint64_t get(const unsigned char *p, unsigned bytes) {
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        v |= (uint64_t)p[i] << (8 * i);
    }
    return v;
}

static size_t encode(const unsigned char *bytes, size_t len, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t n = 0;
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 6; have -= 6) {
            out[n++] = digits[bits >> (have - 6) & 63];
        }
    }
    if (have) {
        out[n++] = digits[bits << (6 - have) & 63];
    }
    return n;
}

static int digit_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/// One spelling for each run of bytes: bits left over must be 0.
static bool decode(struct str text, unsigned char *out, size_t cap, size_t *len) {
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < text.len; i++) {
        int v = digit_value(text.p[i]);
        if (v < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            if (*len == cap) {
                return false;
            }
            out[(*len)++] = (unsigned char)(bits >> have);
        }
    }
    return have < 6 && (bits & ((1u << have) - 1)) == 0;
}
