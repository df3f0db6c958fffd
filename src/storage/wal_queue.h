// wal_queue.h - the log's end in memory: frames appended, kept until they are on the disk.
//
//   head chunk ... cursor chunk ... tail chunk
//   | synced -> may be rewritten | written -> to be written | end
//
// A run of frames in chunks; places are counted from the start of the queue, in bytes. A frame never straddles two
// chunks. Appending reserves a place under the log's lock and copies the payload outside of it; the frame's
// magic number, stored last with release order, says that the copy is there.
//
// Threads: all functions but wal_queue_publish and wal_queue_await under the log's lock.

#ifndef STORAGE_WAL_QUEUE_H
#define STORAGE_WAL_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct wal_queue_chunk;

struct wal_queue {
    struct wal_queue_chunk *head, *tail, *cursor, *spare;
    size_t spare_count;
    uint64_t end;     // bytes ever appended
    uint64_t written; // of them, given to the kernel
    uint64_t synced;  // of them, on the disk
};

struct wal_queue_span {
    char *bytes;
    size_t len;
};

void wal_queue_init(struct wal_queue *q);
void wal_queue_deinit(struct wal_queue *q);
/// Room for one frame of `size` bytes (a multiple of 8); its magic number is zero until published. NULL: no memory.
char *wal_queue_reserve(struct wal_queue *q, size_t size);
/// A chunk set aside for a frame of up to `size` bytes; NULL: no memory.
struct wal_queue_chunk *wal_queue_set_aside(struct wal_queue *q, size_t size);
/// wal_queue_reserve that cannot fail: by the chunk, which is used or given back.
char *wal_queue_reserve_from(struct wal_queue *q, size_t size, struct wal_queue_chunk *chunk_take);
void wal_queue_give_back(struct wal_queue *q, struct wal_queue_chunk *chunk);
/// The payload is copied: the writer may take the frame.
void wal_queue_publish(char *frame);
/// Wait until the frame is published (a memcpy of another thread away).
void wal_queue_await(const char *frame);
/// The runs of [from, end) in order, at most `max`; `from` is synced or written.
size_t wal_queue_spans(const struct wal_queue *q, uint64_t from, uint64_t to,
                       struct wal_queue_span *out, size_t max);
void wal_queue_set_written(struct wal_queue *q, uint64_t written);
/// Chunks below are given back.
void wal_queue_set_synced(struct wal_queue *q, uint64_t synced);

#endif
