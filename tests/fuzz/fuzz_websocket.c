// Whatever comes, the WebSocket codec says the same of it in one piece and byte by byte, and stays within its limit.

#include <stdlib.h>

#include "base/buf.h"
#include "proto/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 2048 };

static void read_all(const char *bytes, size_t size, size_t piece, bool client, struct buf *told) {
    struct websocket w = {.limit_bytes = LIMIT, .is_client = client};
    for (size_t at = 0; at < size;) {
        size_t len = size - at < piece ? size - at : piece, taken;
        struct websocket_event e;
        enum websocket_step step = websocket_next(&w, bytes + at, len, &taken, &e);
        if (taken > len || (step == WEBSOCKET_MORE && taken < len)) abort();
        at += taken;
        if (step == WEBSOCKET_MORE) continue;
        buf_printf(told, "%d %d ", (int)step, (int)e.opcode);
        if (e.opcode == WEBSOCKET_CLOSE) buf_append_u64(told, e.code);
        if (step == WEBSOCKET_FAILED) break;
        if (e.payload.len > LIMIT) abort();
        if (e.opcode == WEBSOCKET_TEXT && !str_is_utf8(e.payload)) abort();
        buf_append_str(told, e.payload);
    }
    websocket_deinit(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    struct buf whole, parts;
    buf_init(&whole);
    buf_init(&parts);
    bool client = data[0] & 1;
    read_all((const char *)data + 1, size - 1, size, client, &whole);
    read_all((const char *)data + 1, size - 1, 1, client, &parts);
    if (whole.failed || parts.failed || !str_eq(buf_str(&whole), buf_str(&parts))) abort();
    buf_deinit(&whole);
    buf_deinit(&parts);
    return 0;
}
