#include "cli/name_map.h"

#include "base/hash.h"
#include "base/mem.h"

enum { FIRST = 16 };

static bool make_room(struct name_map *m);
static size_t slot_of(const struct name_map *m, struct str name);

void name_map_deinit(struct name_map *m) {
    name_map_clear(m);
    mem_free(m->entries);
    mem_free(m->slots);
    *m = (struct name_map){0};
}

enum status name_map_put(struct name_map *m, struct str name, struct str text) {
    char *bytes = mem_alloc(name.len + text.len);
    if (!bytes || !make_room(m)) {
        mem_free(bytes);
        return STATUS_NO_MEMORY;
    }
    memcpy(bytes, name.p, name.len);
    if (text.len) memcpy(bytes + name.len, text.p, text.len);
    size_t slot = slot_of(m, name);
    if (!m->slots[slot]) {
        m->slots[slot] = (uint32_t)++m->count;
        m->entries[m->count - 1].bytes = NULL;
    }
    struct name_entry *e = &m->entries[m->slots[slot] - 1];
    m->live += !e->bytes;
    mem_free(e->bytes);
    *e = (struct name_entry){bytes, name.len, text.len};
    return STATUS_OK;
}

struct str name_map_find(const struct name_map *m, struct str name) {
    if (m->slot_count == 0) return STR_NONE;
    uint32_t place = m->slots[slot_of(m, name)];
    return place ? name_entry_text(&m->entries[place - 1]) : STR_NONE;
}

// The slot goes on leading to the entry without bytes until the table grows: probing must not stop at it.
void name_map_remove(struct name_map *m, struct str name) {
    if (m->slot_count == 0) return;
    uint32_t place = m->slots[slot_of(m, name)];
    if (!place) return;
    mem_free(m->entries[place - 1].bytes);
    m->entries[place - 1].bytes = NULL;
    m->live--;
}

void name_map_clear(struct name_map *m) {
    for (size_t i = 0; i < m->count; i++)
        mem_free(m->entries[i].bytes);
    if (m->slots) memset(m->slots, 0, m->slot_count * sizeof *m->slots);
    m->count = m->live = 0;
}

const struct name_entry *name_map_next(const struct name_map *m, size_t *at) {
    while (*at < m->count) {
        const struct name_entry *e = &m->entries[(*at)++];
        if (e->bytes) return e;
    }
    return NULL;
}

static void rehash(struct name_map *m) {
    memset(m->slots, 0, m->slot_count * sizeof *m->slots);
    size_t kept = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (!m->entries[i].bytes) continue;
        m->entries[kept] = m->entries[i];
        m->slots[slot_of(m, name_entry_name(&m->entries[kept]))] = (uint32_t)kept + 1;
        kept++;
    }
    m->count = kept;
}

/// For one entry more, with half of the slots empty. Entries that were removed are dropped on the way.
static bool make_room(struct name_map *m) {
    if (m->count < m->cap) return true;
    size_t cap = m->live * 2 > FIRST ? m->live * 2 : FIRST;
    size_t slot_count = cap * 2;
    if (cap > UINT32_MAX) return false;
    uint32_t *slots = mem_alloc(slot_count * sizeof *slots);
    size_t entries_cap = cap > m->count ? cap : m->count;
    struct name_entry *entries =
        slots ? mem_realloc(m->entries, entries_cap * sizeof *entries) : NULL;
    if (!entries) {
        mem_free(slots);
        return false;
    }
    mem_free(m->slots);
    m->entries = entries;
    m->cap = cap;
    m->slots = slots;
    m->slot_count = slot_count;
    rehash(m);
    return true;
}

/// Where the name is, or the empty slot where it would be. An entry that was removed is passed by.
static size_t slot_of(const struct name_map *m, struct str name) {
    size_t at = (size_t)(hash_bytes(name.p, name.len, 0) % m->slot_count);
    for (; m->slots[at]; at = (at + 1) % m->slot_count) {
        const struct name_entry *e = &m->entries[m->slots[at] - 1];
        if (e->bytes && str_eq(name_entry_name(e), name)) break;
    }
    return at;
}
