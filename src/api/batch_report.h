// batch_report.h - what became of a batch, counted, with the first errors told one by one.

#ifndef API_BATCH_REPORT_H
#define API_BATCH_REPORT_H

#include "base/buf.h"
#include "base/reason.h"

#define BATCH_REPORT_ERRORS 100 // told; the rest is counted

struct batch_report {
    uint64_t created, updated, failed;
    struct buf errors; // JSON texts with commas between
};

/// `number`: line or place of the object, from 1; `id` may be STR_NONE.
void batch_report_error(struct batch_report *r, uint64_t number, struct str id, enum status st,
                        const struct reason *why);
/// {"received":...,"stored":...,...,"errors":[...]}
void batch_report_write(const struct batch_report *r, struct buf *out);
void batch_report_deinit(struct batch_report *r);

#endif
