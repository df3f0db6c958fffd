// peer_boost - Boost.Geometry's R-tree, rstar<16>, planar degrees: packed (bulk loaded) and R* (one by one).

#include "workload.hpp"

#include <boost/geometry.hpp>
#include <boost/geometry/geometries/box.hpp>
#include <boost/geometry/geometries/point.hpp>
#include <boost/geometry/index/rtree.hpp>

namespace geometry = boost::geometry;
namespace trees = boost::geometry::index;
using Place = geometry::model::point<double, 2, geometry::cs::cartesian>;
using Area = geometry::model::box<Place>;
template <class T> using TreeOf = trees::rtree<std::pair<T, uint32_t>, trees::rstar<16>>;
using Tree = TreeOf<Place>;
using Entry = Tree::value_type;

/// An output iterator that calls a function.
template <class F> struct Each {
    F *visit;
    Each &operator*() { return *this; }
    Each &operator++() { return *this; }
    Each &operator++(int) { return *this; }
    template <class V> Each &operator=(const V &v) {
        (*visit)(v);
        return *this;
    }
};
template <class T, class F> static void search(const T &tree, const Box &b, F visit) {
    tree.query(trees::intersects(Area(Place(b.west, b.south), Place(b.east, b.north))),
               Each<F>{&visit});
}

static Point point_of(const Place &p) {
    return {p.get<0>(), p.get<1>()};
}

template <class T>
static void bbox_line(const T &tree, const char *who, const std::string &set, const std::string &op,
                      const std::vector<Box> &boxes) {
    size_t hits = 0;
    double ns = best_ns([&] {
        hits = 0;
        for (const Box &b : boxes)
            search(tree, b, [&](auto &) { hits++; });
    });
    line(who, set, op, ns, boxes.size(),
         static_cast<double>(hits) / static_cast<double>(boxes.size()));
}

static void circle_line(const Tree &tree, const char *who, const std::string &set,
                        const std::vector<Point> &centres) {
    size_t hits = 0;
    double ns = best_ns([&] {
        hits = 0;
        for (Point c : centres)
            search(tree, circle_box(c, CIRCLE_M),
                   [&](const Entry &e) { hits += haversine_m(c, point_of(e.first)) <= CIRCLE_M; });
    });
    line(who, set, "radius1km", ns, centres.size(),
         static_cast<double>(hits) / static_cast<double>(centres.size()));
}

static void nearest_line(const Tree &tree, const char *who, const std::string &set,
                         const std::vector<Point> &centres) {
    double sum = 0;
    std::vector<Entry> found;
    double ns = best_ns([&] {
        sum = 0;
        for (Point c : centres) {
            double farthest = 0;
            found.clear();
            tree.query(trees::nearest(Place(c.lon, c.lat), NEAREST), std::back_inserter(found));
            for (const Entry &e : found)
                farthest =
                    std::max(farthest, geometry::comparable_distance(e.first, Place(c.lon, c.lat)));
            sum += sqrt(farthest);
        }
    });
    line(who, set, "knn10", ns, centres.size(), sum);
}

static void move_line(Tree &tree, const char *who, const std::string &set,
                      std::vector<Entry> &entries, const std::vector<Move> &moves) {
    size_t removed = 0;
    double ns = took_ns([&] {
        for (const Move &m : moves) {
            Entry &e = entries[m.id];
            removed += tree.remove(e);
            e.first = Place(m.to.lon, m.to.lat);
            tree.insert(e);
        }
    });
    line(who, set, "move", ns, moves.size(), static_cast<double>(removed));
}

static std::vector<Entry> entries_of(const std::vector<Point> &points) {
    std::vector<Entry> entries;
    for (Point p : points)
        entries.emplace_back(Place(p.lon, p.lat), static_cast<uint32_t>(entries.size()));
    return entries;
}

static void cloud(const std::string &set, bool packed) {
    const char *who = packed ? "boost-packed" : "boost-rstar";
    std::vector<Entry> entries = entries_of(read_file<Point>(set + ".pts"));
    double before = heap_bytes();
    Tree tree;
    double ns = took_ns([&] {
        if (packed) {
            tree = Tree(entries);
        } else {
            for (const Entry &e : entries)
                tree.insert(e);
        }
    });
    line(who, set, packed ? "bulk" : "insert", ns, entries.size(),
         static_cast<double>(tree.size()));
    line(who, set, "bytes", heap_bytes() - before, entries.size(), 0);
    bbox_line(tree, who, set, "bbox1", read_file<Box>(set + ".q1"));
    bbox_line(tree, who, set, "bbox100", read_file<Box>(set + ".q100"));
    bbox_line(tree, who, set, "bbox10k", read_file<Box>(set + ".q10k"));
    circle_line(tree, who, set, read_file<Point>(set + ".kq"));
    nearest_line(tree, who, set, read_file<Point>(set + ".kq"));
    move_line(tree, who, set, entries, read_file<Move>(set + ".moves", MOVES));
}

static void rects(bool packed) {
    const char *who = packed ? "boost-packed" : "boost-rstar";
    std::vector<std::pair<Area, uint32_t>> entries;
    for (const Box &b : read_file<Box>("rects.box"))
        entries.emplace_back(Area(Place(b.west, b.south), Place(b.east, b.north)),
                             static_cast<uint32_t>(entries.size()));
    double before = heap_bytes();
    TreeOf<Area> tree;
    double ns = took_ns([&] {
        if (packed) {
            tree = TreeOf<Area>(entries);
        } else {
            for (auto &e : entries)
                tree.insert(e);
        }
    });
    line(who, "rects", packed ? "bulk" : "insert", ns, entries.size(),
         static_cast<double>(tree.size()));
    line(who, "rects", "bytes", heap_bytes() - before, entries.size(), 0);
    bbox_line(tree, who, "rects", "bbox2km", read_file<Box>("rects.q"));
}

static void tracks(const std::string &set) {
    std::vector<Entry> entries = entries_of(read_file<Point>(set + ".pts"));
    Tree tree;
    for (const Entry &e : entries)
        tree.insert(e);
    move_line(tree, "boost-rstar", set, entries, read_file<Move>(set + ".moves"));
}

int main() {
    for (const char *set : {"uniform", "city"}) {
        cloud(set, true);
        cloud(set, false);
    }
    rects(true);
    rects(false);
    for (auto &set : track_sets())
        tracks(set);
}
