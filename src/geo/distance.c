#include "geo/distance.h"

#include "geo/geodesic.h"

#define RAD 0.017453292519943295 // per degree

// A circle's box is widened by this much, 0.1 mm, to hold what rounding would lose.
#define CIRCLE_MARGIN_DEG 1e-9

static double hav_of_deg(double degrees);
static double cos_of_lat(double lat);
static double lon_difference(double from, double to);
static double hav_to_meridian(const struct distance_from *from, double dlon, double min_lat,
                              double max_lat);

double distance_haversine_m(struct point a, struct point b) {
    struct distance_from from = distance_from(a);
    return distance_hav_to_m(distance_hav(&from, b));
}

double distance_geodesic_m(struct point a, struct point b) {
    return geodesic_inverse_m(a, b);
}

double distance_points_m(enum earth earth, struct point a, struct point b) {
    return earth == EARTH_SPHERE ? distance_haversine_m(a, b) : distance_geodesic_m(a, b);
}

struct distance_from distance_from(struct point p) {
    return (struct distance_from){p, p.lat * RAD, p.lon * RAD, cos_of_lat(p.lat), sin(p.lat * RAD)};
}

// Differences are taken in degrees, where they are exact for neighbours.
double distance_hav_far(const struct distance_from *from, struct point q) {
    double h = hav_of_deg(q.lat - from->p.lat);
    return h + from->cos_lat * cos_of_lat(q.lat) * hav_of_deg(lon_difference(from->p.lon, q.lon));
}

double distance_hav_to_m_far(double hav) {
    double h = hav < 0 ? 0 : hav > 1 ? 1 : hav;
    // asin loses half the digits near the antipode; atan2 of both sides does not.
    return 2 * DISTANCE_EARTH_RADIUS_M * (h < 0.5 ? asin(sqrt(h)) : atan2(sqrt(h), sqrt(1 - h)));
}

double distance_m_to_hav(double metres) {
    double half = metres / (2 * DISTANCE_EARTH_RADIUS_M);
    if (half >= M_PI_2) return 1;
    double s = sin(half);
    return half <= 0 ? 0 : s * s;
}

double distance_hav_to_bbox(const struct distance_from *from, const struct bbox *box) {
    struct point p = from->p;
    // How far east of the box's west side p is, going round once.
    double east = fmod(p.lon - box->min_lon, 360.0);
    if (east < 0) east += 360.0;
    double width = box->max_lon - box->min_lon;
    double h;
    if (east <= width || width >= 360.0) {
        double gap = p.lat < box->min_lat   ? box->min_lat - p.lat
                     : p.lat > box->max_lat ? p.lat - box->max_lat
                                            : 0;
        h = hav_of_deg(gap);
    } else {
        double to_west = fabs(lon_difference(p.lon, box->min_lon));
        double to_east = fabs(lon_difference(p.lon, box->max_lon));
        h = hav_to_meridian(from, fmin(to_west, to_east), box->min_lat, box->max_lat);
    }
    // The last term, a tenth of a micrometre, covers the rounding of longitudes at the box's sides.
    return fmax(0, h * (1 - 1e-12) - 1e-28);
}

struct bbox distance_circle_bbox(struct point p, double radius_m) {
    double angle = radius_m / DISTANCE_EARTH_RADIUS_M;
    double reach = angle / RAD + CIRCLE_MARGIN_DEG;
    struct bbox box = {-180.0, p.lat - reach, 180.0, p.lat + reach};
    bool pole = box.min_lat <= -90.0 || box.max_lat >= 90.0;
    box.min_lat = fmax(box.min_lat, -90.0);
    box.max_lat = fmin(box.max_lat, 90.0);
    if (pole) return box;
    // The meridians that touch the circle: sin(dlon) = sin(angle) / cos(lat).
    double s = sin(angle) / cos(p.lat * RAD);
    if (!(s < 1)) return box;
    double dlon = asin(s) / RAD * (1 + 1e-12) + CIRCLE_MARGIN_DEG / cos(p.lat * RAD);
    if (!(dlon < 180.0)) return box;
    box.min_lon = p.lon - dlon;
    box.max_lon = p.lon + dlon;
    if (box.min_lon < -180.0) {
        box.min_lon += 360.0;
        box.max_lon += 360.0;
    } else if (box.min_lon >= 180.0) {
        box.min_lon -= 360.0;
        box.max_lon -= 360.0;
    }
    return box;
}

