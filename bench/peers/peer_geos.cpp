// peer_geos - GEOS by its C API: an STRtree (bulk only) of points and rectangles, prepared polygons, fences.

#include "workload.hpp"

#include <geos_c.h>

static GEOSGeometry *rectangle(const Box &b) {
    return GEOSGeom_createRectangle(b.west, b.south, b.east, b.north);
}
static GEOSGeometry *point(Point p) {
    return GEOSGeom_createPointFromXY(p.lon, p.lat);
}
static GEOSGeometry *polygon(const Rings &rings, size_t i) {
    auto *first = reinterpret_cast<const double *>(&rings.points[rings.begins[i]]);
    unsigned count = static_cast<unsigned>(rings.vertices(i));
    return GEOSGeom_createPolygon(
        GEOSGeom_createLinearRing(GEOSCoordSeq_copyFromBuffer(first, count, 0, 0)), nullptr, 0);
}

static void count_hit(void *, void *hits) {
    ++*static_cast<size_t *>(hits);
}

/// The first search builds the tree; this one finds nothing.
static void build(GEOSSTRtree *tree) {
    size_t none = 0;
    GEOSGeometry *nowhere = rectangle({-200, -100, -199, -99});
    GEOSSTRtree_query(tree, nowhere, count_hit, &none);
    GEOSGeom_destroy(nowhere);
}

/// What is asked is made before the clock starts.
struct Asked {
    std::vector<GEOSGeometry *> all;
    ~Asked() {
        for (auto *g : all)
            GEOSGeom_destroy(g);
    }
};

static void bbox_line(GEOSSTRtree *tree, const std::string &set, const std::string &op,
                      const std::vector<Box> &boxes) {
    Asked asked;
    size_t hits = 0;
    for (const Box &b : boxes)
        asked.all.push_back(rectangle(b));
    double ns = best_ns([&] {
        hits = 0;
        for (auto *g : asked.all)
            GEOSSTRtree_query(tree, g, count_hit, &hits);
    });
    line("geos-strtree", set, op, ns, boxes.size(),
         static_cast<double>(hits) / static_cast<double>(boxes.size()));
}

struct Circle {
    Point centre;
    size_t hits;
};
static void count_in_circle(void *item, void *context) {
    auto *circle = static_cast<Circle *>(context);
    circle->hits += haversine_m(circle->centre, *static_cast<Point *>(item)) <= CIRCLE_M;
}

static void circle_line(GEOSSTRtree *tree, const std::string &set,
                        const std::vector<Point> &centres) {
    Asked asked;
    Circle circle{};
    for (Point c : centres)
        asked.all.push_back(rectangle(circle_box(c, CIRCLE_M)));
    double ns = best_ns([&] {
        circle.hits = 0;
        for (size_t i = 0; i < centres.size(); i++) {
            circle.centre = centres[i];
            GEOSSTRtree_query(tree, asked.all[i], count_in_circle, &circle);
        }
    });
    line("geos-strtree", set, "radius1km", ns, centres.size(),
         static_cast<double>(circle.hits) / static_cast<double>(centres.size()));
}

static void cloud(const std::string &set) {
    auto points = read_file<Point>(set + ".pts");
    double before = heap_bytes(), began = cpu_ns();
    GEOSSTRtree *tree = GEOSSTRtree_create(10);
    for (Point &p : points) {
        GEOSGeometry *g = point(p); // the tree keeps its box only
        GEOSSTRtree_insert(tree, g, &p);
        GEOSGeom_destroy(g);
    }
    build(tree);
    line("geos-strtree", set, "bulk", cpu_ns() - began, points.size(),
         static_cast<double>(points.size()));
    line("geos-strtree", set, "bytes", heap_bytes() - before, points.size(), 0);
    bbox_line(tree, set, "bbox1", read_file<Box>(set + ".q1"));
    bbox_line(tree, set, "bbox100", read_file<Box>(set + ".q100"));
    bbox_line(tree, set, "bbox10k", read_file<Box>(set + ".q10k"));
    circle_line(tree, set, read_file<Point>(set + ".kq"));
    GEOSSTRtree_destroy(tree);
}

