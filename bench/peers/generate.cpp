// generate - makes the workload files in $DATA.
//
//   generate --places demo/places.csv.gz [--points N] [--polygons dcw-gmt.nc] [--tracks FILE.csv[.gz]]...
//
// $SEED (default 42) makes another workload of the same kind.

#include "workload.hpp"

#include <cstring>
#include <map>
#include <nanoflann.hpp>
#include <netcdf.h>
#include <numeric>
#include <random>
#include <zlib.h>

static std::mt19937_64 rng;
static double unit() {
    return static_cast<double>(rng() >> 11) * 0x1p-53;
}
static double normal() {
    static std::normal_distribution<double> d;
    return d(rng);
}
static double snapped(double v) {
    return static_cast<double>(llround(v * 1e7)) / 1e7;
}
static Point snapped(Point p) {
    return {snapped(p.lon), snapped(p.lat)};
}

static Point shifted(Point p, double east_m, double north_m) {
    double lat = std::clamp(p.lat + north_m / EARTH_RADIUS_M / RAD, -84.9, 84.9);
    double lon = p.lon + east_m / EARTH_RADIUS_M / RAD / cos(lat * RAD);
    return snapped(Point{std::clamp(lon, -179.99, 179.99), lat});
}

template <class T> static const T &any_of(const std::vector<T> &all) {
    return all[rng() % all.size()];
}

// --- CSV ---

/// The rows of a CSV file, packed or not, by the columns named: {"lat", "latitude"} is the first of them that is there.
class Csv {
  public:
    Csv(const std::string &path, const std::vector<std::vector<std::string>> &wanted)
        : file_(gzopen(path.c_str(), "rb")) {
        std::vector<std::string> header;
        if (!file_ || !next(header)) give_up("cannot read " + path);
        for (auto &names : wanted) {
            size_t at = header.size();
            for (auto &name : names)
                at = std::min<size_t>(at, std::find(header.begin(), header.end(), name) -
                                              header.begin());
            if (at == header.size()) give_up(path + " has no column " + names[0]);
            columns_.push_back(at);
        }
    }
    ~Csv() { gzclose(file_); }
    Csv(const Csv &) = delete;
    Csv &operator=(const Csv &) = delete;

    bool row(std::vector<std::string> &out) {
        std::vector<std::string> all;
        if (!next(all)) return false;
        out.clear();
        for (size_t at : columns_)
            out.push_back(at < all.size() ? all[at] : "");
        return true;
    }

  private:
    bool next(std::vector<std::string> &fields) {
        char text[65536];
        if (!gzgets(file_, text, sizeof text)) return false;
        bool quoted = false;
        fields.assign(1, "");
        for (const char *c = text; *c && (quoted || (*c != '\n' && *c != '\r')); c++) {
            if (*c == '"') {
                quoted = !quoted;
            } else if (*c == ',' && !quoted) {
                fields.emplace_back();
            } else {
                fields.back() += *c;
            }
        }
        return true;
    }

    gzFile file_;
    std::vector<size_t> columns_;
};

static std::vector<Point> read_places(const std::string &path) {
    Csv csv(path, {{"lon"}, {"lat"}});
    std::vector<Point> places;
    for (std::vector<std::string> row; csv.row(row);)
        places.push_back({atof(row[0].c_str()), atof(row[1].c_str())});
    if (places.empty()) give_up("no places in " + path);
    return places;
}

// --- points ---

struct Cloud {
    const std::vector<Point> &points;
    size_t kdtree_get_point_count() const { return points.size(); }
    double kdtree_get_pt(size_t i, size_t axis) const {
        return axis ? points[i].lat : points[i].lon;
    }
    template <class B> bool kdtree_get_bbox(B &) const { return false; }
};
using Tree = nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<double, Cloud>, Cloud,
                                                 2, uint32_t>;

