// route_table.c - every endpoint: how it is reached, what it takes, who answers, what the document says.

#include "api/endpoints.h"
#include "api/route.h"

#define V1 "/api/v1"
#define GEOJSON "application/geo+json"
#define JSON "application/json"
#define MVT "application/vnd.mapbox-vector-tile"
#define METRICS_TEXT "text/plain; version=0.0.4; charset=utf-8"

#define AT(path) .pattern = path, .plain = sizeof(path) - 1, .exact = true
#define BY(path, name) .pattern = path name, .plain = sizeof(path) - 1

#define READ ROUTE_SCOPE_READ
#define WRITE "spatial:write"
#define ADMIN "spatial:admin"

#define STRING "{\"type\":\"string\"}"
#define FLAG "{\"type\":\"boolean\",\"default\":false}"
#define LATITUDE "{\"type\":\"number\",\"minimum\":-90,\"maximum\":90}"
#define LONGITUDE "{\"type\":\"number\",\"minimum\":-180,\"maximum\":180}"
#define NAME "{\"type\":\"string\",\"minLength\":1,\"maxLength\":256}"
#define LIMIT "{\"type\":\"integer\",\"minimum\":1,\"default\":100}"

#define ETAG_HEADER                                                                                \
    "\"ETag\":{\"description\":\"Names this state of the object\",\"schema\":" STRING "}"
#define LOCATION_HEADER                                                                            \
    ETAG_HEADER ",\"Location\":{\"description\":\"Where the object is\",\"schema\":" STRING "}"
#define LINK_HEADER "\"Link\":{\"description\":\"rel=next: the next page\",\"schema\":" STRING "}"

static const struct route_param id_path[] = {
    {"id", "path", true, NAME, "Id of the object, percent-encoded"},
    {0},
};
static const struct route_param collection_query[] = {
    {"collection", "query", false, NAME, "Name of the collection; default: default"},
    {0},
};
static const struct route_param fields_query[] = {
    {"fields", "query", false, STRING, "Which properties the answer carries, comma-separated"},
    {0},
};
static const struct route_param change_headers[] = {
    {"If-Match", "header", false, STRING, "Only when the object is in one of these states, or *"},
    {"If-None-Match", "header", false, STRING, "*: only when there is no such object"},
    {0},
};
static const struct route_param read_headers[] = {
    {"If-None-Match", "header", false, STRING, "304 when the object is in one of these states"},
    {"If-Match", "header", false, STRING, "412 when the object is in none of these states"},
    {0},
};
static const struct route_param page_query[] = {
    {"limit", "query", false, LIMIT, "How many at most; limits.results (10,000) is the most"},
    {"cursor", "query", false, STRING, "next of the page before"},
    {0},
};
static const struct route_param search_query[] = {
    {"collection", "query", false, NAME, "Name of the collection; default: default"},
    {"limit", "query", false, LIMIT, "How many at most; limits.results (10,000) is the most"},
    {"cursor", "query", false, STRING, "next of the page before"},
    {"fields", "query", false, STRING, "Which properties the answer carries, comma-separated"},
    {"explain", "query", false, FLAG, "Tell how the search was answered"},
    {"earth", "query", false, "{\"enum\":[\"sphere\",\"ellipsoid\"],\"default\":\"sphere\"}",
     "Distances on the mean sphere, or geodesics on WGS 84"},
    {"properties", "query", false,
     "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}",
     "Any other parameter: the property of this name must equal the value"},
    {0},
};
static const struct route_param sort_query[] = {
    {"sort", "query", false, STRING,
     "A property, id, time, created_at or updated_at; - before it for descending"},
    {0},
};
static const struct route_param nearby_query[] = {
    {"lat", "query", true, LATITUDE, "Latitude of the centre"},
    {"lon", "query", true, LONGITUDE, "Longitude of the centre"},
    {"radius", "query", false, "{\"type\":\"number\",\"minimum\":0}",
     "Metres; with k: how far to look for the nearest"},
    {"k", "query", false, "{\"type\":\"integer\",\"minimum\":1}",
     "The k nearest instead of all within a radius"},
    {0},
};
static const struct route_param bbox_query[] = {
    {"min_lat", "query", true, LATITUDE, "South"},
    {"min_lon", "query", true, LONGITUDE, "West; above max_lon: over the antimeridian"},
    {"max_lat", "query", true, LATITUDE, "North"},
    {"max_lon", "query", true, LONGITUDE, "East"},
    {0},
};
static const struct route_param name_path[] = {
    {"name", "path", true, NAME, "Name of the collection, percent-encoded"},
    {0},
};
static const struct route_param tile_path[] = {
    {"collection", "path", true, NAME, "Name of the collection, percent-encoded"},
    {"z", "path", true, "{\"type\":\"integer\",\"minimum\":0,\"maximum\":30}", "Doublings"},
    {"x", "path", true, "{\"type\":\"integer\",\"minimum\":0}", "Column, from the west"},
    {"y", "path", true, "{\"type\":\"integer\",\"minimum\":0}", "Row, from the north"},
    {0},
};
static const struct route_param tiles_path[] = {
    {"collection", "path", true, NAME, "Name of the collection, percent-encoded"},
    {0},
};
static const struct route_param tile_query[] = {
    {"limit", "query", false,
     "{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000,\"default\":10000}",
     "How many features at most; beyond them dense places are thinned"},
    {"properties", "query", false,
     "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}",
     "Any other parameter: the property of this name must equal the value"},
    {0},
};
static const struct route_param tile_headers[] = {
    {"If-None-Match", "header", false, STRING, "304 when the tile is still the same"},
    {0},
};
static const struct route_param fence_path[] = {
    {"id", "path", true, NAME, "Id of the geofence"},
    {0},
};

