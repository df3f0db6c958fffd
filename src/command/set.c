// set.c - SET: arguments --> a change --> what happened --> the reply. The three are apart, so that many SETs can be one
// batch of the engine.

#include "command/set.h"

#include "command/endpoints.h"
#include "command/get.h"
#include "command/key.h"
#include "command/reply.h"

static enum status take_option(struct args *a, struct set *set);

enum status set_parse(struct args *a, struct set *out) {
    struct command_call *call = a->call;
    *out = (struct set){.change = {.kind = CHANGE_SET}};
    if (args_left(a) < 2) {
        return reply_arguments(call);
    }
    (void)!args_text(a, &out->change.collection);
    (void)!args_text(a, &out->id);
    enum status st = STATUS_OK;
    while (st == STATUS_OK && args_left(a)) {
        st = take_option(a, out);
    }
    if (st == STATUS_OK && !out->has_object) {
        st = reply_arguments(call);
    }
    if (st != STATUS_OK) {
        set_release(out);
        return st;
    }
    struct change *change = &out->change;
    int64_t expires_ms = change->draft.expires_ms;
    change->draft = out->object.draft;
    change->draft.id = out->id;
    change->draft.has_expiry = out->has_expiry;
    change->draft.expires_ms = expires_ms;
    change->members = out->members;
    change->member_count = out->member_count;
    return STATUS_OK;
}

void set_release(struct set *set) {
    if (set->has_object) {
        object_parse_release(&set->object);
    }
    set->has_object = false;
}

static enum status take_member(struct args *a, struct set *set) {
    struct command_call *call = a->call;
    if (!set->members) {
        size_t most = args_left(a) / 2 + 1;
        most = most < CHANGE_MEMBERS_MAX ? most : CHANGE_MEMBERS_MAX;
        set->members = arena_alloc(call->arena, most * sizeof *set->members);
        if (!set->members) {
            return STATUS_NO_MEMORY;
        }
    }
    if (set->member_count == CHANGE_MEMBERS_MAX) {
        return reason_set(call->why, STATUS_TOO_LARGE, "more than %d fields at once",
                          CHANGE_MEMBERS_MAX);
    }
    return key_field(a, &set->members[set->member_count++]);
}

static enum status take_object(struct args *a, struct str type, struct set *set) {
    set_release(set);
    enum status st = object_parse_rest(a, type, &set->object);
    set->has_object = st == STATUS_OK;
    return st;
}

// As Tile38: in any order, and the last object is the one.
static enum status take_option(struct args *a, struct set *set) {
    struct change *change = &set->change;
    if (args_take_word(a, "field")) {
        return take_member(a, set);
    }
    if (args_take_word(a, "ex")) {
        set->has_expiry = true;
        return key_expiry(a, &change->draft.expires_ms);
    }
    if (args_take_word(a, "return")) {
        set->returns = true;
        return STATUS_OK;
    }
    struct str word = args_peek(a);
    bool nx = str_eq_nocase(word, STR("nx")), xx = str_eq_nocase(word, STR("xx"));
    if ((nx && change->if_present) || (xx && change->if_absent) ||
        (!nx && !xx && !object_parse_is_type(word))) {
        return reply_invalid(a->call, word);
    }
    a->at++;
    if (nx || xx) {
        change->if_absent |= nx;
        change->if_present |= xx;
        return STATUS_OK;
    }
    return take_object(a, word, set);
}

enum status set_reply(struct command_call *call, const struct set *set, enum status st,
                      const struct object *now) {
    if (st == STATUS_PRECONDITION) {
        return reply_missing(call, set->change.if_absent ? "id already exists" : "id not found");
    }
    if (st != STATUS_OK) {
        return st;
    }
    return set->returns && now ? get_reply_object(call, now) : reply_ok(call);
}

bool set_is_point(const struct set *set) {
    const struct change *change = &set->change;
    const struct object_draft *d = &change->draft;
    return d->form == OBJECT_PLAIN && !d->geometry && !d->has_z && !d->has_expiry &&
           !change->member_count && !change->if_absent && !set->returns;
}

enum status set_apply(struct command_call *call, const struct set *set, struct object *now) {
    const struct change *change = &set->change;
    if (set_is_point(set)) { // the commonest: written over in place
        struct move move = {.id = change->draft.id, .to = change->draft.point};
        enum status moved;
        uint64_t lsn;
        bool done;
        enum status st =
            engine_set_points(commands_engine(call->commands), call->reader, change->collection,
                              &move, 1, &moved, &done, &lsn, call->why);
        if (st != STATUS_OK || done) {
            key_wait(call, lsn);
            return st == STATUS_OK ? moved : st;
        }
    }
    struct change_result result;
    enum status st = key_change(call, change, &result);
    if (st == STATUS_OK) {
        *now = *result.object;
    }
    return st;
}

enum status command_set(struct command_call *call) {
    struct args a = args_begin(call, 1);
    struct set set;
    struct object now = {0};
    enum status st = set_parse(&a, &set);
    if (st != STATUS_OK) {
        return st;
    }
    st = set_apply(call, &set, &now);
    st = set_reply(call, &set, st, now.bytes ? &now : NULL);
    set_release(&set);
    return st;
}
