#include "geo/geodesic.h"

#include <float.h>

#define F GEODESIC_FLATTENING
#define F1 (1 - F)
#define POLAR_M (GEODESIC_EQUATOR_M * F1)
#define N (F / (2 - F))                     // third flattening
#define E2_SECOND (F * (2 - F) / (F1 * F1)) // second eccentricity squared
#define RAD 0.017453292519943295            // per degree
#define TINY 1.4916681462400413e-154        // square root of the smallest normal double
#define SHORT_RAD 3.6e-8                    // below it the spherical answer is exact enough
#define NEWTON_MAX 20
#define STEPS_MAX 100

struct angle {
    double sin, cos;
};

// A point on the auxiliary sphere; dn = sqrt(1 + e'^2 sin^2 beta).
struct reduced {
    struct angle beta;
    double dn;
};

// One trial azimuth: by how much its longitude difference misses, and what Newton needs.
struct trial {
    double miss;   // lambda12(alpha1) - lambda12
    double slope;  // d lambda12 / d alpha1
    double length; // s12 / b
};

struct lengths {
    double s; // s12 / b
    double m; // reduced length m12 / b
};

static struct reduced reduce(double lat);
static double meridian_m(const struct reduced *p1, const struct reduced *p2, struct angle lam);
static double general_m(const struct reduced *p1, const struct reduced *p2, double lam12,
                        struct angle lam);
static struct trial try_azimuth(const struct reduced *p1, const struct reduced *p2,
                                struct angle alpha1, struct angle lam);
static struct lengths lengths(double eps, double sig12, struct angle sig1, double dn1,
                              struct angle sig2, double dn2);
static struct angle normalise(struct angle a);
static double lon_difference(double from, double to);

double geodesic_inverse_m(struct point a, struct point b) {
    // By symmetry: point 1 is in the south and further from the equator (section 4).
    if (fabs(a.lat) < fabs(b.lat)) {
        struct point swap = a;
        a = b;
        b = swap;
    }
    double lat2 = a.lat > 0 ? -b.lat : b.lat;
    struct reduced p1 = reduce(-fabs(a.lat)), p2 = reduce(lat2);
    double degrees = fabs(lon_difference(a.lon, b.lon));
    struct angle lam = {sin(degrees * RAD), cos(degrees * RAD)};
    if (degrees == 180.0) lam = (struct angle){0, -1};
    if (degrees == 90.0) lam = (struct angle){1, 0};

    if (degrees == 0 || degrees == 180.0 || p1.beta.cos <= TINY) {
        if (p1.beta.cos <= TINY) lam = (struct angle){0, 1}; // from a pole every way is a meridian
        return meridian_m(&p1, &p2, lam);
    }
    if (p1.beta.sin == 0 && degrees <= 180.0 * F1) {
        return GEODESIC_EQUATOR_M * degrees * RAD;
    }
    return general_m(&p1, &p2, degrees * RAD, lam);
}

static struct reduced reduce(double lat) {
    struct angle beta = {F1 * sin(lat * RAD), cos(lat * RAD)};
    if (fabs(lat) == 90.0) beta.cos = TINY;
    beta = normalise(beta);
    // Equal and opposite latitudes must stay exactly so: beta is odd in lat.
    return (struct reduced){beta, sqrt(1 + E2_SECOND * beta.sin * beta.sin)};
}

static double meridian_m(const struct reduced *p1, const struct reduced *p2, struct angle lam) {
    struct angle sig1 = {p1->beta.sin, lam.cos * p1->beta.cos};
    struct angle sig2 = {p2->beta.sin, p2->beta.cos};
    double sig12 = atan2(fmax(0, sig1.cos * sig2.sin - sig1.sin * sig2.cos),
                         sig1.cos * sig2.cos + sig1.sin * sig2.sin);
    return POLAR_M * lengths(N, sig12, sig1, p1->dn, sig2, p2->dn).s;
}

// The azimuth of the great circle, with the longitude stretched for the ellipsoid when the points are
// close. Sets `*short_m` when that is already the answer.
static struct angle first_azimuth(const struct reduced *p1, const struct reduced *p2, double lam12,
                                  struct angle lam, double *short_m) {
    struct angle b1 = p1->beta, b2 = p2->beta, omg = lam;
    double sin12 = b2.sin * b1.cos - b2.cos * b1.sin, cos12 = b2.cos * b1.cos + b2.sin * b1.sin;
    bool is_short = cos12 >= 0 && sin12 < 0.5 && b2.cos * lam12 < 0.5;
    double dn = 1;
    if (is_short) {
        double s = b1.sin + b2.sin, c = b1.cos + b2.cos;
        double mean = s * s / (s * s + c * c);
        dn = sqrt(1 + E2_SECOND * mean);
        omg = (struct angle){sin(lam12 / (F1 * dn)), cos(lam12 / (F1 * dn))};
    }
    double sin12a = b2.sin * b1.cos + b2.cos * b1.sin;
    double bend = b2.cos * b1.sin * omg.sin * omg.sin;
    struct angle alpha = {b2.cos * omg.sin, omg.cos >= 0 ? sin12 + bend / (1 + omg.cos)
                                                         : sin12a - bend / (1 - omg.cos)};
    double sine = hypot(alpha.sin, alpha.cos);
    if (is_short && sine < SHORT_RAD) {
        double cosine = b1.sin * b2.sin + b1.cos * b2.cos * omg.cos;
        *short_m = atan2(sine, cosine) * POLAR_M * dn;
        return alpha;
    }
    if (!(alpha.sin > 0)) return (struct angle){1, 0};
    return normalise(alpha);
}