const struct route route_table[] = {
    {.method = HTTP_GET,
     AT("/"),
     .answer = api_admin_landing,
     .id = "getRoot",
     .tag = "admin",
     .summary = "What is here",
     .answers = {{200, JSON, "Landing", NULL, "Links to everything else"}},
     .problems = {406}},
    {.method = HTTP_GET,
     AT(V1),
     .answer = api_admin_landing,
     .id = "getLanding",
     .tag = "admin",
     .summary = "What is here",
     .answers = {{200, JSON, "Landing", NULL, "Links to everything else"}},
     .problems = {406}},
    {.method = HTTP_GET,
     AT(V1 "/openapi.json"),
     .answer = api_admin_openapi,
     .id = "getOpenApi",
     .tag = "admin",
     .summary = "This document",
     .answers = {{200, JSON, "OpenApi", NULL, "OpenAPI 3.1"}},
     .problems = {406}},

    {.method = HTTP_GET,
     AT(V1 "/objects"),
     .answer = api_search_list,
     .scope = READ,
     .id = "listObjects",
     .tag = "objects",
     .summary = "List the objects of a collection",
     .text = "In pages, in an order that stays the same while objects come and go.",
     .params = {search_query, sort_query},
     .answers = {{200, GEOJSON, "FeatureCollection", LINK_HEADER, "A page of objects"}},
     .problems = {400, 404, 406, 422}},
    {.method = HTTP_POST,
     AT(V1 "/objects"),
     .answer = api_objects_create,
     .scope = WRITE,
     .body = ROUTE_JSON,
     .id = "createObject",
     .tag = "objects",
     .summary = "Create an object",
     .text = "The collection may be named in the URL or in the body. An id that is taken is a "
             "conflict: PUT replaces.",
     .params = {collection_query},
     .request = "ObjectInput",
     .answers = {{201, GEOJSON, "Object", LOCATION_HEADER, "The object as it is stored"}},
     .problems = {400, 406, 409, 413, 415, 422, 503}},
    {.method = HTTP_POST,
     AT(V1 "/objects/batch"),
     .answer = api_batch,
     .scope = WRITE,
     .body = ROUTE_BATCH,
     .id = "putObjects",
     .tag = "objects",
     .summary = "Create or replace many objects",
     .text = "As lines (application/x-ndjson), GeoJSON text sequences (RFC 8142), a "
             "FeatureCollection or an array. What is wrong is told object by object, the rest is "
             "stored. Up to 1,000 objects and 8 MiB become durable together or not at all; more do "
             "so in runs of that size. The collection of the URL goes before those of the objects.",
     .params = {collection_query},
     .request = "Batch",
     .answers = {{200, JSON, "BatchReport", NULL, "What became of the objects"}},
     .problems = {400, 406, 413, 415, 422, 503}},
    {.method = HTTP_GET,
     BY(V1 "/objects/", ":id"),
     .answer = api_objects_get,
     .scope = READ,
     .id = "getObject",
     .tag = "objects",
     .summary = "Get an object",
     .params = {id_path, collection_query, fields_query, read_headers},
     .answers = {{200, GEOJSON, "Object", ETAG_HEADER, "The object"},
                 {304, NULL, NULL, ETAG_HEADER, "It is in a state named by If-None-Match"}},
     .problems = {400, 404, 406, 412, 422}},
    {.method = HTTP_PUT,
     BY(V1 "/objects/", ":id"),
     .answer = api_objects_put,
     .scope = WRITE,
     .body = ROUTE_JSON,
     .id = "putObject",
     .tag = "objects",
     .summary = "Create or replace an object",
     .params = {id_path, collection_query, change_headers},
     .request = "ObjectInput",
     .answers = {{200, GEOJSON, "Object", ETAG_HEADER, "Replaced"},
                 {201, GEOJSON, "Object", LOCATION_HEADER, "Created"}},
     .problems = {400, 406, 412, 413, 415, 422, 503}},
    {.method = HTTP_PATCH,
     BY(V1 "/objects/", ":id"),
     .answer = api_objects_patch,
     .scope = WRITE,
     .body = ROUTE_PATCH,
     .id = "patchObject",
     .tag = "objects",
     .summary = "Change some of an object",
     .text = "A JSON merge patch (RFC 7396): what is not named stays. The cheap way to move "
             "something.",
     .params = {id_path, collection_query, change_headers},
     .request = "ObjectPatch",
     .answers = {{200, GEOJSON, "Object", ETAG_HEADER, "The object after the change"}},
     .problems = {400, 404, 406, 412, 413, 415, 422, 503}},
    {.method = HTTP_DELETE,
     BY(V1 "/objects/", ":id"),
     .answer = api_objects_delete,
     .scope = WRITE,
     .id = "deleteObject",
     .tag = "objects",
     .summary = "Delete an object",
     .params = {id_path, collection_query, change_headers},
     .answers = {{204, NULL, NULL, NULL, "It is gone"}},
     .problems = {400, 404, 412, 422, 503}},

    {.method = HTTP_GET,
     AT(V1 "/collections"),
     .answer = api_collections_list,
     .scope = READ,
     .id = "listCollections",
     .tag = "collections",
     .summary = "List the collections",
     .text = "In the order of their names, with counts and extents.",
     .params = {page_query},
     .answers = {{200, JSON, "Collections", LINK_HEADER, "A page of collections"}},
     .problems = {400, 406, 422}},
    {.method = HTTP_GET,
     BY(V1 "/collections/", ":name"),
     .answer = api_collections_get,
     .scope = READ,
     .id = "getCollection",
     .tag = "collections",
     .summary = "Get a collection",
     .params = {name_path},
     .answers = {{200, JSON, "Collection", NULL, "The collection"}},
     .problems = {400, 404, 406, 422}},
    {.method = HTTP_DELETE,
     BY(V1 "/collections/", ":name"),
     .answer = api_collections_delete,
     .scope = WRITE,
     .id = "deleteCollection",
     .tag = "collections",
     .summary = "Delete a collection with all its objects",
     .params = {name_path},
     .answers = {{204, NULL, NULL, NULL, "It is gone"}},
     .problems = {400, 404, 422, 503}},

    {.method = HTTP_GET,
     .pattern = V1 "/tiles/:collection/:z/:x/:y.mvt",
     .plain = sizeof(V1 "/tiles/") - 1,
     .deep = true,
     .answer = api_tiles_get,
     .scope = READ,
     .id = "getTile",
     .tag = "tiles",
     .summary = "Get a vector tile",
     .text = "Mapbox Vector Tile 2.1, Web Mercator, one layer with the collection's name. Its weak "
             "ETag changes with the tile's content.",
     .params = {tile_path, tile_query, tile_headers},
     .answers = {{200, MVT, NULL, ETAG_HEADER, "The tile"},
                 {204, NULL, NULL, NULL, "There is nothing in it"},
                 {304, NULL, NULL, ETAG_HEADER, "It is the one named by If-None-Match"}},
     .problems = {400, 404, 406, 422}},
    {.method = HTTP_GET,
     BY(V1 "/tiles/", ":collection.json"),
     .answer = api_tiles_describe,
     .scope = READ,
     .id = "getTileJson",
     .tag = "tiles",
     .summary = "Describe the tiles of a collection",
     .text = "TileJSON 3.0.0, for MapLibre and others.",
     .params = {tiles_path},
     .answers = {{200, JSON, "TileJson", NULL, "TileJSON"}},
     .problems = {400, 404, 406, 422}},

    {.method = HTTP_GET,
     AT(V1 "/search/nearby"),
     .answer = api_search_nearby,
     .scope = READ,
     .id = "searchNearby",
     .tag = "search",
     .summary = "Find what is near a point, nearest first",
     .text = "Everything within radius metres, or the k nearest. Each feature has its distance.",
     .params = {nearby_query, search_query},
     .answers = {{200, GEOJSON, "FeatureCollection", LINK_HEADER, "What was found"}},
     .problems = {400, 404, 406, 422}},
    {.method = HTTP_GET,
     AT(V1 "/search/bbox"),
     .answer = api_search_bbox,
     .scope = READ,
     .id = "searchBbox",
     .tag = "search",
     .summary = "Find what touches a box",
     .text = "min_lon above max_lon: the box crosses the antimeridian. limits.bbox_degrees (10) "
             "bounds its sides.",
     .params = {bbox_query, search_query, sort_query},
     .answers = {{200, GEOJSON, "FeatureCollection", LINK_HEADER, "What was found"}},
     .problems = {400, 404, 406, 422}},
    {.method = HTTP_POST,
     AT(V1 "/search/polygon"),
     .answer = api_search_polygon,
     .scope = READ,
     .body = ROUTE_JSON,
     .id = "searchPolygon",
     .tag = "search",
     .summary = "Find what stands in a relation to a geometry",
     .params = {search_query, sort_query},
     .request = "PolygonQuery",
     .answers = {{200, GEOJSON, "FeatureCollection", NULL, "What was found"}},
     .problems = {400, 404, 406, 413, 415, 422}},
    {.method = HTTP_POST,
     AT(V1 "/search/complex"),
     .answer = api_search_complex,
     .scope = READ,
     .body = ROUTE_JSON,
     .id = "searchComplex",
     .tag = "search",
     .summary = "Find what a condition holds for",
     .text = "The filter is CQL2-JSON (OGC 21-065): and, or, not, = <> < <= > >=, like, between, "
             "in, isNull, s_intersects, s_within, s_contains, s_disjoint, t_after, t_before, "
             "t_during; and s_dwithin with metres as its third argument.",
     .params = {search_query, sort_query},
     .request = "ComplexQuery",
     .answers = {{200, GEOJSON, "FeatureCollection", NULL, "What was found"}},
     .problems = {400, 404, 406, 413, 415, 422}},

// Later versions' endpoints.
#define LATER(verb, at, name, group, what, where)                                                  \
    {                                                                                              \
        .method = verb, at, .id = name, .tag = group, .summary = what, .params = {where},          \
        .problems = {                                                                              \
            501,                                                                                   \
            404                                                                                    \
        }                                                                                          \
    }
    LATER(HTTP_GET, AT(V1 "/geofences"), "listGeofences", "geofences", "List the geofences", NULL),
    LATER(HTTP_POST, AT(V1 "/geofences"), "createGeofence", "geofences", "Create a geofence", NULL),
    LATER(HTTP_GET, BY(V1 "/geofences/", ":id"), "getGeofence", "geofences", "Get a geofence",
          fence_path),
    LATER(HTTP_PUT, BY(V1 "/geofences/", ":id"), "putGeofence", "geofences", "Replace a geofence",
          fence_path),
    LATER(HTTP_DELETE, BY(V1 "/geofences/", ":id"), "deleteGeofence", "geofences",
          "Delete a geofence", fence_path),
    LATER(HTTP_GET, AT(V1 "/analytics/heatmap"), "getHeatmap", "analytics", "Density on the map",
          NULL),
    LATER(HTTP_GET, AT(V1 "/analytics/stats"), "getStats", "analytics", "Spatial statistics", NULL),
    LATER(HTTP_GET, AT(V1 "/analytics/predictions"), "getPredictions", "analytics",
          "Where something will be", NULL),
    LATER(HTTP_GET, AT(V1 "/admin/physics"), "getPhysics", "admin", "State of the optimisers",
          NULL),
    LATER(HTTP_POST, AT(V1 "/admin/rebalance"), "rebalance", "admin", "Deal the shards anew", NULL),
#undef LATER

    {.method = HTTP_POST,
     AT(V1 "/admin/bulk_import"),
     .answer = api_batch_import,
     .scope = ADMIN,
     .body = ROUTE_BATCH,
     .id = "bulkImport",
     .tag = "admin",
     .summary = "Create or replace many objects, with an importer's limits",
     .text = "As /objects/batch, with limits.import_vertices (1,000,000) for a ring or line.",
     .params = {collection_query},
     .request = "Batch",
     .answers = {{200, JSON, "BatchReport", NULL, "What became of the objects"}},
     .problems = {400, 406, 413, 415, 422, 503}},
    {.method = HTTP_POST,
     AT(V1 "/admin/backup"),
     .answer = api_admin_backup,
     .scope = ADMIN,
     .body = ROUTE_JSON,
     .id = "backup",
     .tag = "admin",
     .summary = "Copy the store while the server runs",
     .text = "A consistent copy as of now, into a directory of the server's machine.",
     .request = "Backup",
     .answers = {{200, JSON, "Backup", NULL, "The copy is complete"}},
     .problems = {400, 406, 409, 413, 415, 422, 503}},
    {.method = HTTP_GET,
     AT(V1 "/admin/health"),
     .answer = api_admin_health,
     .scope = ADMIN,
     .id = "getHealth",
     .tag = "admin",
     .summary = "How the server is",
     .text = "status is ok, degraded while the store refuses writes, unavailable while starting "
             "or stopping.",
     .answers = {{200, JSON, "Health", NULL, "Numbers of engine and store"}},
     .problems = {406}},
    {.method = HTTP_GET,
     AT(V1 "/admin/ready"),
     .answer = api_admin_ready,
     .id = "getReady",
     .tag = "admin",
     .summary = "Does it take requests?",
     .answers = {{200, JSON, "Status", NULL, "Yes"}},
     .problems = {503, 406}},
    {.method = HTTP_GET,
     AT(V1 "/admin/metrics"),
     .answer = api_admin_metrics,
     .scope = ADMIN,
     .id = "getAdminMetrics",
     .tag = "admin",
     .summary = "Metrics for Prometheus",
     .answers = {{200, METRICS_TEXT, NULL, NULL, "The text format, version 0.0.4"}},
     .problems = {406}},
    {.method = HTTP_GET,
     AT("/metrics"),
     .answer = api_admin_metrics,
     .id = "getMetrics",
     .tag = "admin",
     .summary = "Metrics for Prometheus",
     .answers = {{200, METRICS_TEXT, NULL, NULL, "The text format, version 0.0.4"}},
     .problems = {406}},
    {.method = HTTP_GET,
     AT("/livez"),
     .answer = api_admin_live,
     .id = "getLivez",
     .tag = "admin",
     .summary = "Is the process alive?",
     .answers = {{200, JSON, "Status", NULL, "Yes"}},
     .problems = {406}},
    {.method = HTTP_GET,
     AT("/readyz"),
     .answer = api_admin_ready,
     .id = "getReadyz",
     .tag = "admin",
     .summary = "Does it take requests?",
     .answers = {{200, JSON, "Status", NULL, "Yes"}},
     .problems = {503, 406}},
};

const size_t route_count = sizeof route_table / sizeof *route_table;