/// Squares around the data that hold about `hits` points: by the distance of the `nth` nearest.
static std::vector<Box> boxes(const Tree &tree, const std::vector<Point> &points, size_t count,
                              size_t nth, double factor) {
    std::vector<Box> out;
    std::vector<uint32_t> ids(nth);
    std::vector<double> squares(nth);
    for (size_t i = 0; i < count; i++) {
        Point c = shifted(any_of(points), 100 * normal(), 100 * normal());
        size_t found = tree.knnSearch(&c.lon, nth, ids.data(), squares.data());
        double half = sqrt(squares[found - 1]) * factor;
        out.push_back({snapped(c.lon - half), snapped(c.lat - half), snapped(c.lon + half),
                       snapped(c.lat + half)});
    }
    return out;
}

static std::vector<Move> steps(std::vector<Point> at, size_t count) {
    std::vector<Move> moves;
    for (size_t i = 0; i < count; i++) {
        uint64_t id = rng() % at.size();
        double angle = 2 * M_PI * unit(), metres = 100 * fabs(1 + 0.3 * normal());
        at[id] = shifted(at[id], metres * cos(angle), metres * sin(angle));
        moves.push_back({id, at[id]});
    }
    return moves;
}

static void write_cloud(const std::string &set, const std::vector<Point> &points) {
    Cloud cloud{points};
    Tree tree(2, cloud, nanoflann::KDTreeSingleIndexAdaptorParams(10));
    std::vector<Point> centres;
    write_file(set + ".pts", points);
    write_file(set + ".q1", boxes(tree, points, 200000, 2, 0.75));
    write_file(set + ".q100", boxes(tree, points, 50000, 100,
                                    0.886)); // sqrt(pi) / 2: a square of the circle's area
    write_file(set + ".q10k", boxes(tree, points, 1000, 10000, 0.886));
    for (int i = 0; i < 100000; i++)
        centres.push_back(shifted(any_of(points), 100 * normal(), 100 * normal()));
    write_file(set + ".kq", centres);
    write_file(set + ".moves", steps(points, 1000000));
}

static std::vector<Point> uniform_points(size_t count) {
    std::vector<Point> out(count);
    for (Point &p : out)
        p = snapped(Point{unit() * 359.9 - 179.95, unit() * 160 - 80});
    return out;
}

/// Places have sizes by Zipf's law, which the file does not tell: they are dealt at random, and none holds more than
/// about one point in 400.
static std::vector<Point> city_points(size_t count, const std::vector<Point> &places) {
    std::vector<double> sums(places.size());
    double sum = 0;
    for (double &s : sums)
        s = sum += std::min(4000.0, 1 / (1 - unit()));
    std::vector<Point> out(count);
    for (Point &p : out) {
        size_t i = std::lower_bound(sums.begin(), sums.end(), unit() * sum) - sums.begin();
        p = shifted(places[std::min(i, places.size() - 1)], 5000 * normal(), 5000 * normal());
    }
    return out;
}

// --- what has extent ---

static Box around(Point c, double east_m, double north_m) {
    Point corner = shifted(c, east_m, north_m);
    return {snapped(2 * c.lon - corner.lon), snapped(2 * c.lat - corner.lat), corner.lon,
            corner.lat};
}

static void write_rects(const std::vector<Point> &near) {
    std::vector<Box> items, queries;
    for (int i = 0; i < 100000; i++) // 20 m to 2 km
        items.push_back(around(any_of(near), 10 * pow(100, unit()), 10 * pow(100, unit())));
    for (int i = 0; i < 100000; i++)
        queries.push_back(around(any_of(near), 1000, 1000));
    write_file("rects.box", items);
    write_file("rects.q", queries);
}

/// A star of 8 to 512 vertices, its radius 200 m to 20 km, without crossings.
static std::vector<Point> fence_around(Point c) {
    size_t vertices = size_t{8} << rng() % 7;
    double radius = 200 * pow(100, unit()), phase = 2 * M_PI * unit();
    double oval = 0.3 * unit(), wave = 0.2 * unit();
    std::vector<Point> ring;
    for (size_t i = 0; i < vertices; i++) {
        double t = 2 * M_PI * static_cast<double>(i) / static_cast<double>(vertices);
        double r =
            radius * (1 + oval * sin(2 * t + phase) + wave * sin(5 * t) + 0.05 * (unit() - 0.5));
        ring.push_back(shifted(c, r * cos(t), r * sin(t)));
    }
    ring.push_back(ring.front());
    return ring;
}

