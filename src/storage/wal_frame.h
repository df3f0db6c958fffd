// wal_frame.h - the bytes of a file's header and of a frame; segments and snapshots are made of both.
//
//   file   | header 64 | frame | frame | ... | SEAL or END |
//   frame  | magic 4 | crc 4 | lsn 8 | synced 8 | length 4 | kind 4 | payload, zeros to a multiple of 8 |
//
// The CRC (Castagnoli) runs over everything behind it, zeros included, and starts from the CRC of the file's
// header, which holds the store's random id and the first LSN: a frame of another file, another store
// or another place in the order does not pass. Numbers are little-endian.
// `synced` is the highest LSN known to be on the disk when the frame was written: whatever is damaged at or below
// it was once whole, so it cannot be a write that a power cut tore.

#ifndef STORAGE_WAL_FRAME_H
#define STORAGE_WAL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAL_FRAME_FILE_HEADER 64u // bytes
#define WAL_FRAME_HEADER 32u      // bytes
#define WAL_FRAME_MAX_PAYLOAD (1u << 30)
#define WAL_FRAME_MAGIC 0x314d5257u // "WRM1"

enum wal_file { WAL_FILE_SEGMENT, WAL_FILE_SNAPSHOT };

enum wal_frame_kind {
    WAL_FRAME_BATCH = 1, // a batch; lsn is its own
    WAL_FRAME_MARK = 2,  // says what is synced by now; lsn is that of the batch before
    WAL_FRAME_SEAL = 3,  // ends a segment; lsn is that of its last batch
    WAL_FRAME_BLOCK = 4, // records of a snapshot; lsn counts blocks from 1
    WAL_FRAME_END = 5,   // ends a snapshot; payload: records, the LSN its log must reach
};

struct wal_header {
    uint8_t store_id[16];
    uint64_t lsn; // segment: of its first batch; snapshot: of the first batch to replay on top
    uint64_t created_ms;
    uint32_t seed; // the header's CRC, where the CRC of each frame starts
};

struct wal_frame {
    uint64_t lsn, synced_lsn;
    uint32_t len;
    enum wal_frame_kind kind;
    const char *payload;
};

/// Sets `header->seed` too.
void wal_frame_file_write(enum wal_file file, struct wal_header *header,
                          char out[WAL_FRAME_FILE_HEADER]);
/// False when the bytes are damaged or not of this kind of file.
bool wal_frame_file_parse(enum wal_file file, const char in[WAL_FRAME_FILE_HEADER],
                          struct wal_header *header);

/// Bytes of a frame with that payload, a multiple of 8.
static inline size_t wal_frame_size(uint32_t payload) {
    return WAL_FRAME_HEADER + (((size_t)payload + 7) & ~(size_t)7);
}
/// All fields but magic, synced LSN and CRC, and the zeros behind the payload. The payload is the caller's to copy.
void wal_frame_begin(char *at, enum wal_frame_kind kind, uint64_t lsn, uint32_t payload);
/// The last touch: magic, synced LSN, CRC. Gives the frame's size.
size_t wal_frame_finish(char *at, uint64_t synced_lsn, uint32_t seed);
/// Fields of a frame header, unchecked but for magic, kind and length. False when it cannot be one.
bool wal_frame_peek(const char in[WAL_FRAME_HEADER], struct wal_frame *out);
/// Is the CRC of this whole frame (wal_frame_size bytes) right? Sets payload.
bool wal_frame_verify(const char *in, uint32_t seed, struct wal_frame *frame);

void wal_frame_put64(char *at, uint64_t v);
uint64_t wal_frame_get64(const char *at);

#endif
