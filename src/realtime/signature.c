#include "realtime/signature.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static size_t base64_decode(struct str text, uint8_t *out, size_t most);

enum status signature_key_parse(struct str secret, struct signature_key *out, struct reason *why) {
    if (!str_starts(secret, STR("whsec_"))) {
        return reason_set(why, STATUS_INVALID, "a secret begins with whsec_");
    }
    out->len = base64_decode(str_sub(secret, 6, secret.len - 6), out->bytes, sizeof out->bytes);
    if (out->len < SIGNATURE_KEY_LEAST) {
        return reason_set(why, STATUS_INVALID,
                          "a secret is whsec_ and the base64 of %d to %d random bytes",
                          SIGNATURE_KEY_LEAST, SIGNATURE_KEY_MOST);
    }
    return STATUS_OK;
}

enum status signature_write(const struct signature_key *keys, size_t count, struct str id,
                            int64_t timestamp_s, struct str body, struct buf *out) {
    struct buf signed_text;
    buf_init(&signed_text);
    buf_append_str(&signed_text, id);
    buf_append_char(&signed_text, '.');
    buf_append_i64(&signed_text, timestamp_s);
    buf_append_char(&signed_text, '.');
    buf_append_str(&signed_text, body);
    enum status st = buf_status(&signed_text);
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        uint8_t mac[EVP_MAX_MD_SIZE];
        unsigned len = 0;
        if (!HMAC(EVP_sha256(), keys[i].bytes, (int)keys[i].len, (const uint8_t *)signed_text.data,
                  signed_text.len, mac, &len)) {
            st = STATUS_NO_MEMORY;
            break;
        }
        buf_append_str(out, i ? STR(" v1,") : STR("v1,"));
        buf_append_base64(out, mac, len);
        st = buf_status(out);
    }
    buf_deinit(&signed_text);
    return st;
}

static int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// How many bytes; 0 when it is no base64, or more than fit.
static size_t base64_decode(struct str text, uint8_t *out, size_t most) {
    if (text.len % 4 != 0) return 0;
    while (text.len && text.p[text.len - 1] == '=')
        text.len--;
    size_t len = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        int v = base64_value(text.p[i]);
        if (v < 0) return 0;
        bits = bits << 6 | (uint32_t)v;
        if (i % 4 == 0) continue;
        if (len == most) return 0;
        out[len++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    return text.len % 4 == 1 ? 0 : len;
}
