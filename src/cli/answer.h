// answer.h - a request to the database and what its answer means, whichever way it goes (target.h).

#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

#include "base/buf.h"
#include "base/reason.h"

/// What a command does to a data directory.
enum target_use {
    TARGET_READ,
    TARGET_CHANGE, // or copy
    TARGET_FILL,   // and make it when it is not there
};

struct target_call {
    const char *method;
    const char *path; // "/api/v1/...?...", encoded
    const char *type; // of the body; NULL: none
    struct str body;
    struct buf *answer; // emptied, then filled; initialised by the caller
    unsigned silence_s; // give up after so long without a byte; 0: 60
};

/// OK for 2xx, else the status of that number; the reason has the words of the problem+json in `answer`, or names `who`.
MUST_USE enum status answer_status(long code, const struct buf *answer, const char *who,
                                   struct reason *why);

#endif