// Newton's method for the azimuth at point 1, kept inside a bracket that shrinks each time (section 4).
static double general_m(const struct reduced *p1, const struct reduced *p2, double lam12,
                        struct angle lam) {
    double short_m = -1;
    struct angle alpha = first_azimuth(p1, p2, lam12, lam, &short_m);
    if (short_m >= 0) return short_m;

    struct angle low = {TINY, 1}, high = {TINY, -1};
    struct trial t = {0, 0, 0};
    bool close = false, narrow = false;
    for (int step = 0; step < STEPS_MAX; step++) {
        t = try_azimuth(p1, p2, alpha, lam);
        if (narrow || !(fabs(t.miss) >= (close ? 8 : 1) * DBL_EPSILON)) break;
        double cot = alpha.cos / alpha.sin;
        if (t.miss > 0 && cot > high.cos / high.sin) high = alpha;
        if (t.miss < 0 && cot < low.cos / low.sin) low = alpha;
        if (step < NEWTON_MAX && t.slope > 0) {
            double d = -t.miss / t.slope;
            struct angle next = {alpha.sin * cos(d) + alpha.cos * sin(d),
                                 alpha.cos * cos(d) - alpha.sin * sin(d)};
            if (next.sin > 0 && fabs(d) < M_PI) {
                alpha = normalise(next);
                close = fabs(t.miss) <= 16 * DBL_EPSILON;
                continue;
            }
        }
        alpha = normalise((struct angle){(low.sin + high.sin) / 2, (low.cos + high.cos) / 2});
        close = false;
        narrow = fabs(low.sin - alpha.sin) + (low.cos - alpha.cos) < DBL_EPSILON ||
                 fabs(alpha.sin - high.sin) + (alpha.cos - high.cos) < DBL_EPSILON;
    }
    return POLAR_M * t.length;
}

// --- the series, order 6: coefficients of eqs. (17), (18), (42), (43), (24), (25) ---

// Sum of c[k] sin(2 k x), k = 1 .. n, by Clenshaw's recurrence.
static double sine_series(struct angle x, const double *c, int n) {
    double twice = 2 * (x.cos - x.sin) * (x.cos + x.sin); // 2 cos 2x
    double y1 = 0, y2 = 0;
    for (int k = n; k >= 1; k--) {
        double y = c[k] + twice * y1 - y2;
        y2 = y1;
        y1 = y;
    }
    return 2 * x.sin * x.cos * y1;
}

static double a1_minus_1(double e) {
    double e2 = e * e;
    double t = e2 * (64 + e2 * (4 + e2)) / 256;
    return (t + e) / (1 - e);
}

static double a2_minus_1(double e) {
    double e2 = e * e;
    double t = -e2 * (192 + e2 * (28 + e2 * 11)) / 256;
    return (t - e) / (1 + e);
}

static void series_c1(double e, double c[7]) {
    double e2 = e * e, d = e;
    c[1] = d * (-16 + e2 * (6 - e2)) / 32;
    c[2] = (d *= e) * (-128 + e2 * (64 - 9 * e2)) / 2048;
    c[3] = (d *= e) * (-16 + 9 * e2) / 768;
    c[4] = (d *= e) * (-5 + 3 * e2) / 512;
    c[5] = (d *= e) * -7 / 1280;
    c[6] = d * e * -7 / 2048;
}

static void series_c2(double e, double c[7]) {
    double e2 = e * e, d = e;
    c[1] = d * (16 + e2 * (2 + e2)) / 32;
    c[2] = (d *= e) * (384 + e2 * (64 + 35 * e2)) / 2048;
    c[3] = (d *= e) * (80 + 15 * e2) / 768;
    c[4] = (d *= e) * (35 + 7 * e2) / 512;
    c[5] = (d *= e) * 63 / 1280;
    c[6] = d * e * 77 / 2048;
}

static double a3(double e) {
    const double k1 = 1.0 / 2 - N / 2, k2 = 1.0 / 4 + N / 8 - 3 * N * N / 8;
    const double k3 = 1.0 / 16 + 3 * N / 16 + N * N / 16, k4 = 3.0 / 64 + N / 32, k5 = 3.0 / 128;
    return 1 - e * (k1 + e * (k2 + e * (k3 + e * (k4 + e * k5))));
}

