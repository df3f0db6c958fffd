// etag.h - entity tags and the conditions made of them (RFC 9110 sections 8.8 and 13).
//
// A tag is strong, 16 hex digits of engine_etag: it names one state of one object.

#ifndef API_ETAG_H
#define API_ETAG_H

#include "proto/http.h"

#define ETAG_BYTES 18

/// With its quotes.
void etag_write(uint64_t etag, char out[ETAG_BYTES]);

/// An If-Match or If-None-Match header.
struct etag_list {
    bool given;
    bool any;       // *
    uint64_t *tags; // those that can be ours, in the arena
    size_t count;
};

/// `weak_matches`: weak tags count, too (If-None-Match). BAD_REQUEST for what is not a list of tags.
MUST_USE enum status etag_list_parse(const struct http_request *request, struct str header,
                                     bool weak_matches, struct arena *arena, struct etag_list *out,
                                     struct reason *why);
bool etag_list_has(const struct etag_list *list, uint64_t etag);

#endif
