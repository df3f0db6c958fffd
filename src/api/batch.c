// batch.c - many objects in one request: lines, sequences, FeatureCollections, arrays.

#include "api/batch_run.h"
#include "api/batch_text.h"
#include "api/endpoints.h"
#include "api/feature.h"
#include "api/params.h"

#define LINE_POOL_BYTES ((size_t)128 << 10) // for lines of up to 10 KB; longer ones use the heap

static enum status batch(struct api *api, struct call *call, const struct geometry_limits *limits);
static enum status read_texts(struct batch_run *run, bool is_seq);
static enum status read_document(struct batch_run *run);
static enum status read_features(struct batch_run *run, yyjson_val *list, const char *path);
static enum status stopped(struct batch_run *run, enum status st);

enum status api_batch(struct api *api, struct call *call) {
    return batch(api, call, &api->rest);
}

enum status api_batch_import(struct api *api, struct call *call) {
    return batch(api, call, &api->import);
}

static enum status batch(struct api *api, struct call *call, const struct geometry_limits *limits) {
    struct params params;
    struct str collection;
    enum status st = params_parse(call->request, call->arena, &params, call->why);
    if (st == STATUS_OK) st = params_text(&params, "collection", &collection);
    if (st == STATUS_OK && collection.p)
        st = feature_check_name(collection, "collection", call->why);
    if (st == STATUS_OK) st = params_refuse_rest(&params);
    if (st != STATUS_OK) return st;
    struct batch_run run;
    st = batch_run_open(api, call, collection, limits, call->request->body.len, &run);
    struct str type = http_request_header(call->request, STR("content-type"));
    type = str_trim(str_sub(type, 0, str_find(type, ';')));
    bool is_seq = str_eq_nocase(type, STR("application/geo+json-seq"));
    bool is_lines = str_eq_nocase(type, STR("application/x-ndjson")) ||
                    str_eq_nocase(type, STR("application/ndjson"));
    if (st == STATUS_OK) st = is_seq || is_lines ? read_texts(&run, is_seq) : read_document(&run);
    gauges_count_lines(api->gauges, run.report.created + run.report.updated, run.report.failed);
    if (st == STATUS_OK) {
        batch_report_write(&run.report, &call->reply->body);
        call->reply->wait_lsn = run.lsn;
    } else {
        st = stopped(&run, st);
    }
    batch_run_close(&run);
    return st;
}

static enum status read_texts(struct batch_run *run, bool is_seq) {
    struct batch_text texts = batch_text_open(run->call->request->body, is_seq);
    struct json_pool pool = {arena_alloc(run->call->arena, LINE_POOL_BYTES), LINE_POOL_BYTES};
    struct str text;
    bool any = false;
    enum status st = pool.memory ? STATUS_OK : STATUS_NO_MEMORY;
    while (st == STATUS_OK && batch_text_next(&texts, &text)) {
        struct json json;
        struct reason why;
        why.text[0] = why.pointer[0] = '\0';
        any = true;
        st = json_parse(text, &pool, &json, &why);
        if (st == STATUS_OK) {
            st = batch_run_add(run, json.root, text.len, texts.number);
            json_free(&json);
        } else if (st == STATUS_BAD_REQUEST) {
            batch_run_refuse(run, texts.number, st, &why);
            st = STATUS_OK;
        }
    }
    if (st == STATUS_OK && !any) {
        return reason_set(run->call->why, STATUS_BAD_REQUEST, "the body holds no objects");
    }
    return st == STATUS_OK ? batch_run_flush(run) : st;
}

static enum status read_document(struct batch_run *run) {
    struct json json;
    enum status st =
        json_parse_body(run->call->request->body, run->call->arena, &json, run->call->why);
    if (st != STATUS_OK) return st;
    yyjson_val *type = yyjson_obj_get(json.root, "type");
    yyjson_val *features = yyjson_obj_get(json.root, "features");
    if (yyjson_is_arr(json.root)) {
        st = read_features(run, json.root, "");
    } else if (yyjson_equals_str(type, "FeatureCollection") && yyjson_is_arr(features)) {
        st = read_features(run, features, "/features");
    } else if (yyjson_is_obj(json.root) && (!type || yyjson_equals_str(type, "Feature"))) {
        st = batch_run_add(run, json.root, run->call->request->body.len, 1);
    } else {
        st =
            reason_set(run->call->why, STATUS_BAD_REQUEST,
                       "the body must be a FeatureCollection, a Feature or an array of them; lines "
                       "need Content-Type: application/x-ndjson");
    }
    if (st == STATUS_OK) st = batch_run_flush(run);
    json_free(&json);
    return st;
}

static enum status read_features(struct batch_run *run, yyjson_val *list, const char *path) {
    size_t count = yyjson_arr_size(list);
    if (count == 0) return STATUS_OK; // what an export of nothing is
    size_t bytes = run->call->request->body.len / count;
    enum status st = STATUS_OK;
    run->path = path;
    yyjson_arr_iter iter = yyjson_arr_iter_with(list);
    for (uint64_t i = 1; st == STATUS_OK && i <= count; i++) {
        st = batch_run_add(run, yyjson_arr_iter_next(&iter), bytes, i);
    }
    return st;
}

// Earlier runs are stored: say so, that a client can go on from there.
static enum status stopped(struct batch_run *run, enum status st) {
    uint64_t stored = run->report.created + run->report.updated;
    if (stored == 0) return st;
    struct reason inner = *run->call->why;
    if (st == STATUS_NO_MEMORY && !inner.text[0]) {
        (void)engine_memory_reason(run->api->options.engine, &inner);
    }
    return reason_set(run->call->why, st, "%.180s; %llu objects before were stored",
                      inner.text[0] ? inner.text : status_text(st), (unsigned long long)stored);
}
