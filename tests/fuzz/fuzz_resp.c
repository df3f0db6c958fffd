// Whatever comes, the RESP parser takes the same commands out of it in one piece and in two.

#include <stdlib.h>

#include "base/buf.h"
#include "proto/resp_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct resp_limits limits = {.bytes = 4096, .args = 64};

/// Everything that comes out, told one after the other; first the bytes before `cut` are offered, then all.
static void read_all(const uint8_t *data, size_t size, size_t cut, struct buf *told) {
    struct resp_parser p = {0};
    struct resp_room room = {0};
    struct reason why = {0};
    size_t begin = 0, end = cut;
    for (;;) {
        size_t taken, len = end - begin;
        char *copy = malloc(len + 1); // so that a byte too far is seen
        if (!copy) abort();
        if (len) memcpy(copy, data + begin, len);
        struct resp_command c;
        enum resp_step step = resp_parser_next(&p, &room, &limits, copy, len, &taken, &c, &why);
        if (taken > len) abort();
        if (step == RESP_COMMAND) {
            if (c.count == 0 || c.count > limits.args) abort();
            buf_printf(told, "%d %zu:", (int)c.form, c.count);
            for (size_t i = 0; i < c.count; i++) {
                buf_append_u64(told, c.args[i].len);
                buf_append_str(told, c.args[i]);
            }
        }
        free(copy);
        begin += taken;
        if (step == RESP_FAILED) {
            buf_append_str(told, str_of(why.text));
            break;
        }
        if (step == RESP_COMMAND) continue;
        if (end == size) break;
        end = size;
    }
    resp_parser_deinit(&p);
    resp_room_deinit(&room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    size_t cut = data[0] % size;
    data++;
    size--;
    if (cut > size) cut = size;
    struct buf whole, parts;
    buf_init(&whole);
    buf_init(&parts);
    read_all(data, size, size, &whole);
    read_all(data, size, cut, &parts);
    if (whole.failed || parts.failed || !str_eq(buf_str(&whole), buf_str(&parts))) abort();
    buf_deinit(&whole);
    buf_deinit(&parts);
    return 0;
}
