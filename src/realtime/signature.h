// signature.h - what a webhook's receiver checks: Standard Webhooks, HMAC-SHA256 over "id.timestamp.body".
//
// A secret is "whsec_" and the base64 of 24 to 64 bytes. While secrets rotate there are several, and a signature of each.

#ifndef REALTIME_SIGNATURE_H
#define REALTIME_SIGNATURE_H

#include "base/buf.h"
#include "base/reason.h"

#define SIGNATURE_KEY_LEAST 24
#define SIGNATURE_KEY_MOST 64

struct signature_key {
    uint8_t bytes[SIGNATURE_KEY_MOST];
    size_t len;
};

/// INVALID with the reason, which does not repeat the secret.
MUST_USE enum status signature_key_parse(struct str secret, struct signature_key *out,
                                         struct reason *why);
/// "v1,<base64> v1,<base64>": one for each key, in their order.
MUST_USE enum status signature_write(const struct signature_key *keys, size_t count, struct str id,
                                     int64_t timestamp_s, struct str body, struct buf *out);

#endif
