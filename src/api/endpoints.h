// endpoints.h - one function per endpoint, as the table in route_table.c names them.

#ifndef API_ENDPOINTS_H
#define API_ENDPOINTS_H

#include "api/api_state.h"

// objects.c
api_endpoint_fn api_objects_create, api_objects_get, api_objects_put, api_objects_patch,
    api_objects_delete;
// batch.c
api_endpoint_fn api_batch, api_batch_import;
// search.c
api_endpoint_fn api_search_list, api_search_nearby, api_search_bbox, api_search_polygon,
    api_search_complex;
// collections.c
api_endpoint_fn api_collections_list, api_collections_get, api_collections_delete;
// tiles.c
api_endpoint_fn api_tiles_get, api_tiles_describe;
// admin.c
api_endpoint_fn api_admin_landing, api_admin_openapi, api_admin_health, api_admin_ready,
    api_admin_live, api_admin_metrics, api_admin_backup;

#endif
