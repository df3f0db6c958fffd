// fuzz_tile38_aof.c - any bytes as an append-only file. Whatever is sent of it must be commands that read back, as many
// as were announced, and nothing but what such a file may hold.

#include <stdlib.h>

#include "cli/tile38_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t commands_in(struct str wire) {
    struct input *in;
    struct tile38_file *file;
    struct tile38_command c;
    struct reason why;
    size_t count = 0;
    if (input_open_memory(wire, &in, &why) != STATUS_OK) return 0;
    if (tile38_file_open(in, &file) != STATUS_OK) abort();
    enum status st;
    while ((st = tile38_file_next(file, &c, &why)) == STATUS_OK)
        count++;
    uint64_t offset;
    if (st != STATUS_NOT_FOUND || tile38_file_torn(file, &offset)) abort();
    tile38_file_close(file);
    input_close(in);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct input *in;
    struct tile38_file *file;
    struct tile38_command c;
    struct tile38_plan plan;
    struct reason why;
    tile38_plan_init(&plan);
    if (data[0] & 1) plan.collection = STR("a");
    if (data[0] & 2) plan.age_s = 5;
    struct str bytes = {(const char *)data + 1, size - 1};
    if (input_open_memory(bytes, &in, &why) != STATUS_OK) return 0;
    if (tile38_file_open(in, &file) != STATUS_OK) abort();
    while (tile38_file_next(file, &c, &why) == STATUS_OK) {
        enum tile38_verdict verdict;
        size_t sent;
        if (tile38_plan_take(&plan, &c, &verdict, &sent, &why) != STATUS_OK) abort();
        if (verdict == TILE38_SEND && commands_in(buf_str(&plan.wire)) != sent) abort();
    }
    size_t at = 0;
    for (const struct name_entry *e; (e = name_map_next(&plan.fences, &at));) {
        if (commands_in(name_entry_text(e)) != 1) abort();
    }
    tile38_file_close(file);
    input_close(in);
    tile38_plan_deinit(&plan);
    return 0;
}
