// peer_postgis - PostGIS with a GiST index by libpq ($PGCONN says where): prepared statements one at a time, wall clock,
// both processes included. `empty-roundtrip` is what a statement costs that does nothing.

#include "workload.hpp"

#include <initializer_list>
#include <libpq-fe.h>

static PGconn *connection;

static void check(PGresult *result, const char *what) {
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN)
        give_up(std::string(what) + ": " + PQerrorMessage(connection));
    PQclear(result);
}
static void run(const char *sql) {
    check(PQexec(connection, sql), sql);
}
static void prepare(const char *name, const char *sql) {
    check(PQprepare(connection, name, sql, 0, nullptr), sql);
}

/// The first value of a single row, else how many rows.
static double ask(const char *statement, std::initializer_list<double> values) {
    char texts[4][32];
    const char *given[4];
    int n = 0;
    for (double v : values) {
        snprintf(texts[n], sizeof texts[n], "%.7f", v);
        given[n] = texts[n];
        n++;
    }
    PGresult *r = PQexecPrepared(connection, statement, n, given, nullptr, nullptr, 0);
    bool single = PQntuples(r) == 1 && PQnfields(r) > 0;
    double answer = single ? atof(PQgetvalue(r, 0, 0)) : PQntuples(r);
    check(r, statement);
    return answer;
}

template <class T, class F>
static void ask_line(const std::string &set, const std::string &op, const std::vector<T> &all,
                     F one) {
    double sum = 0;
    double ns = took_ns(
        [&] {
            for (const T &t : all)
                sum += one(t);
        },
        wall_ns);
    line("postgis", set, op, ns, all.size(), sum / static_cast<double>(all.size()));
}

static void copy_in(const std::vector<Point> &points) {
    run("DROP TABLE IF EXISTS warp_peer");
    run("CREATE TABLE warp_peer (id int, g geometry(Point, 4326)) WITH (fillfactor = 80)");
    run("CREATE TEMP TABLE IF NOT EXISTS warp_raw (id int, lon float8, lat float8)");
    run("TRUNCATE warp_raw");
    run("COPY warp_raw FROM STDIN");
    for (size_t i = 0; i < points.size(); i++) {
        char row[96];
        int len = snprintf(row, sizeof row, "%zu\t%.7f\t%.7f\n", i, points[i].lon, points[i].lat);
        PQputCopyData(connection, row, len);
    }
    PQputCopyEnd(connection, nullptr);
    while (PGresult *r = PQgetResult(connection))
        check(r, "COPY");
    run("INSERT INTO warp_peer SELECT id, ST_SetSRID(ST_MakePoint(lon, lat), 4326) FROM warp_raw");
    run("CREATE UNIQUE INDEX ON warp_peer (id)");
}

static void prepare_all() {
    run("DEALLOCATE ALL");
    prepare("bbox", "SELECT count(*) FROM warp_peer WHERE g && "
                    "ST_MakeEnvelope($1::float8, $2::float8, $3::float8, $4::float8, 4326)");
    prepare("nearest", "SELECT id FROM warp_peer ORDER BY g <-> "
                       "ST_SetSRID(ST_MakePoint($1::float8, $2::float8), 4326) LIMIT 10");
    prepare("move",
            "UPDATE warp_peer SET g = ST_SetSRID(ST_MakePoint($2::float8, $3::float8), 4326) "
            "WHERE id = ($1::float8)::int");
    prepare("nothing", "SELECT 1 WHERE $1::float8 = 0");
}

static void cloud(const std::string &set) {
    auto points = read_file<Point>(set + ".pts");
    copy_in(points);
    double ns = took_ns([] { run("CREATE INDEX ON warp_peer USING gist (g)"); }, wall_ns);
    line("postgis", set, "index-bulk", ns, points.size(), static_cast<double>(points.size()));
    run("VACUUM ANALYZE warp_peer");
    prepare_all();
    for (auto [kind, most] :
         {std::pair<const char *, size_t>{"1", 10000}, {"100", 5000}, {"10k", 200}})
        ask_line(set, std::string("bbox") + kind, read_file<Box>(set + ".q" + kind, most),
                 [](const Box &b) {
                     return ask("bbox", {b.west, b.south, b.east, b.north});
                 });
    ask_line(set, "knn10", read_file<Point>(set + ".kq", 5000), [](Point c) {
        return ask("nearest", {c.lon, c.lat});
    });
    run("BEGIN");
    ask_line(set, "move", read_file<Move>(set + ".moves", 10000), [](const Move &m) {
        return ask("move", {static_cast<double>(m.id), m.to.lon, m.to.lat});
    });
    run("COMMIT");
    ask_line(set, "empty-roundtrip", std::vector<double>(5000, 1),
             [](double v) { return ask("nothing", {v}); });
    run("DROP TABLE warp_peer");
}

int main() {
    const char *where = getenv("PGCONN");
    connection = PQconnectdb(where ? where : "");
    if (PQstatus(connection) != CONNECTION_OK) give_up(PQerrorMessage(connection));
    run("CREATE EXTENSION IF NOT EXISTS postgis");
    run("SET plan_cache_mode = force_generic_plan");
    run("SET max_parallel_workers_per_gather = 0");
    run("SET jit = off"); // it takes a millisecond of each short statement
    cloud("uniform");
    cloud("city");
}
