#include "proto/websocket.h"

#include <openssl/sha.h>

enum { LIMIT_BYTES = 1 << 20, CONTROL_MAX = 125, HEAD_MIN = 2 };

static bool head_read(struct websocket *w, const char *bytes, size_t len, size_t *taken);
static unsigned head_check(struct websocket *w);
static uint64_t head_length(const uint8_t *head);
static unsigned payload_read(struct websocket *w, const char *bytes, size_t n);
static enum websocket_step frame_end(struct websocket *w, struct websocket_event *event);
static enum websocket_step close_end(struct websocket *w, struct websocket_event *event);
static enum websocket_step fail(struct websocket *w, struct websocket_event *event, unsigned code);
static bool code_is_valid(unsigned code);

static bool is_control(unsigned opcode) {
    return opcode >= WEBSOCKET_CLOSE;
}

void websocket_deinit(struct websocket *w) {
    buf_deinit(&w->message);
}

enum websocket_step websocket_next(struct websocket *w, const char *bytes, size_t len,
                                   size_t *taken, struct websocket_event *event) {
    *taken = 0;
    if (w->done) {
        w->done = false;
        buf_deinit(&w->message);
    }
    if (w->closed) {
        *taken = len;
        return WEBSOCKET_MORE;
    }
    while (*taken < len || (w->in_payload && w->left == 0)) {
        if (!w->in_payload) {
            if (!head_read(w, bytes, len, taken)) return WEBSOCKET_MORE;
            unsigned code = head_check(w);
            if (code) return fail(w, event, code);
        }
        size_t n = len - *taken < w->left ? len - *taken : (size_t)w->left;
        unsigned code = payload_read(w, bytes + *taken, n);
        if (code) return fail(w, event, code);
        *taken += n;
        if (w->left) return WEBSOCKET_MORE;
        enum websocket_step step = frame_end(w, event);
        if (step != WEBSOCKET_MORE) return step;
    }
    return WEBSOCKET_MORE;
}

// --- the head ---

static unsigned head_size(const uint8_t *head) {
    unsigned length = head[1] & 127;
    return HEAD_MIN + (length == 126 ? 2U : length == 127 ? 8U : 0U) + (head[1] & 128 ? 4U : 0U);
}

/// False: it is not whole yet.
static bool head_read(struct websocket *w, const char *bytes, size_t len, size_t *taken) {
    for (;;) {
        unsigned need = w->head_len < HEAD_MIN ? HEAD_MIN : head_size(w->head);
        if (w->head_len == need) return true;
        if (*taken == len) return false;
        w->head[w->head_len++] = (uint8_t)bytes[(*taken)++];
    }
}

/// 0, or the code to close with.
static unsigned head_check(struct websocket *w) {
    unsigned opcode = w->head[0] & 15;
    bool fin = w->head[0] & 128, masked = w->head[1] & 128;
    uint64_t length = head_length(w->head), limit = w->limit_bytes ? w->limit_bytes : LIMIT_BYTES;
    unsigned form = w->head[1] & 127;
    bool known =
        opcode <= WEBSOCKET_BINARY || (opcode >= WEBSOCKET_CLOSE && opcode <= WEBSOCKET_PONG);
    if (w->head[0] & 0x70 || !known || masked == w->is_client) return WEBSOCKET_PROTOCOL;
    if ((form == 126 && length < 126) || (form == 127 && (length < 65536 || length >> 63)))
        return WEBSOCKET_PROTOCOL;
    if (is_control(opcode)) {
        if (!fin || length > CONTROL_MAX) return WEBSOCKET_PROTOCOL;
        w->control_len = 0;
    } else {
        if ((opcode == WEBSOCKET_CONTINUATION) != (w->message_opcode != 0))
            return WEBSOCKET_PROTOCOL;
        if (w->message.len > limit || length > limit - w->message.len) return WEBSOCKET_TOO_LARGE;
        if (opcode) w->message_opcode = (uint8_t)opcode;
    }
    w->opcode = (uint8_t)opcode;
    w->fin = fin;
    w->left = length;
    w->masked = 0;
    w->in_payload = true;
    return 0;
}

static uint64_t head_length(const uint8_t *head) {
    unsigned form = head[1] & 127, bytes = form == 126 ? 2 : form == 127 ? 8 : 0;
    uint64_t length = bytes ? 0 : form;
    for (unsigned i = 0; i < bytes; i++)
        length = length << 8 | head[HEAD_MIN + i];
    return length;
}

// --- the payload ---

static unsigned payload_read(struct websocket *w, const char *bytes, size_t n) {
    char *to;
    if (n == 0) return 0;
    if (is_control(w->opcode)) {
        to = (char *)w->control + w->control_len;
        w->control_len = (uint8_t)(w->control_len + n);
    } else {
        to = buf_reserve(&w->message, n);
        if (!to) return WEBSOCKET_INTERNAL;
        w->message.len += n;
    }
    const uint8_t *mask = w->head + w->head_len - 4;
    for (size_t i = 0; i < n; i++)
        to[i] = w->is_client ? bytes[i] : (char)(bytes[i] ^ mask[(w->masked + i) & 3]);
    w->masked += n;
    w->left -= n;
    bool text = !is_control(w->opcode) && w->message_opcode == WEBSOCKET_TEXT;
    return text && !websocket_utf8_check(&w->utf8, to, n) ? WEBSOCKET_NOT_UTF8 : 0;
}

