#include "geo/orient.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

// Whole numbers in units of some power of two: sign and magnitude, least limb first. A coordinate needs
// at most (20 + 1074) bits, a product of four differences at most 4 times that.
#define LIMBS 72

struct whole {
    int sign; // -1, 0, 1
    unsigned len;
    uint32_t limb[LIMBS * 2];
};

static int lowest_exponent(const struct point *points, int count);
static int low_bit_exponent(double v);
static void whole_from(struct whole *w, double v, int unit);
static void whole_sub(struct whole *out, const struct whole *a, const struct whole *b);
static void whole_mul(struct whole *out, const struct whole *a, const struct whole *b);
static int compare_magnitude(const struct whole *a, const struct whole *b);
static bool cross_by_parts(struct point a, struct point b, struct point c, struct point d,
                           int *sign);
static void cross_exact(struct whole *out, const struct point p[4], int unit);

int orient_cross(struct point a, struct point b, struct point c, struct point d) {
    double left = (b.lon - a.lon) * (d.lat - c.lat);
    double right = (b.lat - a.lat) * (d.lon - c.lon);
    double det = left - right;
    double bound = 3.3306690738754716e-16 * (fabs(left) + fabs(right));
    if (fabs(det) > bound && fabs(det) > 1e-290) return det > 0 ? 1 : -1;
    int sign;
    if (cross_by_parts(a, b, c, d, &sign)) return sign;
    struct point p[4] = {a, b, c, d};
    struct whole w;
    cross_exact(&w, p, lowest_exponent(p, 4));
    return w.sign;
}

// The line a -> b crosses p -> q at t = cross(p) / (cross(p) - cross(q)): compare |cross(p)| : |cross(q)|.
int orient_compare_crossings(struct point p, struct point q, struct point a1, struct point b1,
                             struct point a2, struct point b2) {
    struct point all[6] = {p, q, a1, b1, a2, b2};
    int unit = lowest_exponent(all, 6);
    struct whole p1, q1, p2, q2, left, right;
    cross_exact(&p1, (struct point[]){a1, b1, a1, p}, unit);
    cross_exact(&q1, (struct point[]){a1, b1, a1, q}, unit);
    cross_exact(&p2, (struct point[]){a2, b2, a2, p}, unit);
    cross_exact(&q2, (struct point[]){a2, b2, a2, q}, unit);
    assert(p1.sign * q1.sign < 0 && p2.sign * q2.sign < 0);
    whole_mul(&left, &p1, &q2);
    whole_mul(&right, &p2, &q1);
    return compare_magnitude(&left, &right);
}

// Differences of near neighbours are exact (Sterbenz); then two products with their rounding errors
// (by fused multiply-add) decide. False when a difference was rounded or a product may underflow.
static bool is_exact_difference(double a, double b, double difference) {
    double virtual_b = a - difference;
    double virtual_a = difference + virtual_b;
    return a - virtual_a == 0 && virtual_b - b == 0;
}

static bool is_product_safe(double x, double y) {
    double product = fabs(x * y);
    return x == 0 || y == 0 || product > 1e-200;
}

static bool cross_by_parts(struct point a, struct point b, struct point c, struct point d,
                           int *sign) {
    double x1 = b.lon - a.lon, y1 = b.lat - a.lat, x2 = d.lon - c.lon, y2 = d.lat - c.lat;
    if (!is_exact_difference(b.lon, a.lon, x1) || !is_exact_difference(b.lat, a.lat, y1) ||
        !is_exact_difference(d.lon, c.lon, x2) || !is_exact_difference(d.lat, c.lat, y2)) {
        return false;
    }
    if (!is_product_safe(x1, y2) || !is_product_safe(y1, x2)) return false;
    double left = x1 * y2, right = y1 * x2;
    double left_tail = fma(x1, y2, -left), right_tail = fma(y1, x2, -right);
    double difference = left != right ? left - right : left_tail - right_tail;
    if (left != right) {
        // Neighbouring doubles with opposing tails: let the tails speak when they could.
        double tails = left_tail - right_tail;
        if (fabs(difference) <= 4 * fabs(tails)) return false;
    }
    *sign = difference > 0 ? 1 : difference < 0 ? -1 : 0;
    return true;
}

