// arena.c - bump allocation in a list of blocks.
//
//   first -> ... -> block (being filled) -> own blocks of pieces too large to share
//
// Only `first` survives a reset.

#include "base/arena.h"

#include "base/mem.h"

#define ALIGN_BYTES ((size_t)16)
#define FIRST_BYTES ((size_t)4096)
#define BLOCK_MAX_BYTES ((size_t)1 << 20)

struct arena_block {
    struct arena_block *next;
    size_t size; // of data
    size_t used;
    _Alignas(16) char data[];
};

static void *take(struct arena_block *block, size_t size);
static struct arena_block *add_block(struct arena *arena, size_t size);
static struct arena_block *next_block(struct arena *arena, size_t size);

void arena_init(struct arena *arena, size_t first_bytes) {
    *arena = (struct arena){.first_bytes = first_bytes ? first_bytes : FIRST_BYTES};
}

static void free_blocks(struct arena_block *block) {
    while (block) {
        struct arena_block *next = block->next;
        mem_free(block);
        block = next;
    }
}

void arena_reset(struct arena *arena) {
    if (!arena->first) {
        return;
    }
    free_blocks(arena->first->next);
    arena->first->next = NULL;
    arena->first->used = 0;
    arena->block = arena->first;
}

void arena_deinit(struct arena *arena) {
    free_blocks(arena->first);
    arena->first = arena->block = NULL;
}

void *arena_alloc(struct arena *arena, size_t size) {
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size = (size + ALIGN_BYTES - 1) & ~(ALIGN_BYTES - 1);
    struct arena_block *block = arena->block;
    if (block && size <= block->size - block->used) {
        return take(block, size);
    }
    block = next_block(arena, size);
    return block ? take(block, size) : NULL;
}

void *arena_zalloc(struct arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    void *p = arena_alloc(arena, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

struct str arena_str(struct arena *arena, struct str s) {
    char *p = s.len < SIZE_MAX ? arena_alloc(arena, s.len + 1) : NULL;
    if (!p) {
        return STR_NONE;
    }
    if (s.len) {
        memcpy(p, s.p, s.len);
    }
    p[s.len] = '\0';
    return (struct str){p, s.len};
}

size_t arena_bytes(const struct arena *arena) {
    size_t bytes = 0;
    for (const struct arena_block *b = arena->first; b; b = b->next) {
        bytes += sizeof *b + b->size;
    }
    return bytes;
}

static inline void *take(struct arena_block *block, size_t size) {
    void *p = block->data + block->used;
    block->used += size;
    return p;
}

// A piece above 1 MiB gets a block to itself, behind the current one, which goes on being filled.
static struct arena_block *next_block(struct arena *arena, size_t size) {
    if (!arena->first) {
        size_t bytes = (arena->first_bytes + ALIGN_BYTES - 1) & ~(ALIGN_BYTES - 1);
        arena->block = add_block(arena, bytes);
        if (!arena->block || size <= bytes) {
            return arena->block;
        }
    }
    size_t bytes = arena->block->size < ALIGN_BYTES ? ALIGN_BYTES : arena->block->size;
    do {
        bytes *= 2;
    } while (bytes < size && bytes < BLOCK_MAX_BYTES);
    if (size > BLOCK_MAX_BYTES) {
        return add_block(arena, size);
    }
    struct arena_block *block = add_block(arena, bytes < BLOCK_MAX_BYTES ? bytes : BLOCK_MAX_BYTES);
    if (block) {
        arena->block = block;
    }
    return block;
}

static struct arena_block *add_block(struct arena *arena, size_t size) {
    struct arena_block *block = mem_alloc(sizeof *block + size);
    if (!block) {
        return NULL;
    }
    *block = (struct arena_block){.size = size};
    if (arena->block) {
        block->next = arena->block->next;
        arena->block->next = block;
    } else {
        arena->first = block;
    }
    return block;
}
