// decide.c - what each change of a batch makes of its object.

#include "engine/decide.h"

#include "engine/feature_text.h"
#include "engine/fences_match.h"
#include "engine/properties_members.h"

#define AHEAD 12 // items

static void look_ahead(const struct batch *b, size_t i);
static enum status decide(struct batch *b, size_t i);
static void look_up(struct batch *b, struct batch_chain *chain);
static enum status check_conditions(const struct change *change, const struct object *old,
                                    struct reason *why);
static enum status merge(struct batch *b, const struct change *change, const struct object *old,
                         struct row **out, struct reason *why);
static enum status merge_properties(struct batch *b, const struct change *change,
                                    struct object_draft *draft, struct reason *why);
static enum status set(struct batch *b, const struct change *change, const struct object *old,
                       struct row **out, struct reason *why);
static enum status take_slot(struct batch *b, struct batch_chain *chain, size_t left);
static void give_spare(struct batch *b);
static void stamp(struct batch *b, const struct batch_chain *chain, const struct object *old,
                  struct row *row);
static enum status write_record(struct batch *b, struct batch_item *item,
                                const struct batch_chain *chain, const struct object *now);
static enum status match(struct batch *b, size_t i, const struct object *before,
                         const struct object *old, const struct object *now);

enum status decide_all(struct batch *b) {
    enum status st = STATUS_OK;
    for (size_t i = 0; i < b->count && st == STATUS_OK; i++) {
        look_ahead(b, i);
        st = decide(b, i);
    }
    give_spare(b);
    return st;
}

void decide_approach(const struct batch *b) {
    for (size_t i = 0; i < b->chain_count && i < AHEAD; i++) {
        const struct batch_chain *chain = &b->chains[i];
        id_map_prefetch_row(b->touched[chain->touched].collection->ids, chain->hash);
    }
}

// Two dependent misses of the cache would cost more than all the rest: fetch them for later items.
static void look_ahead(const struct batch *b, size_t i) {
    if (i + AHEAD < b->chain_count) {
        const struct batch_chain *chain = &b->chains[i + AHEAD];
        id_map_prefetch_row(b->touched[chain->touched].collection->ids, chain->hash);
    }
}

void decide_undo(struct batch *b) {
    for (size_t i = 0; i < b->chain_count; i++) {
        if (b->chains[i].fresh) {
            decide_give_slot(b, &b->chains[i]);
        }
    }
}

void decide_give_slot(struct batch *b, const struct batch_chain *chain) {
    struct collection *c = b->touched[chain->touched].collection;
    if (chain->fresh) {
        id_map_release(c->ids, chain->hash);
    }
    slots_give(&c->slots, chain->slot);
}

// Fails for want of memory only.
static enum status decide(struct batch *b, size_t i) {
    const struct change *change = &b->changes[i];
    struct change_result *result = &b->results[i];
    struct batch_item *item = &b->items[i];
    if (item->chain == BATCH_NONE) {
        return STATUS_OK;
    }
    struct batch_chain *chain = &b->chains[item->chain];
    look_up(b, chain);
    const struct row *there = chain->after;
    struct object before;
    const struct object *old = NULL;
    if (there) {
        row_read(there, &before);
        old = object_is_due(&before, b->now_ms) == b->expiring ? &before : NULL;
    }
    result->status = check_conditions(change, old, &result->why);
    if (result->status == STATUS_OK && change->kind == CHANGE_PATCH) {
        result->status = merge(b, change, old, &item->row, &result->why);
    } else if (result->status == STATUS_OK && change->kind == CHANGE_SET) {
        result->status = set(b, change, old, &item->row, &result->why);
    }
    if (result->status != STATUS_OK) {
        return result->status == STATUS_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_OK;
    }
    if (change->kind == CHANGE_DELETE || (there && !old)) {
        struct collection *c = b->touched[chain->touched].collection;
        c->stamps[id_map_stripe(chain->hash)].used_up = true;
    }
    struct object *now = arena_alloc(&b->reader->scratch, sizeof *now);
    if (!now) {
        return STATUS_NO_MEMORY;
    }
    if (item->row) {
        enum status st = take_slot(b, chain, b->count - i);
        if (st == STATUS_OK && (item->row->flags & OBJECT_HAS_EXPIRY)) {
            st = slots_make_access(&b->touched[chain->touched].collection->slots, chain->slot);
        }
        if (st != STATUS_OK) {
            return st;
        }
        stamp(b, chain, old, item->row);
        row_read(item->row, now);
    } else {
        *now = before;
    }
    result->object = now;
    result->created = item->row && !old;
    item->decided = true;
    chain->after = item->row;
    enum status st = write_record(b, item, chain, now);
    if (st == STATUS_OK && b->watched) {
        st = match(b, i, there ? &before : NULL, old, item->row ? now : NULL);
    }
    return st;
}

static bool etag_matches(const struct change *change, const struct object *old) {
    uint64_t etag = old ? engine_etag(old) : 0;
    bool any = change->if_etag_count == 0;
    for (size_t i = 0; i < change->if_etag_count && old; i++) {
        any = any || change->if_etags[i] == etag;
    }
    return any;
}