static void write_rings(const std::string &set, const std::vector<std::vector<Point>> &rings) {
    std::vector<uint64_t> begins{0};
    std::vector<Point> points;
    for (auto &ring : rings) {
        points.insert(points.end(), ring.begin(), ring.end());
        begins.push_back(points.size());
    }
    write_file(set + ".off", begins);
    write_file(set + ".xy", points);
}

static void write_fences(const std::vector<Point> &near) {
    std::vector<std::vector<Point>> rings;
    for (int i = 0; i < 10000; i++)
        rings.push_back(fence_around(any_of(near)));
    write_rings("fences", rings);
}

// --- polygons of the Digital Chart of the World, as gmt-dcw packs them: CODE_lon and CODE_lat, 65535 between rings ---

struct Axis {
    std::vector<unsigned short> packed;
    double min = 0, max = 0;

    Axis(int file, int variable) {
        int dimension;
        size_t count;
        nc_inq_vardimid(file, variable, &dimension);
        nc_inq_dimlen(file, dimension, &count);
        packed.resize(count);
        if (nc_get_var_ushort(file, variable, packed.data()) ||
            nc_get_att_double(file, variable, "min", &min) ||
            nc_get_att_double(file, variable, "max", &max))
            packed.clear();
    }
    double operator[](size_t i) const { return snapped(min + packed[i] * (max - min) / 65534); }
};

static bool same(Point a, Point b) {
    return a.lon == b.lon && a.lat == b.lat;
}

/// Closes it and keeps it, if there is anything in it; longitudes of 0..360 come to -180..180 as one.
static void keep_ring(std::vector<Point> &ring, std::vector<std::vector<Point>> &rings) {
    auto by_lon = [](Point a, Point b) { return a.lon < b.lon; };
    if (ring.size() >= 4) {
        if (!same(ring.front(), ring.back())) ring.push_back(ring.front());
        auto [west, east] = std::minmax_element(ring.begin(), ring.end(), by_lon);
        if (west->lon + east->lon > 360) {
            for (Point &p : ring)
                p.lon = snapped(p.lon - 360);
        }
        rings.push_back(ring);
    }
    ring.clear();
}

static void read_country(int file, int lon_variable, int lat_variable,
                         std::vector<std::vector<Point>> &rings) {
    Axis lon(file, lon_variable), lat(file, lat_variable);
    std::vector<Point> ring;
    for (size_t i = 0; i < std::min(lon.packed.size(), lat.packed.size()); i++) {
        if (lon.packed[i] == 65535) {
            keep_ring(ring, rings);
            continue;
        }
        Point p{lon[i], lat[i]};
        if (ring.empty() || !same(ring.back(), p)) ring.push_back(p);
    }
    keep_ring(ring, rings);
}

static std::vector<std::vector<Point>> read_polygons(const std::string &path) {
    int file, variables = 0;
    std::vector<std::vector<Point>> rings;
    if (nc_open(path.c_str(), NC_NOWRITE, &file)) give_up("cannot open " + path);
    nc_inq_nvars(file, &variables);
    for (int v = 0; v < variables; v++) {
        char text[NC_MAX_NAME + 1];
        int other;
        nc_inq_varname(file, v, text);
        std::string name = text;
        if (name.size() < 4 || name.substr(name.size() - 4) != "_lon") continue;
        name.replace(name.size() - 3, 3, "lat");
        if (nc_inq_varid(file, name.c_str(), &other) == 0) read_country(file, v, other, rings);
    }
    nc_close(file);
    std::sort(rings.begin(), rings.end(), [](auto &a, auto &b) { return a.size() > b.size(); });
    rings.resize(std::min<size_t>(rings.size(), 1000));
    if (rings.empty()) give_up("no polygons in " + path);
    return rings;
}

