// geo_referee.h - a slow, independent judge of predicates on small whole numbers.
//
// On a grid of whole numbers 0..16 everything that does not touch is further apart than 1e-6, so plain
// doubles with a tolerance between rounding (1e-14) and that are as good as exact. Edges are cut at every
// crossing, and the middle of each piece, and both sides of it, are asked one by one.

#ifndef TESTS_PROPERTY_GEO_REFEREE_H
#define TESTS_PROPERTY_GEO_REFEREE_H

#include <math.h>
#include <stdlib.h>

#include "geo_shapes.h"

#define REFEREE_ON 1e-10  // nearer than this is on it
#define REFEREE_SIDE 1e-8 // a step to the side of an edge
#define REFEREE_CUTS 4096

struct figure {
    const struct draft *drafts; // the members; one for a plain geometry
    size_t count;
};

struct figure_edge {
    struct point a, b;
};

static inline bool draft_is_area(const struct draft *d) {
    return d->type == GEOMETRY_POLYGON || d->type == GEOMETRY_MULTIPOLYGON;
}
static inline bool draft_is_points(const struct draft *d) {
    return d->type == GEOMETRY_POINT || d->type == GEOMETRY_MULTIPOINT;
}

/// All edges of a draft; returns how many.
static inline size_t draft_edges(const struct draft *d, struct figure_edge *out) {
    size_t n = 0, i = 0;
    if (draft_is_points(d)) return 0;
    for (size_t part = 0; part < d->parts; part++, i++) {
        for (; i + 1 < d->ends[part]; i++) {
            out[n++] = (struct figure_edge){d->points[i], d->points[i + 1]};
        }
    }
    return n;
}

static inline double distance_to_edge(struct point p, const struct figure_edge *e) {
    double dx = e->b.lon - e->a.lon, dy = e->b.lat - e->a.lat, square = dx * dx + dy * dy;
    double t = square > 0 ? ((p.lon - e->a.lon) * dx + (p.lat - e->a.lat) * dy) / square : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return hypot(p.lon - e->a.lon - t * dx, p.lat - e->a.lat - t * dy);
}

/// Even-odd by crossing a ray to the east.
static inline bool draft_is_odd(const struct draft *d, struct point p) {
    struct figure_edge edges[SHAPE_MAX_POINTS];
    size_t n = draft_edges(d, edges);
    bool odd = false;
    for (size_t i = 0; i < n; i++) {
        struct point a = edges[i].a, b = edges[i].b;
        if ((a.lat > p.lat) == (b.lat > p.lat)) continue;
        double x = a.lon + (p.lat - a.lat) / (b.lat - a.lat) * (b.lon - a.lon);
        if (x > p.lon) odd = !odd;
    }
    return odd;
}

static inline bool figure_is_on(const struct figure *f, struct point p) {
    struct figure_edge edges[SHAPE_MAX_POINTS];
    for (size_t i = 0; i < f->count; i++) {
        const struct draft *d = &f->drafts[i];
        for (size_t k = 0; draft_is_points(d) && k < d->count; k++) {
            if (hypot(p.lon - d->points[k].lon, p.lat - d->points[k].lat) < REFEREE_ON) return true;
        }
        size_t n = draft_edges(d, edges);
        for (size_t k = 0; k < n; k++) {
            if (distance_to_edge(p, &edges[k]) < REFEREE_ON) return true;
        }
    }
    return false;
}

static inline bool figure_is_odd(const struct figure *f, struct point p) {
    for (size_t i = 0; i < f->count; i++) {
        if (draft_is_area(&f->drafts[i]) && draft_is_odd(&f->drafts[i], p)) return true;
    }
    return false;
}

static inline bool figure_holds(const struct figure *f, struct point p) {
    return figure_is_on(f, p) || figure_is_odd(f, p);
}

static inline int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/// Where the edges of `f` cut `s`, as shares of its length, with 0 and 1; sorted.
static inline size_t figure_cuts(const struct figure *f, const struct figure_edge *s, double *out,
                                 size_t n) {
    struct figure_edge edges[SHAPE_MAX_POINTS];
    double dx = s->b.lon - s->a.lon, dy = s->b.lat - s->a.lat;
    for (size_t i = 0; i < f->count; i++) {
        size_t m = draft_edges(&f->drafts[i], edges);
        for (size_t k = 0; k < m; k++) {
            struct point c = edges[k].a, d = edges[k].b;
            double ex = d.lon - c.lon, ey = d.lat - c.lat, cross = dx * ey - dy * ex;
            if (cross != 0) {
                out[n++] = ((c.lon - s->a.lon) * ey - (c.lat - s->a.lat) * ex) / cross;
            } else {
                double square = dx * dx + dy * dy;
                out[n++] = ((c.lon - s->a.lon) * dx + (c.lat - s->a.lat) * dy) / square;
                out[n++] = ((d.lon - s->a.lon) * dx + (d.lat - s->a.lat) * dy) / square;
            }
        }
    }
    return n;
}

