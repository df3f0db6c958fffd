// peer_nanoflann - a static kd-tree, leaves of 10: of planar degrees for the nearest, as the others have them, and of
// the unit sphere in three dimensions, where chords order as great circles do.

#include "workload.hpp"

#include <nanoflann.hpp>

template <size_t D> struct Cloud {
    std::vector<double> at;
    size_t kdtree_get_point_count() const { return at.size() / D; }
    double kdtree_get_pt(size_t i, size_t axis) const { return at[i * D + axis]; }
    template <class B> bool kdtree_get_bbox(B &) const { return false; }
};
template <size_t D>
using Tree = nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<double, Cloud<D>>,
                                                 Cloud<D>, static_cast<int32_t>(D), uint32_t>;

struct Unit {
    double xyz[3];
    explicit Unit(Point p)
        : xyz{cos(p.lat * RAD) * cos(p.lon * RAD), cos(p.lat * RAD) * sin(p.lon * RAD),
              sin(p.lat * RAD)} {}
};

static void planar(const std::string &set, const std::vector<Point> &points,
                   const std::vector<Point> &centres) {
    Cloud<2> cloud;
    for (Point p : points)
        cloud.at.insert(cloud.at.end(), {p.lon, p.lat});
    double before = heap_bytes(), began = cpu_ns();
    Tree<2> tree(2, cloud, nanoflann::KDTreeSingleIndexAdaptorParams(10));
    line("nanoflann", set, "bulk", cpu_ns() - began, points.size(),
         static_cast<double>(points.size()));
    double coordinates = static_cast<double>(points.size() * sizeof(Point)); // they stay outside
    line("nanoflann", set, "bytes", coordinates + heap_bytes() - before, points.size(), 0);
    double sum = 0, squares[NEAREST];
    uint32_t ids[NEAREST];
    double ns = best_ns([&] {
        sum = 0;
        for (Point c : centres) {
            tree.knnSearch(&c.lon, NEAREST, ids, squares);
            sum += sqrt(squares[NEAREST - 1]);
        }
    });
    line("nanoflann", set, "knn10", ns, centres.size(), sum);
}

static void sphere(const std::string &set, const std::vector<Point> &points,
                   const std::vector<Point> &centres) {
    Cloud<3> cloud;
    for (Point p : points) {
        Unit u(p);
        cloud.at.insert(cloud.at.end(), u.xyz, u.xyz + 3);
    }
    Tree<3> tree(3, cloud, nanoflann::KDTreeSingleIndexAdaptorParams(10));
    double chord = 2 * sin(CIRCLE_M / EARTH_RADIUS_M / 2), sum = 0, squares[NEAREST];
    uint32_t ids[NEAREST];
    size_t hits = 0;
    std::vector<std::pair<uint32_t, double>> found;
    double ns = best_ns([&] {
        hits = 0;
        for (Point c : centres)
            hits += tree.radiusSearch(Unit(c).xyz, chord * chord, found,
                                      nanoflann::SearchParams(32, 0, false));
    });
    line("nanoflann-3d", set, "radius1km", ns, centres.size(),
         static_cast<double>(hits) / static_cast<double>(centres.size()));
    ns = best_ns([&] {
        sum = 0;
        for (Point c : centres) {
            tree.knnSearch(Unit(c).xyz, NEAREST, ids, squares);
            sum += 2 * EARTH_RADIUS_M * asin(sqrt(squares[NEAREST - 1]) / 2);
        }
    });
    line("nanoflann-3d", set, "knn10-sphere", ns, centres.size(), sum);
}

int main() {
    for (const char *set : {"uniform", "city"}) {
        auto points = read_file<Point>(std::string(set) + ".pts");
        auto centres = read_file<Point>(std::string(set) + ".kq");
        planar(set, points, centres);
        sphere(set, points, centres);
    }
}
