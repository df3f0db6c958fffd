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
// geofences.c
api_endpoint_fn api_geofences_create, api_geofences_list, api_geofences_get, api_geofences_put,
    api_geofences_delete;
/// NOT_FOUND, with the id of the path.
enum status api_geofences_missing(struct call *call);
// geofence_objects.c, geofence_explain.c
api_endpoint_fn api_geofences_objects, api_geofences_explain;
// events.c
api_endpoint_fn api_events_list;
// webhooks.c
api_endpoint_fn api_webhooks_list, api_webhooks_get, api_webhooks_replay, api_webhooks_skip;
// admin.c
api_endpoint_fn api_admin_landing, api_admin_openapi, api_admin_health, api_admin_ready,
    api_admin_live, api_admin_metrics, api_admin_backup;

#endif
