// peer_redis - Redis GEO over its Unix socket $REDIS_SOCKET, pipelines of 100; wall clock, protocol and both processes
// included. Its geohashes have 52 bits and its circles and boxes a slightly smaller earth: counts are close, not equal.

#include "workload.hpp"

#include <hiredis/hiredis.h>
#include <initializer_list>

enum { PIPELINE = 100 };

static redisContext *redis;

/// The members in the next `count` answers.
static size_t drain(size_t count) {
    size_t members = 0;
    for (; count > 0; count--) {
        redisReply *reply = nullptr;
        if (redisGetReply(redis, reinterpret_cast<void **>(&reply)) != REDIS_OK)
            give_up("redis hung up");
        if (reply->type == REDIS_REPLY_ERROR) give_up(reply->str);
        if (reply->type == REDIS_REPLY_ARRAY) members += reply->elements;
        freeReplyObject(reply);
    }
    return members;
}

/// `send` for each, a hundred at a time.
template <class T, class F>
static void pipeline_line(const std::string &set, const std::string &op, const std::vector<T> &all,
                          F send) {
    size_t found = 0;
    double ns = took_ns(
        [&] {
            for (size_t i = 0; i < all.size();) {
                size_t n = 0;
                for (; n < PIPELINE && i < all.size(); n++, i++)
                    send(all[i], i);
                found += drain(n);
            }
        },
        wall_ns);
    line("redis", set, op, ns, all.size(),
         static_cast<double>(found) / static_cast<double>(all.size()));
}

static void add(Point p, unsigned long id) {
    redisAppendCommand(redis, "GEOADD g %.7f %.7f %lu", p.lon, p.lat, id);
}

static void search_box(const Box &b) {
    Point c{(b.west + b.east) / 2, (b.south + b.north) / 2};
    redisAppendCommand(redis, "GEOSEARCH g FROMLONLAT %.7f %.7f BYBOX %.3f %.3f m", c.lon, c.lat,
                       (b.east - b.west) * RAD * EARTH_RADIUS_M * cos(c.lat * RAD),
                       (b.north - b.south) * RAD * EARTH_RADIUS_M);
}

static void cloud(const std::string &set) {
    freeReplyObject(redisCommand(redis, "FLUSHALL"));
    pipeline_line(set, "insert", read_file<Point>(set + ".pts"), add);
    for (auto [kind, most] :
         {std::pair<const char *, size_t>{"1", 20000}, {"100", 5000}, {"10k", 100}})
        pipeline_line(set, std::string("bbox") + kind, read_file<Box>(set + ".q" + kind, most),
                      [](const Box &b, size_t) { search_box(b); });
    pipeline_line(set, "radius1km", read_file<Point>(set + ".kq", 20000), [](Point c, size_t) {
        redisAppendCommand(redis, "GEOSEARCH g FROMLONLAT %.7f %.7f BYRADIUS 1000 m", c.lon, c.lat);
    });
    const char *km = set == "uniform" ? "150" : "20"; // it knows no nearest without a radius
    pipeline_line(set, std::string("knn10-in") + km + "km", read_file<Point>(set + ".kq", 2000),
                  [&](Point c, size_t) {
                      redisAppendCommand(
                          redis, "GEOSEARCH g FROMLONLAT %.7f %.7f BYRADIUS %s km ASC COUNT 10",
                          c.lon, c.lat, km);
                  });
    pipeline_line(set, "move", read_file<Move>(set + ".moves", MOVES),
                  [](const Move &m, size_t) { add(m.to, m.id); });
}

int main() {
    const char *path = getenv("REDIS_SOCKET");
    redis = redisConnectUnix(path ? path : "redis.sock");
    if (!redis || redis->err) give_up("cannot reach redis");
    cloud("uniform");
    cloud("city");
}
