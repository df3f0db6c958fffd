// peer_sqlite - SQLite's R*Tree in memory, prepared statements, one transaction. It keeps 32-bit floats, rounded
// outward: its counts are a little too high by design.

#include "workload.hpp"

#include <sqlite3.h>

class Statement {
  public:
    Statement(sqlite3 *db, const char *sql) {
        if (sqlite3_prepare_v2(db, sql, -1, &handle_, nullptr) != SQLITE_OK)
            give_up(sqlite3_errmsg(db));
    }
    ~Statement() { sqlite3_finalize(handle_); }
    Statement(const Statement &) = delete;
    Statement &operator=(const Statement &) = delete;

    Statement &id(sqlite3_int64 v) {
        sqlite3_bind_int64(handle_, ++bound_, v);
        return *this;
    }
    Statement &number(double v) {
        sqlite3_bind_double(handle_, ++bound_, v);
        return *this;
    }
    /// The first column of the first row, if there is one.
    sqlite3_int64 run() {
        sqlite3_int64 value =
            sqlite3_step(handle_) == SQLITE_ROW ? sqlite3_column_int64(handle_, 0) : 0;
        sqlite3_reset(handle_);
        bound_ = 0;
        return value;
    }

  private:
    sqlite3_stmt *handle_ = nullptr;
    int bound_ = 0;
};

static sqlite3 *open_table() {
    sqlite3 *db;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_exec(db, "CREATE VIRTUAL TABLE t USING rtree(id, west, east, south, north); BEGIN",
                     nullptr, nullptr, nullptr) != SQLITE_OK)
        give_up(sqlite3_errmsg(db));
    return db;
}

static double insert_ns(sqlite3 *db, const std::vector<Point> &points) {
    Statement insert(db, "INSERT INTO t VALUES (?1, ?2, ?2, ?3, ?3)");
    return took_ns([&] {
        for (size_t i = 0; i < points.size(); i++)
            insert.id(static_cast<sqlite3_int64>(i))
                .number(points[i].lon)
                .number(points[i].lat)
                .run();
    });
}

static void bbox_line(sqlite3 *db, const std::string &set, const std::string &op,
                      const std::vector<Box> &boxes) {
    Statement count(
        db,
        "SELECT count(*) FROM t WHERE east >= ?1 AND west <= ?2 AND north >= ?3 AND south <= ?4");
    sqlite3_int64 hits = 0;
    double ns = took_ns([&] {
        for (const Box &b : boxes)
            hits += count.number(b.west).number(b.east).number(b.south).number(b.north).run();
    });
    line("sqlite-rtree", set, op, ns, boxes.size(),
         static_cast<double>(hits) / static_cast<double>(boxes.size()));
}

static void move_line(sqlite3 *db, const std::string &set, const std::vector<Move> &moves) {
    Statement update(db, "UPDATE t SET west = ?2, east = ?2, south = ?3, north = ?3 WHERE id = ?1");
    double ns = took_ns([&] {
        for (const Move &m : moves)
            update.id(static_cast<sqlite3_int64>(m.id)).number(m.to.lon).number(m.to.lat).run();
    });
    line("sqlite-rtree", set, "move", ns, moves.size(), static_cast<double>(moves.size()));
}

static void cloud(const std::string &set) {
    auto points = read_file<Point>(set + ".pts");
    double before = heap_bytes();
    sqlite3 *db = open_table();
    line("sqlite-rtree", set, "insert", insert_ns(db, points), points.size(),
         static_cast<double>(points.size()));
    line("sqlite-rtree", set, "bytes", heap_bytes() - before, points.size(), 0);
    bbox_line(db, set, "bbox1", read_file<Box>(set + ".q1", 50000));
    bbox_line(db, set, "bbox100", read_file<Box>(set + ".q100", 10000));
    bbox_line(db, set, "bbox10k", read_file<Box>(set + ".q10k", 300));
    move_line(db, set, read_file<Move>(set + ".moves", 50000));
    sqlite3_close(db);
}

static void tracks(const std::string &set) {
    sqlite3 *db = open_table();
    insert_ns(db, read_file<Point>(set + ".pts"));
    move_line(db, set, read_file<Move>(set + ".moves", 50000));
    sqlite3_close(db);
}

int main() {
    cloud("uniform");
    cloud("city");
    for (auto &set : track_sets())
        tracks(set);
}
