// wal_frame.c - headers and frames to bytes and back.

#include "storage/wal_frame.h"

#include <endian.h>
#include <string.h>

#include "base/hash.h"

#define FILE_VERSION 1u

static void put32(char *at, uint32_t v);
static uint32_t get32(const char *at);

static const char *file_magic(enum wal_file file) {
    return file == WAL_FILE_SEGMENT ? "WARPWAL1" : "WARPSNP1";
}

void wal_frame_file_write(enum wal_file file, struct wal_header *header,
                          char out[WAL_FRAME_FILE_HEADER]) {
    memset(out, 0, WAL_FRAME_FILE_HEADER);
    memcpy(out, file_magic(file), 8);
    put32(out + 8, FILE_VERSION);
    memcpy(out + 16, header->store_id, 16);
    wal_frame_put64(out + 32, header->lsn);
    wal_frame_put64(out + 40, header->created_ms);
    header->seed = hash_crc32c(0, out, WAL_FRAME_FILE_HEADER);
    put32(out + 12, header->seed);
}

bool wal_frame_file_parse(enum wal_file file, const char in[WAL_FRAME_FILE_HEADER],
                          struct wal_header *header) {
    char copy[WAL_FRAME_FILE_HEADER];
    memcpy(copy, in, sizeof copy);
    put32(copy + 12, 0);
    header->seed = get32(in + 12);
    if (hash_crc32c(0, copy, sizeof copy) != header->seed) return false;
    if (memcmp(in, file_magic(file), 8) != 0 || get32(in + 8) != FILE_VERSION) return false;
    memcpy(header->store_id, in + 16, 16);
    header->lsn = wal_frame_get64(in + 32);
    header->created_ms = wal_frame_get64(in + 40);
    return true;
}

void wal_frame_begin(char *at, enum wal_frame_kind kind, uint64_t lsn, uint32_t payload) {
    wal_frame_put64(at + 8, lsn);
    put32(at + 24, payload);
    put32(at + 28, (uint32_t)kind);
    size_t end = WAL_FRAME_HEADER + (size_t)payload;
    memset(at + end, 0, wal_frame_size(payload) - end);
}

size_t wal_frame_finish(char *at, uint64_t synced_lsn, uint32_t seed) {
    size_t size = wal_frame_size(get32(at + 24));
    put32(at, WAL_FRAME_MAGIC);
    wal_frame_put64(at + 16, synced_lsn);
    put32(at + 4, hash_crc32c(seed, at + 8, size - 8));
    return size;
}

bool wal_frame_peek(const char in[WAL_FRAME_HEADER], struct wal_frame *out) {
    if (get32(in) != WAL_FRAME_MAGIC) return false;
    uint32_t kind = get32(in + 28);
    if (kind < WAL_FRAME_BATCH || kind > WAL_FRAME_END) return false;
    out->kind = (enum wal_frame_kind)kind;
    out->lsn = wal_frame_get64(in + 8);
    out->synced_lsn = wal_frame_get64(in + 16);
    out->len = get32(in + 24);
    out->payload = NULL;
    return out->len <= WAL_FRAME_MAX_PAYLOAD;
}

bool wal_frame_verify(const char *in, uint32_t seed, struct wal_frame *frame) {
    frame->payload = in + WAL_FRAME_HEADER;
    return hash_crc32c(seed, in + 8, wal_frame_size(frame->len) - 8) == get32(in + 4);
}

void wal_frame_put64(char *at, uint64_t v) {
    v = htole64(v);
    memcpy(at, &v, sizeof v);
}

uint64_t wal_frame_get64(const char *at) {
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return le64toh(v);
}

static void put32(char *at, uint32_t v) {
    v = htole32(v);
    memcpy(at, &v, sizeof v);
}

static uint32_t get32(const char *at) {
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return le32toh(v);
}
