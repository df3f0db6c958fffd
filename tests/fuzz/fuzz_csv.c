// fuzz_csv.c - any bytes as a file to import. The first one chooses the format; the rest is the file, gzip included.
// Every Feature that comes out must be JSON, whatever went in.

#include <stdlib.h>

#include "api/json.h"
#include "cli/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct reader_record *record) {
    struct buf text;
    struct json json;
    struct reason why;
    buf_init(&text);
    buf_append_str(&text, record->text);
    feature_text_end(&record->time, &text);
    // Only depth is left to the server to refuse: the Feature stands around what was read.
    if (json_parse(buf_str(&text), NULL, &json, &why) == STATUS_OK) {
        if (!yyjson_get_str(yyjson_obj_get(json.root, "id"))) abort();
        json_free(&json);
    } else if (!strstr(why.text, "nested deeper")) {
        abort();
    }
    if (memchr(text.data, '\n', text.len)) abort(); // one line each
    buf_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct reader_options options = {.format = (enum reader_format)(data[0] % 5),
                                     .name = "-",
                                     .ids = {.collection = STR("c"), .prefix = STR("")}};
    if (data[0] & 0x40) options.ids.prefix = STR("p\"");
    struct input *in;
    struct reader *reader;
    struct reason why;
    if (input_open_memory((struct str){(const char *)data + 1, size - 1}, &in, &why) != STATUS_OK)
        return 0;
    enum status st = reader_open(in, &options, &reader, &why);
    bool is_open = st == STATUS_OK;
    while (st == STATUS_OK || (is_open && st == STATUS_INVALID)) {
        struct reader_record record;
        st = reader_next(reader, &record, &why);
        if (st == STATUS_OK) check(&record);
    }
    if (is_open) reader_close(reader);
    input_close(in);
    return 0;
}