static void rects() {
    Asked items;
    for (const Box &b : read_file<Box>("rects.box"))
        items.all.push_back(rectangle(b));
    double began = cpu_ns();
    GEOSSTRtree *tree = GEOSSTRtree_create(10);
    for (auto *g : items.all)
        GEOSSTRtree_insert(tree, g, g);
    build(tree);
    line("geos-strtree", "rects", "bulk", cpu_ns() - began, items.all.size(),
         static_cast<double>(items.all.size()));
    bbox_line(tree, "rects", "bbox2km", read_file<Box>("rects.q"));
    GEOSSTRtree_destroy(tree);
}

using Prepared = std::vector<const GEOSPreparedGeometry *>;

/// Prepared and asked once, for that is when GEOS builds what it needs. Lives until the end.
static Prepared prepare(const Rings &rings) {
    Prepared all;
    for (size_t i = 0; i < rings.size(); i++) {
        all.push_back(GEOSPrepare(polygon(rings, i)));
        GEOSGeometry *g = point(rings.points[rings.begins[i]]);
        GEOSPreparedContains(all[i], g);
        GEOSGeom_destroy(g);
    }
    return all;
}

static void inside_line(const char *op, const Prepared &prepared, const std::vector<Move> &asked) {
    Asked points;
    size_t inside = 0;
    for (const Move &m : asked)
        points.all.push_back(point(m.to));
    double ns = best_ns([&] {
        inside = 0;
        for (size_t i = 0; i < asked.size(); i++)
            inside += GEOSPreparedContains(prepared[asked[i].id], points.all[i]) == 1;
    });
    line("geos-prepared", "polys", op, ns, asked.size(),
         static_cast<double>(inside) / static_cast<double>(asked.size()));
}

/// The questions about polygons that `wants`; the same choice as in src/cli/bench_peers_areas.c.
template <class F> static std::vector<Move> chosen(const std::vector<Move> &all, F wants) {
    std::vector<Move> out;
    for (const Move &m : all) {
        if (out.size() < 200000 && wants(m.id)) out.push_back(m);
    }
    return out;
}

static void polygons() {
    Rings rings("polys");
    auto asked = read_file<Move>("polys.q");
    double before = heap_bytes(), began = cpu_ns();
    Prepared prepared = prepare(rings);
    size_t vertices = rings.points.size(), hot = 0;
    line("geos-prepared", "polys", "prep/vertex", cpu_ns() - began, vertices, 0);
    line("geos-prepared", "polys", "bytes/vertex", heap_bytes() - before, vertices, 0);
    while (hot + 1 < rings.size() && rings.vertices(hot) >= 5050)
        hot++;
    inside_line("pip-all", prepared, chosen(asked, [](size_t) { return true; }));
    inside_line("pip-5k", prepared, chosen(asked, [&](size_t id) {
                    return rings.vertices(id) >= 4000 && rings.vertices(id) <= 6500;
                }));
    auto once = chosen(asked, [&](size_t id) { return id == hot; }), often = once;
    while (!once.empty() && often.size() < 50000)
        often.insert(often.end(), once.begin(), once.end());
    inside_line("pip-5k-hot", prepared, often);
}

struct Match {
    GEOSGeometry *asked;
    size_t hits;
};
static void count_match(void *item, void *context) {
    auto *match = static_cast<Match *>(context);
    match->hits +=
        GEOSPreparedContains(static_cast<const GEOSPreparedGeometry *>(item), match->asked) == 1;
}

static void fences() {
    Rings rings("fences");
    Prepared prepared = prepare(rings);
    GEOSSTRtree *tree = GEOSSTRtree_create(10);
    for (size_t i = 0; i < rings.size(); i++) {
        GEOSGeometry *g = polygon(rings, i);
        GEOSSTRtree_insert(tree, g, const_cast<GEOSPreparedGeometry *>(prepared[i]));
        GEOSGeom_destroy(g);
    }
    build(tree);
    Asked asked;
    for (const Move &m : read_file<Move>("city.moves", MOVES))
        asked.all.push_back(point(m.to));
    Match match{};
    double ns = best_ns([&] {
        match.hits = 0;
        for (auto *g : asked.all) {
            match.asked = g;
            GEOSSTRtree_query(tree, g, count_match, &match);
        }
    });
    line("geos-strtree+prep", "fences10k", "match", ns, asked.all.size(),
         static_cast<double>(match.hits) / static_cast<double>(asked.all.size()));
    GEOSSTRtree_destroy(tree);
}

int main() {
    initGEOS(nullptr, nullptr);
    cloud("uniform");
    cloud("city");
    rects();
    if (has_file("polys.off")) polygons();
    fences();
}
