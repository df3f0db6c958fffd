// workload.hpp - what the programs here share: the files of a workload, the clock, a line of results.
//
// The files are plain arrays in the folder $DATA; src/cli/bench_workload.h lists them. All coordinates are multiples
// of 1e-7 degrees, so that answers can agree to the last hit.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <malloc.h>
#include <string>
#include <time.h>
#include <vector>

struct Point {
    double lon, lat;
};
struct Box {
    double west, south, east, north;
};
struct Move {
    uint64_t id;
    Point to;
};

constexpr double EARTH_RADIUS_M = 6371008.8;
constexpr double RAD = M_PI / 180;
constexpr double CIRCLE_M = 1000;
constexpr size_t MOVES = 200000, NEAREST = 10;

inline std::string path_of(const std::string &name) {
    const char *dir = getenv("DATA");
    return std::string(dir ? dir : ".") + "/" + name;
}

[[noreturn]] inline void give_up(const std::string &why) {
    fprintf(stderr, "%s\n", why.c_str());
    exit(1);
}

/// At most `most` records of a file.
template <class T> std::vector<T> read_file(const std::string &name, size_t most = SIZE_MAX) {
    std::ifstream in(path_of(name), std::ios::binary | std::ios::ate);
    if (!in) give_up("cannot read " + path_of(name));
    std::vector<T> all(std::min(most, static_cast<size_t>(in.tellg()) / sizeof(T)));
    in.seekg(0);
    in.read(reinterpret_cast<char *>(all.data()),
            static_cast<std::streamsize>(all.size() * sizeof(T)));
    if (!in) give_up("cannot read all of " + path_of(name));
    return all;
}

template <class T> void write_file(const std::string &name, const std::vector<T> &all) {
    std::ofstream out(path_of(name), std::ios::binary);
    out.write(reinterpret_cast<const char *>(all.data()),
              static_cast<std::streamsize>(all.size() * sizeof(T)));
    if (!out.flush()) give_up("cannot write " + path_of(name));
}

inline bool has_file(const std::string &name) {
    return std::ifstream(path_of(name)).good();
}

/// Names of the sets of recorded tracks, one a line; often none.
inline std::vector<std::string> track_sets() {
    std::vector<std::string> names;
    std::ifstream in(path_of("tracks"));
    for (std::string name; std::getline(in, name);)
        names.push_back(name);
    return names;
}

struct Rings {
    std::vector<uint64_t> begins;
    std::vector<Point> points;

    explicit Rings(const std::string &set)
        : begins(read_file<uint64_t>(set + ".off")), points(read_file<Point>(set + ".xy")) {}
    size_t size() const { return begins.size() - 1; }
    size_t vertices(size_t i) const { return begins[i + 1] - begins[i]; }
};

inline double haversine_m(Point a, Point b) {
    double lat = sin((b.lat - a.lat) * RAD / 2), lon = sin((b.lon - a.lon) * RAD / 2);
    double hav = lat * lat + cos(a.lat * RAD) * cos(b.lat * RAD) * lon * lon;
    return 2 * EARTH_RADIUS_M * asin(sqrt(std::min(1.0, hav)));
}

/// Around a circle that holds no pole and stays this side of the antimeridian.
inline Box circle_box(Point c, double radius_m) {
    double angle = radius_m / EARTH_RADIUS_M;
    double lat = angle / RAD, lon = asin(sin(angle) / cos(c.lat * RAD)) / RAD;
    return {c.lon - lon, c.lat - lat, c.lon + lon, c.lat + lat};
}

inline double seconds_ns(clockid_t clock) {
    timespec t;
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}
/// CPU time, so that a busy machine disturbs less; servers in another process are timed by the wall.
inline double cpu_ns() {
    return seconds_ns(CLOCK_THREAD_CPUTIME_ID);
}
inline double wall_ns() {
    return seconds_ns(CLOCK_MONOTONIC);
}

template <class F> double took_ns(F work, double (*now)() = cpu_ns) {
    double began = now();
    work();
    return now() - began;
}
/// The least of three passes over the same queries.
template <class F> double best_ns(F pass) {
    double best = took_ns(pass);
    for (int i = 1; i < 3; i++)
        best = std::min(best, took_ns(pass));
    return best;
}

inline double heap_bytes() {
    struct mallinfo2 m = mallinfo2();
    return static_cast<double>(m.uordblks + m.hblkhd);
}

/// `total` of all operations: ns, or bytes.
inline void line(const char *who, const std::string &set, const std::string &op, double total,
                 size_t count, double check) {
    printf("%s\t%s\t%s\t%.1f\t%zu\t%.6g\n", who, set.c_str(), op.c_str(),
           total / static_cast<double>(count), count, check);
    fflush(stdout);
}