/// Asks `judge` at the middle of each piece into which both figures cut `s`.
static inline bool for_pieces(const struct figure *f, const struct figure *g,
                              const struct figure_edge *s,
                              bool (*judge)(const struct figure *f, const struct figure *g,
                                            struct point mid, struct point side)) {
    static double cuts[REFEREE_CUTS];
    double dx = s->b.lon - s->a.lon, dy = s->b.lat - s->a.lat, length = hypot(dx, dy);
    if (length == 0) return judge(f, g, s->a, (struct point){0, 0});
    size_t n = 0;
    cuts[n++] = 0;
    cuts[n++] = 1;
    n = figure_cuts(f, s, cuts, n);
    n = figure_cuts(g, s, cuts, n);
    qsort(cuts, n, sizeof cuts[0], compare_doubles);
    struct point side = {-dy / length * REFEREE_SIDE, dx / length * REFEREE_SIDE};
    for (size_t i = 0; i + 1 < n; i++) {
        if (cuts[i] < -1e-9 || cuts[i + 1] > 1 + 1e-9 || cuts[i + 1] - cuts[i] < 1e-9) continue;
        double t = (cuts[i] + cuts[i + 1]) / 2;
        struct point mid = {s->a.lon + t * dx, s->a.lat + t * dy};
        if (!judge(f, g, mid, side)) return false;
    }
    return true;
}

static inline bool judge_on(const struct figure *a, const struct figure *b, struct point mid,
                            struct point side) {
    (void)a;
    (void)side;
    return figure_holds(b, mid);
}

static inline bool judge_sides(const struct figure *a, const struct figure *b, struct point mid,
                               struct point side) {
    if (side.lon == 0 && side.lat == 0) return true;
    struct point left = {mid.lon + side.lon, mid.lat + side.lat};
    struct point right = {mid.lon - side.lon, mid.lat - side.lat};
    return (!figure_is_odd(a, left) || figure_is_odd(b, left)) &&
           (!figure_is_odd(a, right) || figure_is_odd(b, right));
}

static inline bool for_edges(const struct figure *a, const struct figure *b,
                             const struct figure *of,
                             bool (*judge)(const struct figure *f, const struct figure *g,
                                           struct point mid, struct point side)) {
    struct figure_edge edges[SHAPE_MAX_POINTS];
    for (size_t i = 0; i < of->count; i++) {
        size_t n = draft_edges(&of->drafts[i], edges);
        for (size_t k = 0; k < n; k++) {
            if (!for_pieces(a, b, &edges[k], judge)) return false;
        }
    }
    return true;
}

static inline bool referee_within(const struct figure *a, const struct figure *b) {
    for (size_t i = 0; i < a->count; i++) {
        const struct draft *d = &a->drafts[i];
        for (size_t k = 0; k < d->count; k++) {
            if (!figure_holds(b, d->points[k])) return false;
        }
    }
    return for_edges(a, b, a, judge_on) && for_edges(a, b, a, judge_sides) &&
           for_edges(a, b, b, judge_sides);
}

static inline bool judge_apart(const struct figure *a, const struct figure *b, struct point mid,
                               struct point side) {
    (void)b;
    (void)side;
    return !figure_holds(a, mid);
}

/// Some vertex, crossing or piece of one lies in the other.
static inline bool referee_intersects(const struct figure *a, const struct figure *b) {
    static double cuts[REFEREE_CUTS];
    struct figure_edge edges[SHAPE_MAX_POINTS];
    const struct figure *both[2] = {a, b};
    for (int side = 0; side < 2; side++) {
        const struct figure *x = both[side], *y = both[1 - side];
        for (size_t i = 0; i < x->count; i++) {
            const struct draft *d = &x->drafts[i];
            for (size_t k = 0; k < d->count; k++) {
                if (figure_holds(y, d->points[k])) return true;
            }
            size_t n = draft_edges(d, edges);
            for (size_t k = 0; k < n; k++) {
                const struct figure_edge *e = &edges[k];
                if (e->a.lon == e->b.lon && e->a.lat == e->b.lat) continue;
                size_t m = figure_cuts(y, e, cuts, 0);
                for (size_t c = 0; c < m; c++) {
                    if (cuts[c] < 0 || cuts[c] > 1) continue;
                    struct point p = {e->a.lon + cuts[c] * (e->b.lon - e->a.lon),
                                      e->a.lat + cuts[c] * (e->b.lat - e->a.lat)};
                    if (figure_holds(y, p)) return true;
                }
                if (!for_pieces(y, x, e, judge_apart)) return true;
            }
        }
    }
    return false;
}

#endif
