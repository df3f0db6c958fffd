// distance_to.c - from a point to the nearest point of a geometry.
//
// An edge is straight in longitude and latitude, so on the earth it is a curve, and the distance along it
// can have several minima. It is halved until no half can hold a nearer point than the best one known:
// - distance changes no faster than one walks: f >= (f(a) + f(b) - length) / 2;
// - the piece's box cannot be nearer than distance_hav_to_bbox says;
// - f'' <= 1/d + k for a curve of geodesic curvature k on a surface that is nowhere saddle-shaped (Hessian
//   comparison), so f >= min(f(a), f(b)) - (1/d + k) length^2 / 8, which decides pieces quickly.

#include "geo/distance.h"
#include "geo/edges.h"
#include "geo/relate_point.h"

#define RAD 0.017453292519943295
#define ENOUGH_M 2e-4 // a gain not worth looking for
#define DEPTH_MAX 60
#define SAMPLES 64 // vertices that give the first guess
#define LENGTH_SLOP                                                                                \
    1.01 // lengths and curvatures are taken on the sphere; the ellipsoid differs by less

struct nearest {
    enum earth earth;
    struct distance_from from;
    double best_m;
};

struct piece {
    struct point a, b;
    double at_a_m, at_b_m;
};

static void search_geometry(struct nearest *n, const struct geometry *g);
static void search_points(struct nearest *n, const struct geometry *g);
static void search_edges(struct nearest *n, const struct geometry *g);
static bool search_edge(void *ctx, const struct edge *e);
static void search_piece(struct nearest *n, const struct piece *piece, int depth);
static double measure(struct nearest *n, struct point q);
static double sphere_share(const struct nearest *n);
static double length_m(struct point a, struct point b);
static double least_m(const struct nearest *n, const struct piece *piece, double length);

double distance_to_geometry_m(enum earth earth, struct point p, const struct geometry *g) {
    if (geometry_is_empty(g)) return INFINITY;
    if (relate_point_touches(g, p)) return 0;
    struct nearest n = {earth, distance_from(p), INFINITY};
    search_geometry(&n, g);
    return n.best_m;
}

static void search_geometry(struct nearest *n, const struct geometry *g) {
    if (geometry_is_empty(g)) return;
    double bound = distance_hav_to_m(distance_hav_to_bbox(&n->from, geometry_bbox(g)));
    if (bound * sphere_share(n) >= n->best_m) return;
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        search_geometry(n, geometry_member(g, i));
    }
    if (edges_is_area(g) || edges_is_line(g)) {
        search_edges(n, g);
    } else if (geometry_type(g) != GEOMETRY_COLLECTION) {
        search_points(n, g);
    }
}

static void search_points(struct nearest *n, const struct geometry *g) {
    size_t count;
    const struct point *p = geometry_part(g, 0, &count, NULL);
    for (size_t i = 0; i < count; i++) {
        double sphere = distance_hav_to_m(distance_hav(&n->from, p[i]));
        if (sphere * sphere_share(n) < n->best_m) (void)measure(n, p[i]);
    }
}

// A few vertices give a circle that the nearest point lies in; only edges that reach its box are looked at.
static void search_edges(struct nearest *n, const struct geometry *g) {
    const struct point *p = geometry_points(g);
    size_t count = geometry_point_count(g);
    for (size_t i = 0; i < count; i += 1 + count / SAMPLES) {
        double sphere = distance_hav_to_m(distance_hav(&n->from, p[i]));
        if (sphere * sphere_share(n) < n->best_m) (void)measure(n, p[i]);
    }
    struct bbox box = distance_circle_bbox(n->from.p, n->best_m / sphere_share(n));
    (void)edges_visit_images(g, &box, search_edge, n);
}

// The sphere, which is quick, says whether the edge is worth a look.
static bool search_edge(void *ctx, const struct edge *e) {
    struct nearest *n = ctx;
    double length = length_m(e->a, e->b);
    double at_a = distance_hav_to_m(distance_hav(&n->from, e->a));
    if ((at_a - length) * sphere_share(n) >= n->best_m - ENOUGH_M) return true;
    double at_b = distance_hav_to_m(distance_hav(&n->from, e->b));
    if ((at_a + at_b - length) / 2 * sphere_share(n) >= n->best_m - ENOUGH_M) return true;
    struct piece piece = {e->a, e->b, measure(n, e->a), measure(n, e->b)};
    search_piece(n, &piece, 0);
    return true;
}

static void search_piece(struct nearest *n, const struct piece *piece, int depth) {
    double length = length_m(piece->a, piece->b);
    if (depth == DEPTH_MAX || length < ENOUGH_M) return;
    if (least_m(n, piece, length) >= n->best_m - ENOUGH_M) return;

    struct point mid = {(piece->a.lon + piece->b.lon) / 2, (piece->a.lat + piece->b.lat) / 2};
    double at_mid = measure(n, mid);
    struct piece first = {piece->a, mid, piece->at_a_m, at_mid};
    struct piece second = {mid, piece->b, at_mid, piece->at_b_m};
    bool second_is_nearer = piece->at_b_m < piece->at_a_m;
    search_piece(n, second_is_nearer ? &second : &first, depth + 1);
    search_piece(n, second_is_nearer ? &first : &second, depth + 1);
}

// A lower bound of the distance to any point of the piece.
static double least_m(const struct nearest *n, const struct piece *piece, double length) {
    double walked = (piece->at_a_m + piece->at_b_m - length) / 2;
    if (walked >= n->best_m - ENOUGH_M) return walked;
    struct bbox box = BBOX_EMPTY;
    bbox_add_point(&box, piece->a);
    bbox_add_point(&box, piece->b);
    double boxed = distance_hav_to_m(distance_hav_to_bbox(&n->from, &box)) * sphere_share(n);
    double least = fmax(walked, boxed);
    if (!(least > 0)) return 0;
    // k <= 2 |sin lat| |dlon| / length for a curve that is straight in longitude and latitude.
    double sine = sin(fmax(fabs(box.min_lat), fabs(box.max_lat)) * RAD);
    double turning = 2 * sine * (box.max_lon - box.min_lon) * RAD * length * LENGTH_SLOP;
    double sag = (length * length / least + turning) / 8;
    return fmax(least, fmin(piece->at_a_m, piece->at_b_m) - sag);
}

static double measure(struct nearest *n, struct point q) {
    double m;
    if (n->earth == EARTH_SPHERE) {
        m = distance_hav_to_m(distance_hav(&n->from, q));
    } else {
        m = distance_geodesic_m(n->from.p, q);
    }
    if (m < n->best_m) n->best_m = m;
    return m;
}

// What a distance on the sphere is at least worth.
static double sphere_share(const struct nearest *n) {
    return n->earth == EARTH_SPHERE ? 1 : 1 - DISTANCE_ELLIPSOID_SLACK;
}

// At least the length of the edge, which is longest where it is nearest the equator.
static double length_m(struct point a, struct point b) {
    double low = a.lat * b.lat <= 0 ? 0 : fmin(fabs(a.lat), fabs(b.lat));
    double dx = (b.lon - a.lon) * cos(low * RAD), dy = b.lat - a.lat;
    return sqrt(dx * dx + dy * dy) * RAD * DISTANCE_EARTH_RADIUS_M * LENGTH_SLOP;
}