static void series_c3(double e, double c[6]) {
    const double n = N, n2 = N * N;
    double d = e;
    c[1] = d * ((1 - n) / 4 + e * ((1 - n2) / 8 + e * ((3 + 3 * n - n2) / 64 +
                                                       e * ((5 + 2 * n) / 128 + e * 3 / 128))));
    d *= e;
    c[2] = d * ((2 - 3 * n + n2) / 32 +
                e * ((3 - 2 * n - 3 * n2) / 64 + e * ((3 + n) / 128 + e * 5 / 256)));
    d *= e;
    c[3] = d * ((5 - 9 * n + 5 * n2) / 192 + e * ((9 - 10 * n) / 384 + e * 7 / 512));
    d *= e;
    c[4] = d * ((7 - 14 * n) / 512 + e * 7 / 512);
    c[5] = d * e * 21 / 2560;
}

// Eqs. (7), (15), (38), (40).
static struct lengths lengths(double eps, double sig12, struct angle sig1, double dn1,
                              struct angle sig2, double dn2) {
    double c1[7], c2[7];
    series_c1(eps, c1);
    series_c2(eps, c2);
    double a1 = a1_minus_1(eps), a2 = a2_minus_1(eps);
    double b1 = (1 + a1) * (sine_series(sig2, c1, 6) - sine_series(sig1, c1, 6));
    double b2 = (1 + a2) * (sine_series(sig2, c2, 6) - sine_series(sig1, c2, 6));
    double j12 = (a1 - a2) * sig12 + (b1 - b2);
    double m =
        dn2 * (sig1.cos * sig2.sin) - dn1 * (sig1.sin * sig2.cos) - sig1.cos * sig2.cos * j12;
    return (struct lengths){(1 + a1) * sig12 + b1, m};
}

// The azimuth at point 2, by Clairaut and eq. (45).
static struct angle azimuth_at_2(struct angle b1, struct angle b2, struct angle alpha1,
                                 double sin_alpha0) {
    if (b2.cos == b1.cos && fabs(b2.sin) == -b1.sin) {
        return (struct angle){alpha1.sin, fabs(alpha1.cos)};
    }
    double along = alpha1.cos * b1.cos;
    double rise = b1.cos < -b1.sin ? (b2.cos - b1.cos) * (b1.cos + b2.cos)
                                   : (b1.sin - b2.sin) * (b1.sin + b2.sin);
    double sine = b2.cos != b1.cos ? sin_alpha0 / b2.cos : alpha1.sin;
    return (struct angle){sine, sqrt(fmax(0, along * along + rise)) / b2.cos};
}

// Section 4: the hybrid problem, from a trial azimuth to the meridian of point 2.
static struct trial try_azimuth(const struct reduced *p1, const struct reduced *p2,
                                struct angle alpha1, struct angle lam) {
    struct angle b1 = p1->beta, b2 = p2->beta;
    if (b1.sin == 0 && alpha1.cos == 0) alpha1.cos = -TINY; // an equator is no geodesic to here
    struct angle alpha0 = {alpha1.sin * b1.cos, hypot(alpha1.cos, alpha1.sin * b1.sin)};
    struct angle alpha2 = azimuth_at_2(b1, b2, alpha1, alpha0.sin);
    struct angle omg1 = {alpha0.sin * b1.sin, alpha1.cos * b1.cos};
    struct angle omg2 = {alpha0.sin * b2.sin, alpha2.cos * b2.cos};
    struct angle sig1 = normalise((struct angle){b1.sin, omg1.cos});
    struct angle sig2 = normalise((struct angle){b2.sin, omg2.cos});
    double sig12 = atan2(fmax(0, sig1.cos * sig2.sin - sig1.sin * sig2.cos),
                         sig1.cos * sig2.cos + sig1.sin * sig2.sin);
    struct angle omg12 = {fmax(0, omg1.cos * omg2.sin - omg1.sin * omg2.cos),
                          omg1.cos * omg2.cos + omg1.sin * omg2.sin};
    double eta =
        atan2(omg12.sin * lam.cos - omg12.cos * lam.sin, omg12.cos * lam.cos + omg12.sin * lam.sin);
    double k2 = alpha0.cos * alpha0.cos * E2_SECOND;
    double eps = k2 / (2 * (1 + sqrt(1 + k2)) + k2);
    double c3[6];
    series_c3(eps, c3);
    double b312 = sine_series(sig2, c3, 5) - sine_series(sig1, c3, 5);
    struct lengths l = lengths(eps, sig12, sig1, p1->dn, sig2, p2->dn);
    struct trial t = {.miss = eta - F * a3(eps) * alpha0.sin * (sig12 + b312), .length = l.s};
    t.slope = alpha2.cos == 0 ? -2 * F1 * p1->dn / b1.sin : l.m * F1 / (alpha2.cos * b2.cos);
    return t;
}

static struct angle normalise(struct angle a) {
    double r = hypot(a.sin, a.cos);
    return (struct angle){a.sin / r, a.cos / r};
}

static double lon_difference(double from, double to) {
    double d = remainder(to - from, 360.0);
    return d;
}