static enum websocket_step frame_end(struct websocket *w, struct websocket_event *event) {
    w->in_payload = false;
    w->head_len = 0;
    if (is_control(w->opcode)) {
        *event = (struct websocket_event){.opcode = (enum websocket_opcode)w->opcode,
                                          .payload = {(char *)w->control, w->control_len}};
        return w->opcode == WEBSOCKET_CLOSE ? close_end(w, event) : WEBSOCKET_CONTROL;
    }
    if (!w->fin) return WEBSOCKET_MORE;
    if (w->message_opcode == WEBSOCKET_TEXT && w->utf8.left)
        return fail(w, event, WEBSOCKET_NOT_UTF8);
    *event = (struct websocket_event){.opcode = (enum websocket_opcode)w->message_opcode,
                                      .payload = buf_str(&w->message)};
    w->message_opcode = 0;
    w->done = true;
    return WEBSOCKET_MESSAGE;
}

static enum websocket_step close_end(struct websocket *w, struct websocket_event *event) {
    w->closed = true;
    event->code = WEBSOCKET_NO_CODE;
    if (w->control_len == 0) return WEBSOCKET_CONTROL;
    if (w->control_len == 1) return fail(w, event, WEBSOCKET_PROTOCOL);
    event->code = (unsigned)w->control[0] << 8 | w->control[1];
    event->payload = str_sub(event->payload, 2, event->payload.len - 2);
    if (!code_is_valid(event->code)) return fail(w, event, WEBSOCKET_PROTOCOL);
    if (!str_is_utf8(event->payload)) return fail(w, event, WEBSOCKET_NOT_UTF8);
    return WEBSOCKET_CONTROL;
}

static enum websocket_step fail(struct websocket *w, struct websocket_event *event, unsigned code) {
    w->closed = true;
    *event = (struct websocket_event){.opcode = WEBSOCKET_CLOSE, .code = code};
    return WEBSOCKET_FAILED;
}

/// RFC 6455 7.4 and the registry of close codes.
static bool code_is_valid(unsigned code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

// --- UTF-8 ---

bool websocket_utf8_check(struct websocket_utf8 *state, const char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)bytes[i];
        if (state->left) {
            if (c < state->low || c > state->high) return false;
            *state = (struct websocket_utf8){(uint8_t)(state->left - 1), 0x80, 0xbf};
            continue;
        }
        if (c < 0x80) continue;
        if (c < 0xc2 || c > 0xf4) return false;
        unsigned left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80; // no overlong forms
        uint8_t high = c == 0xed   ? 0x9f
                       : c == 0xf4 ? 0x8f
                                   : 0xbf; // no surrogates, at most U+10FFFF
        *state = (struct websocket_utf8){(uint8_t)left, low, high};
    }
    return true;
}

// --- out ---

size_t websocket_head(enum websocket_opcode opcode, uint64_t len, char out[WEBSOCKET_HEAD_BYTES]) {
    unsigned bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;
    out[0] = (char)(0x80 | opcode);
    out[1] = (char)(bytes == 0 ? len : bytes == 2 ? 126 : 127);
    for (unsigned i = 0; i < bytes; i++)
        out[HEAD_MIN + i] = (char)(len >> 8 * (bytes - 1 - i));
    return HEAD_MIN + bytes;
}

void websocket_write(struct buf *out, enum websocket_opcode opcode, struct str payload) {
    char head[WEBSOCKET_HEAD_BYTES];
    buf_append(out, head, websocket_head(opcode, payload.len, head));
    buf_append_str(out, payload);
}

void websocket_write_masked(struct buf *out, enum websocket_opcode opcode, struct str payload,
                            const uint8_t mask[4]) {
    char head[WEBSOCKET_HEAD_BYTES];
    size_t len = websocket_head(opcode, payload.len, head);
    head[1] = (char)(head[1] | 0x80);
    buf_append(out, head, len);
    buf_append(out, mask, 4);
    for (size_t i = 0; i < payload.len; i++)
        buf_append_char(out, (char)(payload.p[i] ^ mask[i & 3]));
}

void websocket_write_close(struct buf *out, unsigned code, struct str reason) {
    char payload[CONTROL_MAX] = {(char)(code >> 8), (char)code};
    size_t len = reason.len < sizeof payload - 2 ? reason.len : sizeof payload - 2;
    if (len) memcpy(payload + 2, reason.p, len);
    websocket_write(out, WEBSOCKET_CLOSE, (struct str){payload, len + 2});
}

bool websocket_accept(struct str key, char out[WEBSOCKET_ACCEPT_BYTES]) {
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    enum { KEY_BYTES = 24, GUID_BYTES = sizeof guid - 1 };
    if (key.len != KEY_BYTES || key.p[22] != '=' || key.p[23] != '=') return false;
    unsigned char text[KEY_BYTES + GUID_BYTES], digest[SHA_DIGEST_LENGTH];
    memcpy(text, key.p, KEY_BYTES);
    memcpy(text + KEY_BYTES, guid, GUID_BYTES);
    SHA1(text, sizeof text, digest);
    struct buf b = {.data = out, .cap = WEBSOCKET_ACCEPT_BYTES};
    buf_append_base64(&b, digest, sizeof digest);
    return !b.failed && b.len == WEBSOCKET_ACCEPT_BYTES;
}
