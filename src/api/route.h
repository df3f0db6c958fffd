// route.h - the one table of endpoints: dispatch, limits, media types, CORS and the OpenAPI document come from it.
//
// A pattern is plain text, or plain text with one ":name" in it, which stands for one segment
// (percent-encoded, so it may hold %2F). Plain patterns win. HEAD is answered by GET's route.
// Routes of one pattern stand together in the table. All static and const.

#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "api/api_state.h"

enum route_body {
    ROUTE_NO_BODY,
    ROUTE_JSON,  // application/json, application/geo+json
    ROUTE_PATCH, // application/merge-patch+json besides
    ROUTE_BATCH, // application/x-ndjson, application/geo+json-seq besides; limit_batch_bytes
};

struct route_param {
    const char *name; // NULL ends a list
    const char *in;   // path, query, header
    bool required;
    const char *schema; // JSON
    const char *text;
};

struct route_answer {
    short status;        // 0 ends the list
    const char *type;    // NULL: no body
    const char *schema;  // name of a component
    const char *headers; // JSON members of "headers", or NULL
    const char *text;
};

#define ROUTE_SCOPE_READ "spatial:read"

#define ROUTE_PARAM_LISTS 4
#define ROUTE_ANSWERS 3
#define ROUTE_PROBLEMS 12

struct route {
    enum http_method method;
    const char *pattern;
    unsigned short plain; // length of the pattern before ":name"
    unsigned short tail;  // and of what follows it, mostly 0
    bool exact;           // there is no ":name"
    bool deep; // what stands for ":name" has '/' in it: several parts, the endpoint's to take apart
    api_endpoint_fn *answer; // NULL: 501 until a later version
    const char *scope;       // what a token needs once there are tokens; NULL: open to all
    enum route_body body;
    const char *id, *tag, *summary, *text;
    const struct route_param *params[ROUTE_PARAM_LISTS]; // lists one after another
    const char *request;                                 // component of the body's schema
    struct route_answer answers[ROUTE_ANSWERS];
    short problems[ROUTE_PROBLEMS]; // statuses of problem+json answers, 0 ends
};

/// route_table.c
extern const struct route route_table[];
extern const size_t route_count;

struct route_match {
    const struct route *route; // NULL: see methods
    struct str raw_param;      // still encoded
    unsigned methods;          // of the path: bit of enum http_method; 0: no such path
};

struct route_match route_find(enum http_method method, struct str raw_path);
/// May a body of this Content-Type be sent there? An empty one counts as JSON.
bool route_takes(const struct route *route, struct str content_type);
/// The Content-Type of the answer that Accept asks for; STR_NONE: none is acceptable.
struct str route_answer_type(const struct route *route, struct str accept);
/// "GET, HEAD, PUT, OPTIONS" in the arena; STR_NONE when out of memory.
struct str route_methods(unsigned methods, struct arena *arena);

#endif
