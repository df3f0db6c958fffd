// listing.h - every object of a collection, page by page.
//
// Owner: one thread.

#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include <yyjson.h>

#include "api/json.h"
#include "cli/target.h"

struct listing {
    struct target *target; // borrowed
    struct str collection;
    struct buf path, answer;
    struct json page;
    yyjson_arr_iter features;
    bool begun, ended;
};

void listing_open(struct target *target, struct str collection, struct listing *l);
void listing_close(struct listing *l);
/// The next Feature, valid until the next one. NOT_FOUND at the end, with an empty reason; with one: no such collection.
MUST_USE enum status listing_next(struct listing *l, yyjson_val **feature, struct reason *why);

#endif