static Box box_of(const std::vector<Point> &ring) {
    Box b{INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (Point p : ring)
        b = {std::min(b.west, p.lon), std::min(b.south, p.lat), std::max(b.east, p.lon),
             std::max(b.north, p.lat)};
    return b;
}

/// The largest 1,000 and, for each of a million questions, one of them and a point of its box.
static void write_polygons(const std::string &path) {
    auto rings = read_polygons(path);
    std::vector<Box> boxes;
    std::vector<Move> asked;
    for (auto &ring : rings)
        boxes.push_back(box_of(ring));
    for (int i = 0; i < 1000000; i++) {
        uint64_t k = rng() % rings.size();
        const Box &b = boxes[k];
        Point p{b.west + unit() * (b.east - b.west), b.south + unit() * (b.north - b.south)};
        asked.push_back({k, snapped(p)});
    }
    write_rings("polys", rings);
    write_file("polys.q", asked);
}

// --- recorded tracks ---

/// RFC 3339 in UTC, or a number of seconds.
static double time_of(const std::string &text) {
    tm t{};
    const char *rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &t);
    return rest ? static_cast<double>(timegm(&t)) + (*rest == '.' ? atof(rest) : 0)
                : atof(text.c_str());
}

/// "fleet" of ".../fleet.csv.gz", "ais" of "ais_us_2022.csv".
static std::string set_of(const std::string &path) {
    std::string name = path.substr(path.find_last_of('/') + 1);
    return name.substr(0, name.find_first_of("_."));
}

/// What is seen first is put, all that comes later moves it.
static void write_tracks(const std::string &path) {
    struct Fix {
        double time;
        std::string id;
        Point at;
    };
    Csv csv(path, {{"id", "vehicle_id", "mmsi"}, {"time", "time_unix_s"}, {"lon"}, {"lat"}});
    std::vector<Fix> fixes;
    for (std::vector<std::string> row; csv.row(row);)
        fixes.push_back(
            {time_of(row[1]), row[0], snapped({atof(row[2].c_str()), atof(row[3].c_str())})});
    std::stable_sort(fixes.begin(), fixes.end(), [](auto &a, auto &b) { return a.time < b.time; });
    std::map<std::string, uint64_t> ids;
    std::vector<Point> first;
    std::vector<Move> moves;
    for (auto &fix : fixes) {
        auto [entry, is_new] = ids.emplace(fix.id, ids.size());
        if (is_new) {
            first.push_back(fix.at);
        } else {
            moves.push_back({entry->second, fix.at});
        }
    }
    if (moves.empty()) give_up("nothing moves in " + path);
    write_file(set_of(path) + ".pts", first);
    write_file(set_of(path) + ".moves", moves);
}

// --- command line ---

struct Wanted {
    size_t points = 1000000;
    std::string places, polygons;
    std::vector<std::string> tracks;
};

static Wanted parse(int argc, char **argv) {
    Wanted w;
    for (int i = 1; i + 1 < argc; i += 2) {
        std::string option = argv[i], value = argv[i + 1];
        if (option == "--points") {
            w.points = strtoull(value.c_str(), nullptr, 10);
        } else if (option == "--places") {
            w.places = value;
        } else if (option == "--polygons") {
            w.polygons = value;
        } else if (option == "--tracks") {
            w.tracks.push_back(value);
        } else {
            give_up("no such option: " + option);
        }
    }
    if (w.places.empty() || w.points < 10000 || argc % 2 == 0)
        give_up(
            "usage: generate --places FILE [--points N] [--polygons FILE.nc] [--tracks FILE]...");
    return w;
}

int main(int argc, char **argv) {
    Wanted wanted = parse(argc, argv);
    const char *seed = getenv("SEED");
    rng.seed(seed ? strtoull(seed, nullptr, 10) : 42);
    write_cloud("uniform", uniform_points(wanted.points));
    std::vector<Point> city = city_points(wanted.points, read_places(wanted.places));
    write_cloud("city", city);
    write_rects(city);
    write_fences(city);
    if (!wanted.polygons.empty()) write_polygons(wanted.polygons);
    std::ofstream sets(path_of("tracks"));
    for (auto &path : wanted.tracks) {
        write_tracks(path);
        sets << set_of(path) << "\n";
    }
    if (!sets.flush()) give_up("cannot write " + path_of("tracks"));
}
