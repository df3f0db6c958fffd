// openapi.h - the OpenAPI 3.1 document, made from the table of routes.

#ifndef API_OPENAPI_H
#define API_OPENAPI_H

#include "base/buf.h"

void openapi_write(struct buf *out);

/// openapi_schemas.c: the components that routes name, as JSON texts.
struct openapi_schema {
    const char *name; // NULL ends the list
    const char *json;
};
extern const struct openapi_schema openapi_schemas[];

#endif
