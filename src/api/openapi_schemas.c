// openapi_schemas.c - what bodies look like, as JSON Schema 2020-12.

#include "api/openapi.h"

const struct openapi_schema openapi_schemas[] = {
    {"Position",
     "{\"type\":\"array\",\"minItems\":2,\"maxItems\":3,\"items\":{\"type\":\"number\"},"
     "\"description\":\"[longitude, latitude] or [longitude, latitude, altitude in metres]\"}"},
    {"Geometry",
     "{\"description\":\"A GeoJSON geometry (RFC 7946)\",\"oneOf\":[{\"type\":\"object\","
     "\"required\":[\"type\",\"coordinates\"],\"properties\":{\"type\":{\"const\":\"Point\"},"
     "\"coordinates\":{\"$ref\":\"#/components/schemas/Position\"}}},{\"type\":\"object\","
     "\"required\":[\"type\",\"coordinates\"],"
     "\"properties\":{\"type\":{\"const\":\"MultiPoint\"},\"coordinates\":{\"type\":\"array\","
     "\"items\":{\"$ref\":\"#/components/schemas/Position\"}}}},{\"type\":\"object\","
     "\"required\":[\"type\",\"coordinates\"],"
     "\"properties\":{\"type\":{\"const\":\"LineString\"},\"coordinates\":{\"type\":\"array\","
     "\"items\":{\"$ref\":\"#/components/schemas/Position\"}}}},{\"type\":\"object\","
     "\"required\":[\"type\",\"coordinates\"],"
     "\"properties\":{\"type\":{\"const\":\"MultiLineString\"},"
     "\"coordinates\":{\"type\":\"array\",\"items\":{\"type\":\"array\","
     "\"items\":{\"$ref\":\"#/components/schemas/Position\"}}}}},{\"type\":\"object\","
     "\"required\":[\"type\",\"coordinates\"],\"properties\":{\"type\":{\"const\":\"Polygon\"},"
     "\"coordinates\":{\"type\":\"array\",\"items\":{\"type\":\"array\","
     "\"items\":{\"$ref\":\"#/components/schemas/Position\"}}}}},{\"type\":\"object\","
     "\"required\":[\"type\",\"coordinates\"],"
     "\"properties\":{\"type\":{\"const\":\"MultiPolygon\"},\"coordinates\":{\"type\":\"array\","
     "\"items\":{\"type\":\"array\",\"items\":{\"type\":\"array\","
     "\"items\":{\"$ref\":\"#/components/schemas/Position\"}}}}}},{\"type\":\"object\","
     "\"required\":[\"type\",\"geometries\"],"
     "\"properties\":{\"type\":{\"const\":\"GeometryCollection\"},"
     "\"geometries\":{\"type\":\"array\","
     "\"items\":{\"$ref\":\"#/components/schemas/Geometry\"}}}}]}"},
    {"TileJson",
     "{\"type\":\"object\",\"required\":[\"tilejson\",\"tiles\",\"vector_layers\"],"
     "\"properties\":{\"tilejson\":{\"const\":\"3.0.0\"},\"name\":{\"type\":\"string\"},"
     "\"tiles\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
     "\"vector_layers\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
     "\"required\":[\"id\",\"fields\"],\"properties\":{\"id\":{\"type\":\"string\"},"
     "\"fields\":{\"type\":\"object\"}}}},\"minzoom\":{\"type\":\"integer\"},"
     "\"maxzoom\":{\"type\":\"integer\"},\"scheme\":{\"const\":\"xyz\"},"
     "\"bounds\":{\"type\":\"array\",\"items\":{\"type\":\"number\"}},"
     "\"center\":{\"type\":\"array\",\"items\":{\"type\":\"number\"}}}}"},
    {"LatLon",
     "{\"type\":\"array\",\"minItems\":2,\"maxItems\":3,\"items\":{\"type\":\"number\"},"
     "\"description\":\"[latitude, longitude]; of other geometries than points the middle of the "
     "bounding box\"}"},
    {"Metadata",
     "{\"type\":\"object\",\"required\":[\"access_frequency\",\"data_mass\",\"energy_level\","
     "\"entangled_objects\",\"last_accessed\"],"
     "\"properties\":{\"access_frequency\":{\"type\":\"number\",\"minimum\":0,"
     "\"description\":\"Reads per second, half life 5 minutes\"},"
     "\"data_mass\":{\"type\":\"number\",\"minimum\":0,\"description\":\"Resident bytes\"},"
     "\"energy_level\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":7},"
     "\"entangled_objects\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
     "\"last_accessed\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}}}"},
    {"Object",
     "{\"type\":\"object\",\"description\":\"A GeoJSON Feature with what the database knows of "
     "it\",\"required\":[\"type\",\"id\",\"collection\",\"coordinates\",\"geometry\","
     "\"properties\",\"metadata\",\"shard_id\",\"version\",\"created_at\",\"updated_at\"],"
     "\"properties\":{\"type\":{\"const\":\"Feature\"},\"id\":{\"type\":\"string\"},"
     "\"collection\":{\"type\":\"string\"},"
     "\"coordinates\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/LatLon\"},{\"type\":\"null\"}]},"
     "\"geometry\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/Geometry\"},{\"type\":\"null\"}]},"
     "\"text\":{\"type\":\"string\",\"description\":\"Of a string: then there is no position\"},"
     "\"properties\":{\"type\":\"object\"},\"distance\":{\"type\":\"number\",\"minimum\":0,"
     "\"description\":\"Metres; in answers of /search/nearby\"},\"time\":{\"type\":\"string\","
     "\"format\":\"date-time\"},\"expires_at\":{\"type\":\"string\",\"format\":\"date-time\"},"
     "\"metadata\":{\"$ref\":\"#/components/schemas/Metadata\"},"
     "\"shard_id\":{\"type\":\"integer\",\"minimum\":0},\"version\":{\"type\":\"integer\","
     "\"minimum\":1},\"created_at\":{\"type\":\"string\",\"format\":\"date-time\"},"
     "\"updated_at\":{\"type\":\"string\",\"format\":\"date-time\"}}}"},
    {"ObjectInput",
     "{\"type\":\"object\",\"description\":\"geometry, coordinates or text is needed. What answers "
     "carry besides may be sent back and is passed over.\",\"additionalProperties\":false,"
     "\"anyOf\":[{\"required\":[\"geometry\"]},{\"required\":[\"coordinates\"]},{\"required\":["
     "\"text\"]}],"
     "\"properties\":{\"type\":{\"const\":\"Feature\"},\"id\":{\"type\":[\"string\",\"integer\"],"
     "\"description\":\"1 to 256 bytes without control characters; made by the server (UUIDv7) "
     "when missing\"},\"collection\":{\"type\":\"string\"},"
     "\"coordinates\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/LatLon\"},{\"type\":\"null\"}]},"
     "\"geometry\":{\"description\":\"A geometry, or \\\"point\\\" beside coordinates\","
     "\"oneOf\":[{\"$ref\":\"#/components/schemas/Geometry\"},{\"type\":[\"string\",\"null\"]}]},"
     "\"text\":{\"type\":\"string\",\"description\":\"A string in place of a position\"},"
     "\"properties\":{\"type\":[\"object\",\"null\"]},\"time\":{\"type\":[\"string\",\"null\"],"
     "\"format\":\"date-time\",\"description\":\"When the device was there\"},"
     "\"expires_in\":{\"type\":[\"number\",\"null\"],\"exclusiveMinimum\":0,"
     "\"description\":\"Seconds until the object is removed\"},\"bbox\":true,\"links\":true,"
     "\"metadata\":true,\"shard_id\":true,\"version\":true,\"created_at\":true,"
     "\"updated_at\":true,\"expires_at\":true,\"distance\":true}}"},
    {"ObjectPatch",
     "{\"type\":\"object\",\"description\":\"A JSON merge patch (RFC 7396): properties are "
     "merged, null takes a member away; a position replaces the old one\","
     "\"additionalProperties\":false,\"properties\":{\"type\":{\"const\":\"Feature\"},"
     "\"id\":{\"type\":[\"string\",\"integer\"],\"description\":\"1 to 256 bytes without control "
     "characters; made by the server (UUIDv7) when missing\"},"
     "\"collection\":{\"type\":\"string\"},"
     "\"coordinates\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/LatLon\"},{\"type\":\"null\"}]},"
     "\"geometry\":{\"description\":\"A geometry, or \\\"point\\\" beside coordinates\","
     "\"oneOf\":[{\"$ref\":\"#/components/schemas/Geometry\"},{\"type\":[\"string\",\"null\"]}]},"
     "\"text\":{\"type\":\"string\",\"description\":\"A string in place of a position\"},"
     "\"properties\":{\"type\":[\"object\",\"null\"]},\"time\":{\"type\":[\"string\",\"null\"],"
     "\"format\":\"date-time\",\"description\":\"When the device was there\"},"
     "\"expires_in\":{\"type\":[\"number\",\"null\"],\"exclusiveMinimum\":0,"
     "\"description\":\"Seconds until the object is removed\"},\"bbox\":true,\"links\":true,"
     "\"metadata\":true,\"shard_id\":true,\"version\":true,\"created_at\":true,"
     "\"updated_at\":true,\"expires_at\":true,\"distance\":true}}"},
    {"FeatureCollection",
     "{\"type\":\"object\",\"required\":[\"type\",\"features\",\"numberReturned\"],"
     "\"properties\":{\"type\":{\"const\":\"FeatureCollection\"},"
     "\"features\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Object\"}},"
     "\"numberReturned\":{\"type\":\"integer\",\"minimum\":0},\"next\":{\"type\":\"string\","
     "\"description\":\"Cursor of the next page; missing on the last\"},"
     "\"explain\":{\"$ref\":\"#/components/schemas/Explain\"}}}"},
    {"Explain",
     "{\"type\":\"object\",\"description\":\"How a search was answered\",\"required\":[\"index\","
     "\"device\",\"nodes\",\"candidates\",\"refinements\",\"shards\",\"microseconds\"],"
     "\"properties\":{\"index\":{\"type\":\"string\"},\"device\":{\"enum\":[\"cpu\",\"gpu\"]},"
     "\"nodes\":{\"type\":\"integer\"},\"candidates\":{\"type\":\"integer\"},"
     "\"refinements\":{\"type\":\"integer\"},\"shards\":{\"type\":\"integer\"},"
     "\"microseconds\":{\"type\":\"number\"}}}"},
    {"Batch", "{\"description\":\"A FeatureCollection, one Feature, or an array of Features\","
              "\"oneOf\":[{\"type\":\"object\",\"required\":[\"type\"],"
              "\"properties\":{\"type\":{\"enum\":[\"FeatureCollection\",\"Feature\"]}}},"
              "{\"type\":\"array\",\"items\":{\"type\":\"object\"}}]}"},
    {"BatchReport",
     "{\"type\":\"object\",\"required\":[\"received\",\"stored\",\"created\",\"updated\","
     "\"failed\",\"errors\"],\"properties\":{\"received\":{\"type\":\"integer\",\"minimum\":0},"
     "\"stored\":{\"type\":\"integer\",\"minimum\":0},\"created\":{\"type\":\"integer\","
     "\"minimum\":0},\"updated\":{\"type\":\"integer\",\"minimum\":0},"
     "\"failed\":{\"type\":\"integer\",\"minimum\":0},\"errors_omitted\":{\"type\":\"integer\","
     "\"minimum\":0},\"errors\":{\"type\":\"array\",\"maxItems\":100,"
     "\"items\":{\"type\":\"object\",\"required\":[\"line\",\"status\",\"error\"],"
     "\"properties\":{\"line\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"Line, or "
     "place in the array, from 1\"},\"id\":{\"type\":\"string\"},"
     "\"status\":{\"type\":\"integer\"},\"error\":{\"type\":\"string\"},"
     "\"pointer\":{\"type\":\"string\"}}}}}}"},
    {"Collection",
     "{\"type\":\"object\",\"required\":[\"id\",\"count\",\"bytes\",\"index_bytes\",\"index\","
     "\"created_at\"],\"properties\":{\"id\":{\"type\":\"string\"},"
     "\"count\":{\"type\":\"integer\"},\"bytes\":{\"type\":\"integer\"},"
     "\"index_bytes\":{\"type\":\"integer\"},\"index\":{\"enum\":[\"quadtree\",\"rtree\","
     "\"geohash\"]},\"extent\":{\"type\":\"object\",\"required\":[\"spatial\"],"
     "\"properties\":{\"spatial\":{\"type\":\"object\",\"required\":[\"bbox\"],"
     "\"properties\":{\"bbox\":{\"type\":\"array\",\"items\":{\"type\":\"array\",\"minItems\":4,"
     "\"maxItems\":4,\"items\":{\"type\":\"number\"},\"description\":\"west, south, east, north; "
     "west > east crosses the antimeridian\"}}}}}},\"created_at\":{\"type\":\"string\","
     "\"format\":\"date-time\"}}}"},
    {"Collections", "{\"type\":\"object\",\"required\":[\"collections\",\"numberReturned\"],"
                    "\"properties\":{\"collections\":{\"type\":\"array\","
                    "\"items\":{\"$ref\":\"#/components/schemas/Collection\"}},"
                    "\"numberReturned\":{\"type\":\"integer\"},\"next\":{\"type\":\"string\"}}}"},
    {"PolygonQuery",
     "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"polygon\"],"
     "\"properties\":{\"polygon\":{\"$ref\":\"#/components/schemas/Geometry\"},"
     "\"relation\":{\"enum\":[\"intersects\",\"within\",\"contains\",\"disjoint\"],"
     "\"default\":\"intersects\",\"description\":\"How the object stands to the geometry; a "
     "boundary belongs to the inside\"},\"limit\":{\"type\":\"integer\",\"minimum\":1,"
     "\"default\":100},\"cursor\":{\"type\":\"string\"},\"fields\":{\"type\":\"array\","
     "\"items\":{\"type\":\"string\"}},\"collection\":{\"type\":\"string\"},"
     "\"earth\":{\"enum\":[\"sphere\",\"ellipsoid\"]},\"explain\":{\"type\":\"boolean\"},"
     "\"sort\":{\"description\":\"A name, with - before it for descending\","
     "\"oneOf\":[{\"type\":\"string\"},{\"type\":\"object\",\"additionalProperties\":false,"
     "\"required\":[\"field\"],\"properties\":{\"field\":{\"type\":\"string\"},"
     "\"direction\":{\"enum\":[\"asc\",\"desc\"]}}}]}}}"},
    {"ComplexQuery",
     "{\"type\":\"object\",\"additionalProperties\":false,"
     "\"properties\":{\"filter\":{\"description\":\"CQL2-JSON (OGC 21-065): {\\\"op\\\": ..., "
     "\\\"args\\\": [...]}\",\"type\":[\"object\",\"boolean\"]},\"limit\":{\"type\":\"integer\","
     "\"minimum\":1,\"default\":100},\"cursor\":{\"type\":\"string\"},"
     "\"fields\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
     "\"collection\":{\"type\":\"string\"},\"earth\":{\"enum\":[\"sphere\",\"ellipsoid\"]},"
     "\"explain\":{\"type\":\"boolean\"},\"sort\":{\"description\":\"A name, with - before it "
     "for descending\",\"oneOf\":[{\"type\":\"string\"},{\"type\":\"object\","
     "\"additionalProperties\":false,\"required\":[\"field\"],"
     "\"properties\":{\"field\":{\"type\":\"string\"},\"direction\":{\"enum\":[\"asc\","
     "\"desc\"]}}}]}}}"},
    {"Link", "{\"type\":\"object\",\"required\":[\"rel\",\"href\"],"
             "\"properties\":{\"rel\":{\"type\":\"string\"},\"href\":{\"type\":\"string\"}}}"},
    {"Landing",
     "{\"type\":\"object\",\"required\":[\"title\",\"version\",\"links\"],"
     "\"properties\":{\"title\":{\"type\":\"string\"},\"version\":{\"type\":\"string\"},"
     "\"links\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Link\"}}}}"},
    {"Status", "{\"type\":\"object\",\"required\":[\"status\"],"
               "\"properties\":{\"status\":{\"type\":\"string\"}}}"},
    {"Health",
     "{\"type\":\"object\",\"required\":[\"status\",\"version\",\"uptime_seconds\",\"objects\","
     "\"collections\",\"shards\",\"memory\"],\"properties\":{\"status\":{\"enum\":[\"ok\","
     "\"degraded\",\"unavailable\"]},\"version\":{\"type\":\"string\"},"
     "\"uptime_seconds\":{\"type\":\"number\"},\"objects\":{\"type\":\"integer\"},"
     "\"collections\":{\"type\":\"integer\"},\"shards\":{\"type\":\"integer\"},"
     "\"memory\":{\"type\":\"object\",\"required\":[\"used_bytes\",\"limit_bytes\"],"
     "\"properties\":{\"used_bytes\":{\"type\":\"integer\"},"
     "\"limit_bytes\":{\"type\":\"integer\"},\"problem\":{\"type\":\"string\","
     "\"description\":\"Why writes are refused\"}}},\"store\":{\"type\":\"object\","
     "\"required\":[\"kind\",\"last_lsn\",\"durable_lsn\",\"disk_bytes\",\"read_only\"],"
     "\"properties\":{\"kind\":{\"type\":\"string\"},\"last_lsn\":{\"type\":\"integer\"},"
     "\"durable_lsn\":{\"type\":\"integer\"},\"disk_bytes\":{\"type\":\"integer\"},"
     "\"read_only\":{\"type\":\"boolean\"},\"problem\":{\"type\":\"string\"}}}}}"},
    {"Backup",
     "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"dir\"],"
     "\"properties\":{\"dir\":{\"type\":\"string\",\"pattern\":\"^/\",\"description\":\"Absolute "
     "path on the server; made, must be empty\"}}}"},
    {"OpenApi", "{\"type\":\"object\",\"required\":[\"openapi\",\"paths\"]}"},
    {"Problem",
     "{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"detail\",\"error\"],"
     "\"properties\":{\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
     "\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"
     "\"error\":{\"type\":\"string\"},\"pointer\":{\"type\":\"string\",\"description\":\"RFC "
     "6901 pointer into the body\"}}}"},
    {0},
};
