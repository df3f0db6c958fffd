// sender.h - Features in batches to a target: one batch is sent while the next is filled.
//
//   sender_put --> filling | full --> sending (a thread of its own) --> counts, errors by line
//
// Batches go out in the order of the input, so that of two records with one id the later wins.
// Threads: the functions from one thread; what they report is told on that thread.

#ifndef CLI_SENDER_H
#define CLI_SENDER_H

#include "cli/feature_text.h"
#include "cli/target.h"

struct sender_options {
    struct target *target; // borrowed; not to be used elsewhere until sender_close
    struct str collection;
    size_t batch_objects, batch_bytes; // a batch is sent when it has one of them
    unsigned patience_s;               // how long a busy server is asked again
    /// An object that the target refused; `line` as given to sender_put.
    void (*on_refused)(void *ctx, uint64_t line, const char *text);
    void *ctx;
};

struct sender;

MUST_USE enum status sender_open(const struct sender_options *options, struct sender **out,
                                 struct reason *why);
/// Drops what was not flushed. NULL is allowed.
void sender_close(struct sender *s);
/// `text` and `time`: a Feature (feature_text.h). Not OK: an earlier batch could not be delivered.
MUST_USE enum status sender_put(struct sender *s, struct str text, const struct feature_time *time,
                                uint64_t line, struct reason *why);
/// Deliver everything and wait for the answers.
MUST_USE enum status sender_flush(struct sender *s, struct reason *why);
/// Of the answers that came.
uint64_t sender_stored(const struct sender *s);
uint64_t sender_refused(const struct sender *s);

#endif