static void cross_exact(struct whole *out, const struct point p[4], int unit) {
    struct whole u, v, x, y, left, right;
    whole_from(&u, p[1].lon, unit);
    whole_from(&v, p[0].lon, unit);
    whole_sub(&x, &u, &v);
    whole_from(&u, p[3].lat, unit);
    whole_from(&v, p[2].lat, unit);
    whole_sub(&y, &u, &v);
    whole_mul(&left, &x, &y);
    whole_from(&u, p[1].lat, unit);
    whole_from(&v, p[0].lat, unit);
    whole_sub(&x, &u, &v);
    whole_from(&u, p[3].lon, unit);
    whole_from(&v, p[2].lon, unit);
    whole_sub(&y, &u, &v);
    whole_mul(&right, &x, &y);
    whole_sub(out, &left, &right);
}

// Exponent of the lowest set bit of all coordinates: the unit in which all are whole.
static int lowest_exponent(const struct point *points, int count) {
    int lowest = 0;
    for (int i = 0; i < count; i++) {
        int x = low_bit_exponent(points[i].lon), y = low_bit_exponent(points[i].lat);
        if (x < lowest) lowest = x;
        if (y < lowest) lowest = y;
    }
    return lowest;
}

// |v| = odd * 2^exponent, for v that is not 0.
static uint64_t odd_part(double v, int *exponent) {
    double fraction = frexp(v, exponent); // 0.5 <= |fraction| < 1
    uint64_t mantissa = (uint64_t)ldexp(fabs(fraction), 53);
    int zeros = __builtin_ctzll(mantissa);
    *exponent += zeros - 53;
    return mantissa >> zeros;
}

static int low_bit_exponent(double v) {
    int exponent = 0;
    if (v != 0) (void)odd_part(v, &exponent);
    return exponent;
}

static void trim(struct whole *w) {
    while (w->len > 0 && w->limb[w->len - 1] == 0) {
        w->len--;
    }
    if (w->len == 0) w->sign = 0;
}

static void whole_from(struct whole *w, double v, int unit) {
    w->len = 0;
    w->sign = v > 0 ? 1 : v < 0 ? -1 : 0;
    if (v == 0) return;
    int low;
    uint64_t odd = odd_part(v, &low);
    assert(low >= unit);
    unsigned shift = (unsigned)(low - unit);
    memset(w->limb, 0, (shift / 32 + 3) * sizeof w->limb[0]);
    unsigned bits = shift % 32;
    unsigned __int128 moved = (unsigned __int128)odd << bits;
    for (unsigned i = 0; i < 3; i++) {
        w->limb[shift / 32 + i] = (uint32_t)(moved >> (32 * i));
    }
    w->len = shift / 32 + 3;
    trim(w);
}

static int compare_magnitude(const struct whole *a, const struct whole *b) {
    if (a->len != b->len) return a->len < b->len ? -1 : 1;
    for (unsigned i = a->len; i-- > 0;) {
        if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
    }
    return 0;
}

static void add_magnitude(struct whole *out, const struct whole *a, const struct whole *b) {
    unsigned len = a->len > b->len ? a->len : b->len;
    uint64_t carry = 0;
    for (unsigned i = 0; i < len; i++) {
        carry += (uint64_t)(i < a->len ? a->limb[i] : 0) + (i < b->len ? b->limb[i] : 0);
        out->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    out->limb[len] = (uint32_t)carry;
    out->len = len + 1;
}

// |a| >= |b|.
static void sub_magnitude(struct whole *out, const struct whole *a, const struct whole *b) {
    int64_t borrow = 0;
    for (unsigned i = 0; i < a->len; i++) {
        int64_t d = (int64_t)a->limb[i] - (i < b->len ? b->limb[i] : 0) + borrow;
        out->limb[i] = (uint32_t)d;
        borrow = d < 0 ? -1 : 0;
    }
    out->len = a->len;
}

static void whole_sub(struct whole *out, const struct whole *a, const struct whole *b) {
    if (a->sign != b->sign && a->sign != 0 && b->sign != 0) {
        out->sign = a->sign;
        add_magnitude(out, a, b);
    } else if (compare_magnitude(a, b) >= 0) {
        out->sign = a->sign;
        sub_magnitude(out, a, b);
    } else {
        out->sign = -b->sign;
        sub_magnitude(out, b, a);
    }
    trim(out);
}

static void whole_mul(struct whole *out, const struct whole *a, const struct whole *b) {
    out->sign = a->sign * b->sign;
    out->len = a->len + b->len;
    assert(out->len <= LIMBS * 2);
    memset(out->limb, 0, out->len * sizeof out->limb[0]);
    for (unsigned i = 0; i < a->len; i++) {
        uint64_t carry = 0;
        for (unsigned j = 0; j < b->len; j++) {
            carry += (uint64_t)a->limb[i] * b->limb[j] + out->limb[i + j];
            out->limb[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        out->limb[i + b->len] = (uint32_t)carry;
    }
    trim(out);
}