static enum status check_conditions(const struct change *change, const struct object *old,
                                    struct reason *why) {
    if (change->kind == CHANGE_CREATE && old) {
        return reason_set(why, STATUS_EXISTS, "there is an object of this id already");
    }
    if ((change->kind == CHANGE_PATCH || change->kind == CHANGE_DELETE) && !old) {
        return reason_set(why, STATUS_NOT_FOUND, "there is no object of this id");
    }
    if (change->if_absent && old) {
        return reason_set(why, STATUS_PRECONDITION, "there is an object of this id already");
    }
    if (change->if_present && !old) {
        return reason_set(why, STATUS_PRECONDITION, "there is no object of this id");
    }
    if (!etag_matches(change, old)) {
        return reason_set(why, STATUS_PRECONDITION, "the object is in another state");
    }
    return STATUS_OK;
}

// A Feature that is moved stays one; a collection of them or a string is gone then.
static void merge_position(const struct change *change, const struct object *old,
                           struct object_draft *draft) {
    if (change->patch_position && change->draft.form != OBJECT_PLAIN) {
        draft->form = change->draft.form;
        draft->text = change->draft.text;
    } else if (!change->patch_position || object_form(old) == OBJECT_FEATURE) {
        draft->form = object_form(old);
        draft->text = object_text(old);
    }
    if (change->patch_position) {
        draft->point = change->draft.point;
        draft->geometry = change->draft.geometry;
        draft->has_z = change->draft.has_z;
        draft->z = change->draft.z;
    } else if (old->flags & OBJECT_HAS_GEOMETRY) {
        draft->geometry = old->geometry;
    } else {
        draft->point = old->point;
        draft->has_z = old->flags & OBJECT_HAS_Z;
        draft->z = draft->has_z ? object_z(old) : 0;
    }
}

static enum status merge(struct batch *b, const struct change *change, const struct object *old,
                         struct row **out, struct reason *why) {
    struct object_draft draft = {.id = object_id(old), .properties = object_properties(old)};
    merge_position(change, old, &draft);
    draft.has_time = change->patch_time ? change->draft.has_time : old->flags & OBJECT_HAS_TIME;
    if (draft.has_time) {
        draft.time_ms = change->patch_time ? change->draft.time_ms : object_time_ms(old);
    }
    draft.has_expiry =
        change->patch_expiry ? change->draft.has_expiry : old->flags & OBJECT_HAS_EXPIRY;
    if (draft.has_expiry) {
        draft.expires_ms = change->patch_expiry ? change->draft.expires_ms : object_expires_ms(old);
    }
    enum status st = merge_properties(b, change, &draft, why);
    return st == STATUS_OK ? row_new(&draft, out) : st;
}

static enum status take_merged(struct buf *merged, struct object_draft *draft, struct reason *why) {
    draft->properties = buf_str(merged);
    if (merged->len > OBJECT_PROPERTIES_MAX) {
        return reason_set(why, STATUS_TOO_LARGE, "properties are larger than %u bytes",
                          OBJECT_PROPERTIES_MAX);
    }
    return buf_status(merged);
}

static enum status merge_properties(struct batch *b, const struct change *change,
                                    struct object_draft *draft, struct reason *why) {
    struct buf *merged = &b->reader->merged;
    enum status st = STATUS_OK;
    buf_clear(merged);
    if (change->patch_properties) {
        st = properties_merge(draft->properties, change->patch_properties, merged, why);
    } else if (change->member_count) {
        properties_replace(draft->properties, change->members, change->member_count, merged);
    } else {
        return STATUS_OK;
    }
    return st == STATUS_OK ? take_merged(merged, draft, why) : st;
}

// What was a Feature's own goes with it; a new one's own come before fields of the same name, the change's
// own words before both.
static enum status set(struct batch *b, const struct change *change, const struct object *old,
                       struct row **out, struct reason *why) {
    struct object_draft draft = change->draft;
    struct buf *merged = &b->reader->merged, *fields = &b->reader->body;
    bool bare = !old || old->properties_len == 2;
    if (old && (old->flags & OBJECT_HAS_TIME)) {
        draft.has_time = true;
        draft.time_ms = object_time_ms(old);
    }
    if (bare && change->member_count == 0) {
        return row_new(&draft, out);
    }
    buf_clear(fields);
    buf_clear(merged);
    if (old) {
        feature_text_fields(old, fields);
    }
    struct str kept = fields->len ? buf_str(fields) : STR("{}");
    if (draft.properties.len > 2) {
        properties_overlay(kept, draft.properties, merged);
        buf_clear(fields);
        buf_append_str(fields, buf_str(merged));
        fields->failed |= merged->failed;
        buf_clear(merged);
        kept = buf_str(fields);
    }
    properties_replace(kept, change->members, change->member_count, merged);
    merged->failed |= fields->failed;
    enum status st = take_merged(merged, &draft, why);
    return st == STATUS_OK ? row_new(&draft, out) : st;
}