struct bbox distance_widen_bbox(const struct bbox *box, double metres) {
    // A circle is the wider in longitude the nearer its centre is to a pole, so the box's corner
    // nearest to one gives the margin for all of it.
    double lat = fabs(box->min_lat) > fabs(box->max_lat) ? box->min_lat : box->max_lat;
    struct bbox circle = distance_circle_bbox((struct point){0, lat}, metres);
    struct bbox low = distance_circle_bbox((struct point){0, box->min_lat}, metres);
    struct bbox high = distance_circle_bbox((struct point){0, box->max_lat}, metres);
    struct bbox out = {box->min_lon + circle.min_lon, low.min_lat, box->max_lon + circle.max_lon,
                       high.max_lat};
    if (low.max_lon - low.min_lon >= 360.0 || high.max_lon - high.min_lon >= 360.0 ||
        !(out.max_lon - out.min_lon < 360.0)) {
        out.min_lon = -180.0;
        out.max_lon = 180.0;
    }
    if (out.min_lon < -180.0) {
        out.min_lon += 360.0;
        out.max_lon += 360.0;
    }
    return out;
}

// By the way to the pole, which is exact near it, where cos(lat * RAD) has few true digits: all longitudes are one
// point there, and that cosine is not 0.
static double cos_of_lat(double lat) {
    double to_pole = fmax(0, 90.0 - fabs(lat));
    return to_pole < 45.0 ? sin(to_pole * RAD) : cos(lat * RAD);
}

static double hav_of_deg(double degrees) {
    double s = sin(degrees * (RAD / 2));
    return s * s;
}

// -180..180; unwrapped longitudes are welcome.
static double lon_difference(double from, double to) {
    double d = to - from;
    while (d > 180.0) {
        d -= 360.0;
    }
    while (d < -180.0) {
        d += 360.0;
    }
    return d;
}

// The nearest point of a piece of a meridian `dlon` degrees away: at one of its ends, or between them, where the
// great circle from p meets it at a right angle. The slope of the cosine of the distance tells which.
static double hav_to_meridian(const struct distance_from *from, double dlon, double min_lat,
                              double max_lat) {
    double hav_dlon = hav_of_deg(dlon), cos_dlon = 1 - 2 * hav_dlon;
    double sin_low = sin(min_lat * RAD), cos_low = cos_of_lat(min_lat);
    double sin_high = sin(max_lat * RAD), cos_high = cos_of_lat(max_lat);
    double slope_low = from->sin_lat * cos_low - from->cos_lat * sin_low * cos_dlon;
    double slope_high = from->sin_lat * cos_high - from->cos_lat * sin_high * cos_dlon;
    if (slope_low > 0 && slope_high < 0) {
        double s = from->cos_lat * sin(dlon * RAD); // sine of the distance
        double square = s * s < 1 ? s * s : 1;
        return square / (2 * (1 + sqrt(1 - square))) * (1 - 1e-12);
    }
    double h = INFINITY;
    if (slope_low <= 0) {
        h = hav_of_deg(min_lat - from->p.lat) + from->cos_lat * cos_low * hav_dlon;
    }
    if (slope_high >= 0) {
        double high = hav_of_deg(max_lat - from->p.lat) + from->cos_lat * cos_high * hav_dlon;
        h = fmin(h, high);
    }
    return h;
}
