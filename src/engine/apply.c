// apply.c - changes: decided, made visible, logged.
//
//   prepare (no locks) --> stripes --> decide each change, write its record --> room in the store
//     --> index and slots, shard by shard --> append --> stripes off --> old objects to the epoch
//
// Whatever can fail does so before anything is visible, with one exception: an index that finds no
// memory. Its id stays as it was, and its records are taken out of the batch, which is
// appended last for that reason. Changes are visible before they are logged, but only while the stripes
// are held: a snapshot passes all stripes before it ends (emit.c), so it holds nothing that
// the log will not have.

#include "base/clock.h"
#include "base/mem.h"
#include "engine/decide.h"
#include "engine/fences_work.h"
#include "engine/placing.h"

#define COLLECT_AFTER 256 // objects retired by one thread before it looks for memory to give back

static enum status commit(struct batch *b, uint64_t *lsn);
static void finish_chain(struct batch *b, struct batch_chain *chain);
static void finish_item(struct batch *b, size_t i);
static void finish_touched(const struct batch_touched *t);
static void drop_failed_records(struct batch *b);
static void forget_failed_events(struct batch *b);

// All changes of a batch happen at one time.
static enum status run(struct batch *b, uint64_t *lsn) {
    struct batch_single single;
    uint32_t spare[BATCH_SPARE];
    b->single = &single;
    b->spare = spare;
    *lsn = 0;
    arena_reset(&b->reader->scratch);
    buf_clear(&b->reader->batch);
    b->watched = fences_watch(&b->engine->fences);
    enum status st = b->watched ? fences_work_begin(b->reader) : STATUS_OK;
    if (st == STATUS_OK) {
        st = batch_prepare(b);
    }
    if (st == STATUS_OK) {
        if (b->count > 1) {
            decide_approach(b);
        }
        st = batch_lock(b);
    }
    if (st == STATUS_OK) {
        st = decide_all(b);
        if (st == STATUS_OK) {
            st = commit(b, lsn);
        }
        if (st != STATUS_OK) {
            decide_undo(b);
        }
        batch_unlock(b);
    }
    batch_discard(b);
    if (b->watched) {
        fences_work_end(b->engine, b->reader);
    }
    if (b->reader->retired_rows >= COLLECT_AFTER) {
        b->reader->retired_rows = 0;
        epoch_collect(b->engine->epoch);
    }
    return st;
}

enum status engine_apply(struct engine *e, unsigned reader, const struct change *changes,
                         size_t count, struct change_result *results, uint64_t *lsn,
                         struct reason *why) {
    *lsn = 0;
    if (count == 0) {
        return STATUS_OK;
    }
    enum status st = e->store ? storage_ready(e->store, why) : STATUS_OK;
    if (st == STATUS_OK) {
        st = engine_memory_admit(e, changes, count, why);
    }
    if (st != STATUS_OK) {
        return st;
    }
    struct batch b = {.engine = e,
                      .reader = engine_reader_state(e, reader),
                      .now_ms = clock_wall_ms(),
                      .changes = changes,
                      .results = results,
                      .count = count};
    st = run(&b, lsn);
    if (st == STATUS_OK) {
        engine_count(&b.reader->puts, b.puts);
        engine_count(&b.reader->deletes, b.deletes);
        return STATUS_OK;
    }
    return st == STATUS_NO_MEMORY ? engine_memory_reason(e, why)
                                  : reason_set(why, st, "%s", status_text(st));
}

enum status engine_apply_expiry(struct engine *e, unsigned reader, int64_t now_ms,
                                const struct expiry_entry *entries, size_t count, size_t *removed) {
    *removed = 0;
    enum status st = e->store ? storage_ready(e->store, NULL) : STATUS_OK;
    struct change *changes = mem_zalloc(count, sizeof *changes);
    struct change_result *results = mem_zalloc(count, sizeof *results);
    if (st == STATUS_OK && (!changes || !results)) {
        st = STATUS_NO_MEMORY;
    }
    if (st != STATUS_OK) {
        goto fail;
    }
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct row *row = slots_load(&entries[i].collection->slots, entries[i].slot);
        if (row) {
            changes[found].kind = CHANGE_DELETE;
            changes[found].collection = collection_name(entries[i].collection);
            changes[found++].draft.id = row_id(row);
        }
    }
    struct batch b = {.engine = e,
                      .reader = engine_reader_state(e, reader),
                      .now_ms = now_ms,
                      .expiring = true,
                      .changes = changes,
                      .results = results,
                      .count = found};
    uint64_t lsn;
    st = found ? run(&b, &lsn) : STATUS_OK;
    *removed = st == STATUS_OK ? b.deletes : 0;
    engine_count(&b.reader->expired, *removed);
fail:
    mem_free(changes);
    mem_free(results);
    return st;
}