static void look_up(struct batch *b, struct batch_chain *chain) {
    if (chain->looked_up) {
        return;
    }
    const struct collection *c = b->touched[chain->touched].collection;
    chain->looked_up = true;
    chain->before = chain->after = id_map_find(c->ids, chain->id, chain->hash);
    chain->slot = chain->before ? chain->before->slot : BATCH_NONE;
}

// A slot, and room for the id. `left` changes at most will want slots.
static enum status take_slot(struct batch *b, struct batch_chain *chain, size_t left) {
    struct collection *c = b->touched[chain->touched].collection;
    if (chain->slot != BATCH_NONE) {
        return STATUS_OK;
    }
    if (b->spare_count == 0 || b->spare_of != c) {
        give_spare(b);
        b->spare_of = c;
        b->spare_count = slots_take(&c->slots, left < BATCH_SPARE ? left : BATCH_SPARE, b->spare);
    }
    enum status st = b->spare_count ? id_map_promise(c->ids, chain->hash) : STATUS_NO_MEMORY;
    if (st == STATUS_OK) {
        chain->slot = b->spare[--b->spare_count];
        chain->fresh = true;
    }
    return st;
}

static void give_spare(struct batch *b) {
    while (b->spare_count) {
        slots_give(&b->spare_of->slots, b->spare[--b->spare_count]);
    }
}

static void stamp(struct batch *b, const struct batch_chain *chain, const struct object *old,
                  struct row *row) {
    if (old) {
        row_stamp(row, &(struct row_stamp){
                           .slot = chain->slot,
                           .version = row_next_version(old->version),
                           .generation = old->generation,
                           .created_ms = old->created_ms,
                           .updated_ms = b->now_ms > old->updated_ms ? b->now_ms : old->updated_ms,
                       });
        return;
    }
    struct collection *c = b->touched[chain->touched].collection;
    unsigned stripe = id_map_stripe(chain->hash);
    struct collection_stamp s = collection_stamp_next(c, stripe, b->now_ms);
    row_stamp(row, &(struct row_stamp){.slot = chain->slot,
                                       .version = 1,
                                       .generation = s.generation,
                                       .created_ms = s.ms,
                                       .updated_ms = s.ms});
}

static void describe(struct batch *b, struct batch_touched *t) {
    if (t->described || atomic_load_explicit(&t->collection->live, memory_order_acquire)) {
        return;
    }
    t->described = true;
    if (b->engine->store) {
        struct buf *body = &b->reader->body;
        buf_clear(body);
        collection_write_meta(t->collection, body);
        record_write(&b->reader->batch, &(struct record){.kind = RECORD_META,
                                                         .collection = t->name,
                                                         .id = COLLECTION_META_ID,
                                                         .body = buf_str(body)});
        b->reader->batch.failed |= body->failed;
    }
}

static enum status write_record(struct batch *b, struct batch_item *item,
                                const struct batch_chain *chain, const struct object *now) {
    struct batch_touched *t = &b->touched[chain->touched];
    describe(b, t);
    struct buf *batch = &b->reader->batch, *body = &b->reader->body;
    if (b->engine->store) {
        struct record record = {.kind = item->row ? RECORD_PUT : RECORD_DELETE,
                                .collection = t->name,
                                .id = chain->id,
                                .body = b->expiring ? STR("expired") : STR_NONE};
        buf_clear(body);
        if (item->row) {
            row_write(now, body);
            record.body = buf_str(body);
        }
        item->record_at = batch->len;
        record_write(batch, &record);
        item->record_len = (uint32_t)(batch->len - item->record_at);
        batch->failed |= body->failed;
    }
    return buf_status(batch);
}

static unsigned command_of(const struct batch *b, const struct change *change) {
    switch (change->kind) {
    case CHANGE_DELETE: return b->expiring ? FENCE_EXPIRE : FENCE_DELETE;
    case CHANGE_PATCH:
        if (change->patch_position) {
            return FENCE_SET_OBJECT;
        }
        return change->patch_properties || change->member_count ? FENCE_SET_FIELDS : 0;
    case CHANGE_PUT:
    case CHANGE_CREATE:
    case CHANGE_SET: break;
    }
    return FENCE_SET_OBJECT;
}

// `before` is what stood there; where it was due it has gone first, unseen.
static enum status match(struct batch *b, size_t i, const struct object *before,
                         const struct object *old, const struct object *now) {
    struct fences_change change = {.previous = before,
                                   .collection =
                                       b->touched[b->chains[b->items[i].chain].touched].name,
                                   .command = FENCE_EXPIRE,
                                   .item = (uint32_t)i,
                                   .now_ms = b->now_ms};
    enum status st = STATUS_OK;
    if (before && !old) {
        st = fences_match(b->engine, b->reader, &change);
    }
    change.previous = old;
    change.now = now;
    change.command = command_of(b, &b->changes[i]);
    return st == STATUS_OK && change.command ? fences_match(b->engine, b->reader, &change) : st;
}
