// wal_queue.c - chunks of frames, recycled.

#include "storage/wal_queue.h"

#include <assert.h>
#include <sched.h>
#include <stdbool.h>

#include "base/mem.h"
#include "storage/wal_frame.h"

#define CHUNK_BYTES ((size_t)256 << 10)
#define SPARE_MAX 128u // 32 MiB are recycled while writes go on: fresh pages cost more than copying
#define SPARE_IDLE 16u // 4 MiB are kept for the next burst

struct wal_queue_chunk {
    struct wal_queue_chunk *next;
    uint64_t start; // place of its first byte
    size_t used, cap;
    _Alignas(16) char bytes[];
};

static struct wal_queue_chunk *chunk_take(struct wal_queue *q, size_t need);
static void chunk_give(struct wal_queue *q, struct wal_queue_chunk *chunk);
static void spare_trim(struct wal_queue *q);

void wal_queue_init(struct wal_queue *q) {
    *q = (struct wal_queue){0};
}

void wal_queue_deinit(struct wal_queue *q) {
    struct wal_queue_chunk *lists[2] = {q->head, q->spare};
    for (int i = 0; i < 2; i++) {
        for (struct wal_queue_chunk *c = lists[i], *next; c; c = next) {
            next = c->next;
            mem_free(c);
        }
    }
    wal_queue_init(q);
}

static bool tail_has_room(const struct wal_queue *q, size_t size) {
    return q->tail && q->tail->cap - q->tail->used >= size;
}

char *wal_queue_reserve(struct wal_queue *q, size_t size) {
    struct wal_queue_chunk *fresh = NULL;
    if (!tail_has_room(q, size) && !(fresh = chunk_take(q, size))) return NULL;
    return wal_queue_reserve_from(q, size, fresh);
}

struct wal_queue_chunk *wal_queue_set_aside(struct wal_queue *q, size_t size) {
    return chunk_take(q, size);
}

void wal_queue_give_back(struct wal_queue *q, struct wal_queue_chunk *chunk) {
    chunk_give(q, chunk);
}

char *wal_queue_reserve_from(struct wal_queue *q, size_t size, struct wal_queue_chunk *fresh) {
    assert(size % 8 == 0);
    struct wal_queue_chunk *tail = q->tail;
    if (tail_has_room(q, size)) {
        if (fresh) chunk_give(q, fresh);
    } else {
        assert(fresh && fresh->cap >= size);
        *fresh = (struct wal_queue_chunk){.start = q->end, .cap = fresh->cap};
        if (tail)
            tail->next = fresh;
        else
            q->head = q->cursor = fresh;
        q->tail = tail = fresh;
    }
    char *frame = tail->bytes + tail->used;
    __atomic_store_n((uint32_t *)(void *)frame, 0, __ATOMIC_RELAXED);
    tail->used += size;
    q->end += size;
    return frame;
}

void wal_queue_publish(char *frame) {
    __atomic_store_n((uint32_t *)(void *)frame, WAL_FRAME_MAGIC, __ATOMIC_RELEASE);
}

void wal_queue_await(const char *frame) {
    while (__atomic_load_n((const uint32_t *)(const void *)frame, __ATOMIC_ACQUIRE) == 0)
        sched_yield();
}

size_t wal_queue_spans(const struct wal_queue *q, uint64_t from, uint64_t to,
                       struct wal_queue_span *out, size_t max) {
    size_t n = 0;
    struct wal_queue_chunk *c = from >= q->written ? q->cursor : q->head;
    for (; c && n < max && from < to; c = c->next) {
        uint64_t end = c->start + c->used;
        if (end <= from) continue;
        if (end > to) end = to;
        out[n++] = (struct wal_queue_span){c->bytes + (from - c->start), (size_t)(end - from)};
        from = end;
    }
    return n;
}

void wal_queue_set_written(struct wal_queue *q, uint64_t written) {
    q->written = written;
    while (q->cursor && q->cursor->next && q->cursor->next->start <= written)
        q->cursor = q->cursor->next;
}

void wal_queue_set_synced(struct wal_queue *q, uint64_t synced) {
    assert(synced <= q->written);
    q->synced = synced;
    while (q->head != q->cursor && q->head->next->start <= synced) {
        struct wal_queue_chunk *done = q->head;
        q->head = done->next;
        chunk_give(q, done);
    }
    // All is on the disk: start over in the same, warm memory.
    if (q->head && q->head == q->tail && synced == q->end) {
        if (q->head->cap > CHUNK_BYTES) {
            chunk_give(q, q->head);
            q->head = q->tail = q->cursor = NULL;
        } else {
            q->head->start = q->end;
            q->head->used = 0;
        }
        spare_trim(q);
    }
}

static struct wal_queue_chunk *chunk_take(struct wal_queue *q, size_t need) {
    if (need <= CHUNK_BYTES && q->spare) {
        struct wal_queue_chunk *c = q->spare;
        q->spare = c->next;
        q->spare_count--;
        return c;
    }
    size_t cap = need > CHUNK_BYTES ? need : CHUNK_BYTES;
    struct wal_queue_chunk *c = mem_alloc(sizeof *c + cap);
    if (c) c->cap = cap;
    return c;
}

static void chunk_give(struct wal_queue *q, struct wal_queue_chunk *chunk) {
    if (chunk->cap > CHUNK_BYTES || q->spare_count >= SPARE_MAX) {
        mem_free(chunk);
        return;
    }
    chunk->next = q->spare;
    q->spare = chunk;
    q->spare_count++;
}

static void spare_trim(struct wal_queue *q) {
    while (q->spare_count > SPARE_IDLE) {
        struct wal_queue_chunk *c = q->spare;
        q->spare = c->next;
        q->spare_count--;
        mem_free(c);
    }
}