static enum status commit(struct batch *b, uint64_t *lsn) {
    struct storage *store = b->engine->store;
    struct buf *batch = &b->reader->batch;
    struct storage_room *room = NULL;
    size_t changed = 0, events = 0;
    for (size_t i = 0; i < b->chain_count; i++) {
        const struct batch_chain *chain = &b->chains[i];
        changed += chain->before != chain->after || chain->fresh;
    }
    if (!changed) {
        return STATUS_OK; // each change has failed on its own
    }
    enum status st = b->watched ? fences_work_prepare(b->engine, b->reader, &events) : STATUS_OK;
    if (st == STATUS_OK && store) {
        st = storage_reserve(store, batch->len + events, &room);
    }
    if (st != STATUS_OK) {
        return st;
    }
    placing_run(b);
    if (b->failed == changed) {
        (void)(store ? storage_append_reserved(store, STR_NONE, room) : 0);
        return STATUS_NO_MEMORY; // nothing is visible: undo gives the slots back
    }
    if (b->failed && store) {
        drop_failed_records(b);
    }
    if (b->failed && b->watched) {
        forget_failed_events(b);
    }
    if (b->watched && fences_work_any(b->reader->fences)) {
        *lsn = fences_work_append(b->engine, b->reader, room);
    } else if (store) {
        *lsn = storage_append_reserved(store, buf_str(batch), room);
    }
    engine_reader_trim(b->reader);
    for (size_t i = 0; i < b->chain_count; i++) {
        finish_chain(b, &b->chains[i]);
    }
    for (size_t i = 0; i < b->count; i++) {
        finish_item(b, i);
    }
    for (size_t i = 0; i < b->touched_count; i++) {
        finish_touched(&b->touched[i]);
    }
    return STATUS_OK;
}

static void note_expiry(struct batch *b, const struct batch_chain *chain) {
    if (!(chain->after->flags & OBJECT_HAS_EXPIRY)) {
        return;
    }
    int64_t before = chain->before ? row_expires_ms(chain->before) : INT64_MAX;
    if (row_expires_ms(chain->after) < before) {
        struct collection *c = b->touched[chain->touched].collection;
        expiry_note(&b->engine->expiry, c, chain->slot, row_expires_ms(chain->after));
        b->expiry_promised--;
    }
}

static void finish_chain(struct batch *b, struct batch_chain *chain) {
    struct batch_touched *t = &b->touched[chain->touched];
    if (chain->before == chain->after && !chain->fresh) {
        return;
    }
    if (chain->failed) {
        if (chain->fresh) {
            decide_give_slot(b, chain);
        }
        return;
    }
    if (chain->before) {
        batch_retire(b, chain->before);
        t->count--;
        t->bytes -= (int64_t)row_weight(chain->before);
    }
    if (chain->after) {
        t->count++;
        t->bytes += (int64_t)row_weight(chain->after);
        note_expiry(b, chain);
        if (!chain->before) {
            slots_forget_reads(&t->collection->slots, chain->slot);
        }
    } else if (chain->slot != BATCH_NONE) {
        decide_give_slot(b, chain);
    }
}

// The objects of changes that other changes of the batch made old at once were never visible, but their
// results point to them.
static void finish_item(struct batch *b, size_t i) {
    struct batch_item *item = &b->items[i];
    struct batch_chain *chain = item->decided ? &b->chains[item->chain] : NULL;
    if (!chain) {
        return;
    }
    if (chain->failed) {
        b->results[i].object = NULL;
        b->results[i].created = false;
        b->results[i].status = reason_set(&b->results[i].why, STATUS_NO_MEMORY,
                                          "the index finds no memory for the object");
        return;
    }
    if (!item->row) {
        b->deletes++;
        return;
    }
    b->puts++;
    if (item->row != chain->after) {
        batch_retire(b, item->row);
    }
    item->row = NULL;
}

// The records of chains that failed are taken out.
static void drop_failed_records(struct batch *b) {
    struct buf *batch = &b->reader->batch;
    size_t removed = 0, kept_to = 0;
    for (size_t i = 0; i < b->count; i++) {
        const struct batch_item *item = &b->items[i];
        if (!item->decided || !b->chains[item->chain].failed) {
            continue;
        }
        // Close the gap that the last removal left, up to this record.
        memmove(batch->data + kept_to - removed, batch->data + kept_to, item->record_at - kept_to);
        kept_to = item->record_at + item->record_len;
        removed += item->record_len;
    }
    memmove(batch->data + kept_to - removed, batch->data + kept_to, batch->len - kept_to);
    batch->len -= removed;
}

static void forget_failed_events(struct batch *b) {
    for (size_t i = 0; i < b->count; i++) {
        if (b->items[i].decided && b->chains[b->items[i].chain].failed) {
            fences_work_forget(b->reader->fences, (uint32_t)i);
        }
    }
}

static void finish_touched(const struct batch_touched *t) {
    struct collection *c = t->collection;
    atomic_fetch_add_explicit(&c->count, (uint64_t)t->count, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->bytes, (uint64_t)t->bytes, memory_order_relaxed);
    if (t->described) {
        atomic_store_explicit(&c->live, true, memory_order_release);
    }
}
